"""Intervals for scores, as reported everywhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

RESAMPLES = 10_000


def bootstrap_interval(
    values: Sequence[float], confidence: float = 0.95, seed: int = 0
) -> tuple[float, float, float]:
    """Return mean, low and high of the percentile bootstrap of the mean (Efron 1979), seeded.

    Args:
        values: One score per episode; empty gives zeros.
    """
    scores = np.asarray(values, dtype=np.float64)
    if scores.size == 0:
        return 0.0, 0.0, 0.0
    picks = np.random.default_rng(seed).integers(0, scores.size, (RESAMPLES, scores.size))
    tail = 50.0 * (1.0 - confidence)
    low, high = np.percentile(scores[picks].mean(axis=1), [tail, 100.0 - tail])
    return float(scores.mean()), float(low), float(high)
