"""Which episodes are trained on and which are held out.

Whole families, because windows of one episode overlap and an augmented episode repeats its parent.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch

from app.learning.chance import generator_for

HELD_OUT_SHARE = 0.1
FEWEST_TO_SPLIT = 4


def held_out(families: Iterable[str], seed: int) -> frozenset[str]:
    """Return the families that are held out: a tenth of them, at least one; none of fewer than four."""
    names = list(dict.fromkeys(families))
    if len(names) < FEWEST_TO_SPLIT:
        return frozenset()
    order = torch.randperm(len(names), generator=generator_for(seed, "split")).tolist()
    return frozenset(names[index] for index in order[: max(1, round(HELD_OUT_SHARE * len(names)))])
