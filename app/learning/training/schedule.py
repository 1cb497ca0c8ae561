"""Learning rate over a stage: linear warm-up, then half a cosine down to a floor."""

from __future__ import annotations

import math


def learning_rate_factor(step: int, steps: int, warmup: int, floor: float) -> float:
    """Return the factor on the peak rate at `step` (from 0) of a stage of `steps`.

    Args:
        warmup: Steps of the linear rise; at most a tenth of the stage is spent on it.
        floor: Factor at the end.
    """
    rise = min(warmup, max(1, steps // 10))
    if step < rise:
        return (step + 1) / rise
    share = min(1.0, (step - rise) / max(1, steps - rise))
    return floor + (1.0 - floor) * 0.5 * (1.0 + math.cos(math.pi * share))
