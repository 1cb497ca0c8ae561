"""Samples at native rates onto one grid. Used by `recorders.exchange.gridding`, and by nobody who trains.

Each function returns the values at the grid times and the largest time shift in nanoseconds.
"""

from __future__ import annotations

import numpy as np

PARALLEL = 1.0 - 1e-9  # of the dot product: closer quaternions are one rotation


def newest_index(times_ns: np.ndarray, grid_ns: np.ndarray) -> np.ndarray:
    """Return the index of the newest sample at or before each grid time; the first sample stands in before it."""
    return np.maximum(np.searchsorted(times_ns, grid_ns, side="right") - 1, 0)


def nearest_index(times_ns: np.ndarray, grid_ns: np.ndarray) -> np.ndarray:
    """Return the index of the sample nearest in time, the earlier of two equally near."""
    after = np.clip(np.searchsorted(times_ns, grid_ns), 0, len(times_ns) - 1)
    before = np.maximum(after - 1, 0)
    return np.where(grid_ns - times_ns[before] <= np.abs(times_ns[after] - grid_ns), before, after)


def shift_ns(times_ns: np.ndarray, grid_ns: np.ndarray, index: np.ndarray) -> int:
    """Return the largest distance in time between a grid time and the sample that stands there."""
    return int(np.abs(times_ns[index] - grid_ns).max(initial=0))


def newest(times_ns: np.ndarray, data: np.ndarray, grid_ns: np.ndarray) -> tuple[np.ndarray, int]:
    """Zero-order hold: what was known last, (T, ...)."""
    index = newest_index(times_ns, grid_ns)
    return data[index], shift_ns(times_ns, grid_ns, index)


def linear(times_ns: np.ndarray, data: np.ndarray, grid_ns: np.ndarray) -> tuple[np.ndarray, int]:
    """Linear interpolation of each value, (T, D) in the type of `data` (N, D); beyond the ends the end stands."""
    first, second, share = _brackets(times_ns, grid_ns)
    wide = data.astype(np.float64)
    mixed = wide[first] + (wide[second] - wide[first]) * share[:, None]
    return mixed.astype(data.dtype), shift_ns(times_ns, grid_ns, nearest_index(times_ns, grid_ns))


def pose(times_ns: np.ndarray, data: np.ndarray, grid_ns: np.ndarray) -> tuple[np.ndarray, int]:
    """Interpolate poses (N, 7), x y z and quaternion w x y z: linear, and spherical the shorter way round."""
    position, shift = linear(times_ns, data[:, :3], grid_ns)
    first, second, share = _brackets(times_ns, grid_ns)
    turned = slerp(data[first, 3:7].astype(np.float64), data[second, 3:7].astype(np.float64), share)
    return np.concatenate([position, turned.astype(data.dtype)], axis=1), shift


def slerp(a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return the rotations at `share` (T,) of the way from `a` to `b`, unit quaternions (T, 4).

    sin((1 − s)ω)/sin ω · a + sin(sω)/sin ω · b with cos ω = a·b (Shoemake 1985); linear where they nearly agree.
    """
    dot = np.sum(a * b, axis=1)
    b = np.where(dot[:, None] < 0.0, -b, b)
    dot = np.minimum(np.abs(dot), 1.0)
    omega = np.arccos(dot)
    sine = np.where(dot > PARALLEL, 1.0, np.sin(omega))
    weight_a = np.where(dot > PARALLEL, 1.0 - share, np.sin((1.0 - share) * omega) / sine)
    weight_b = np.where(dot > PARALLEL, share, np.sin(share * omega) / sine)
    mixed = weight_a[:, None] * a + weight_b[:, None] * b
    length = np.linalg.norm(mixed, axis=1, keepdims=True)
    return mixed / np.where(length > 0.0, length, 1.0)


def _brackets(times_ns: np.ndarray, grid_ns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the samples before and after each grid time, and where between them it lies, 0..1."""
    first = newest_index(times_ns, grid_ns)
    second = np.minimum(first + 1, len(times_ns) - 1)
    span = (times_ns[second] - times_ns[first]).astype(np.float64)
    into = (grid_ns - times_ns[first]).astype(np.float64)
    share = np.where(span > 0.0, into / np.where(span > 0.0, span, 1.0), 0.0)
    return first, second, np.clip(share, 0.0, 1.0)
