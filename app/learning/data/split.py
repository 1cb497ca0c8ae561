"""Which episodes are trained on and which are held out. Whole episodes, because windows of one overlap."""

from __future__ import annotations

import torch

from app.learning.chance import generator_for

HELD_OUT_SHARE = 0.1
FEWEST_TO_SPLIT = 4


def held_out(episodes: int, seed: int) -> frozenset[int]:
    """Return the numbers of the held-out episodes: a tenth, at least one; none of fewer than four."""
    if episodes < FEWEST_TO_SPLIT:
        return frozenset()
    order = torch.randperm(episodes, generator=generator_for(seed, "split")).tolist()
    return frozenset(order[: max(1, round(HELD_OUT_SHARE * episodes))])
