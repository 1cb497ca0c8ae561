"""Curves small enough to draw: per column the least and the largest value of each of n equal stretches of time.

No peak is lost, however few points are asked for. Used by the reader role.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MAX_POINTS = 20_000


@dataclass(frozen=True)
class Envelope:
    """A curve between two bounds.

    Attributes:
        t_ns: Session time of each point (n,): the first sample in its stretch.
        low: Least values (n, columns), float32.
        high: Largest values (n, columns), float32.
    """

    t_ns: np.ndarray
    low: np.ndarray
    high: np.ndarray


def envelope(t_ns: np.ndarray, values: np.ndarray, points: int) -> Envelope:
    """Return at most `points` points of a curve; all samples as they are when there are no more than that.

    Args:
        t_ns: Session times (n,), not decreasing.
        values: Samples (n, columns).
        points: Largest number of points; 1 to `MAX_POINTS`.
    """
    points = min(max(1, points), MAX_POINTS)
    values = values.astype(np.float32)
    if len(t_ns) <= points:
        return Envelope(t_ns, values, values)
    edges = np.linspace(float(t_ns[0]), float(t_ns[-1]) + 1.0, points + 1)[:-1]
    starts = np.unique(np.searchsorted(t_ns, edges))
    starts = starts[starts < len(t_ns)]
    low = np.minimum.reduceat(values, starts, axis=0)
    high = np.maximum.reduceat(values, starts, axis=0)
    return Envelope(t_ns[starts], low, high)


def thin(t_ns: np.ndarray, values: np.ndarray, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Return at most `points` samples, evenly taken, the first and the last among them."""
    if len(t_ns) <= points:
        return t_ns, values
    index = np.linspace(0, len(t_ns) - 1, points).round().astype(int)
    return t_ns[index], values[index]
