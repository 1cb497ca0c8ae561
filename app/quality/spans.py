"""Stretches of time in which something holds. Used by all measures."""

from __future__ import annotations

import numpy as np

from app.core.clock import NS_PER_S


def runs(holds: np.ndarray) -> np.ndarray:
    """Return the runs of true values as (n, 2): first index, index after the last."""
    padded = np.concatenate([[False], np.asarray(holds, dtype=bool), [False]])
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    return edges.reshape(-1, 2)


def weights_s(t_ns: np.ndarray, end_ns: int) -> np.ndarray:
    """Return for how long each sample stands (n,), in seconds: to the next one, the last one to the end.

    A gap counts as no more than five usual periods: what was not recorded is not known.
    """
    if len(t_ns) == 0:
        return np.zeros(0)
    steps = np.diff(np.append(t_ns, max(end_ns, int(t_ns[-1])))) / NS_PER_S
    usual = float(np.median(steps[:-1])) if len(steps) > 1 else 0.0
    return np.minimum(steps, 5.0 * usual) if usual > 0.0 else steps


def hysteresis(values: np.ndarray, on: float, off: float) -> np.ndarray:
    """Return where a value is high (n,): from where it exceeds `on` until it falls to `off` or below."""
    marks = np.where(values > on, 1, np.where(values <= off, 0, -1))
    known = np.where(marks >= 0, np.arange(len(marks)), -1)
    last = np.maximum.accumulate(known) if len(known) else known
    return np.where(last >= 0, marks[np.maximum(last, 0)], 0).astype(bool)


def span_of(t_ns: np.ndarray, run: np.ndarray) -> tuple[int, int]:
    """Return the session times of a run of samples: of its first and of its last."""
    return int(t_ns[run[0]]), int(t_ns[run[1] - 1])


def longest(t_ns: np.ndarray, found: np.ndarray) -> tuple[int, int]:
    """Return the session times of the longest of some runs (at least one)."""
    lengths = t_ns[found[:, 1] - 1] - t_ns[found[:, 0]]
    return span_of(t_ns, found[int(np.argmax(lengths))])
