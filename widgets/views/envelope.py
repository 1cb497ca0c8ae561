"""Many samples to few columns without losing a peak: the minimum and the maximum of each column. No Qt in here."""

from __future__ import annotations

import numpy as np


def envelope(times_s: np.ndarray, values: np.ndarray, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a polyline with at most two points per column that shows every extreme of the curve.

    Args:
        times_s: Ascending times (n,), seconds.
        values: Values (n,).
        columns: Number of columns (about the width in pixels).

    Returns:
        x and y of the polyline. Few samples come back as they are.
    """
    count = len(values)
    if count <= 2 * columns:
        return times_s, values
    edges = np.linspace(0, count, columns + 1).astype(int)
    starts, lasts = edges[:-1], edges[1:] - 1
    low, high = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    rising = values[starts] <= values[lasts]
    x = np.repeat(times_s[starts], 2)
    y = np.empty(2 * columns)
    y[0::2] = np.where(rising, low, high)
    y[1::2] = np.where(rising, high, low)
    return x, y


STEPS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0)


def nice_limit(largest: float, present: float) -> float:
    """Return the half-height of an axis for values up to `largest`: a round step, shrunk only when far too large."""
    needed = next((step for step in STEPS if largest <= step), STEPS[-1])
    return needed if needed > present or needed * 2.4 < present else present
