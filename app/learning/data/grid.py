"""Native-rate samples onto one grid, looking only backwards in time. Used to build data sets, and by their tests.

The rules are the ones that a running policy can follow: at grid time t it knows the samples stamped t or earlier.
"""

from __future__ import annotations

import numpy as np


def grid_times(start_ns: int, end_ns: int, anchor_ns: int, period_ns: int) -> np.ndarray:
    """Return int64 grid times in [start, end] that lie whole periods from `anchor_ns` (a control tick)."""
    first = anchor_ns + -(-(start_ns - anchor_ns) // period_ns) * period_ns
    return np.arange(first, end_ns + 1, period_ns, dtype=np.int64)


def newest_index(times_ns: np.ndarray, grid_ns: np.ndarray) -> np.ndarray:
    """Return for each grid time the index of the newest sample at or before it; −1 where there is none yet."""
    return np.searchsorted(times_ns, grid_ns, side="right") - 1


def newest(times_ns: np.ndarray, data: np.ndarray, grid_ns: np.ndarray) -> np.ndarray:
    """Return for each grid time the newest sample; before the first sample that one stands in."""
    return data[np.maximum(newest_index(times_ns, grid_ns), 0)]


def window_mean(times_ns: np.ndarray, data: np.ndarray, grid_ns: np.ndarray, span_ns: int) -> np.ndarray:
    """Return for each grid time t the mean of the samples stamped in (t − span, t]; the newest one if none are.

    Args:
        times_ns: Sample times (N,), rising.
        data: Samples (N, D).
    """
    last = newest_index(times_ns, grid_ns) + 1
    first = np.searchsorted(times_ns, grid_ns - span_ns, side="right")
    total = np.concatenate([np.zeros((1, data.shape[1])), np.cumsum(data, axis=0, dtype=np.float64)])
    count = last - first
    mean = (total[last] - total[np.minimum(first, last)]) / np.maximum(count, 1)[:, None]
    return np.where((count > 0)[:, None], mean, newest(times_ns, data, grid_ns))


def newest_before(times_ns: np.ndarray, data: np.ndarray, grid_ns: np.ndarray) -> np.ndarray:
    """Return for each grid time t the newest sample stamped before t: what was commanded at t answers t, not before."""
    return newest(times_ns, data, grid_ns - 1)
