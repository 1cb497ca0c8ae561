"""Random numbers of a training run. Each step has its own generator, so a resumed run needs no generator's state."""

from __future__ import annotations

import torch

_STAGES = {"tokenizer": 1, "planner": 2, "split": 3, "weights": 4, "validation": 5}


def generator_for(seed: int, purpose: str, step: int = 0) -> torch.Generator:
    """Return the generator of one step of one purpose.

    The three numbers are mixed by the finaliser of SplitMix64 (Steele et al. 2014), so that neighbours are unrelated.
    """
    word = (seed * 0x9E3779B97F4A7C15 + _STAGES[purpose] * 0xD1B54A32D192ED03 + step) & 0xFFFFFFFFFFFFFFFF
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return torch.Generator().manual_seed((word ^ (word >> 31)) & 0x7FFFFFFFFFFFFFFF)
