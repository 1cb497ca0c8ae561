"""Bounded store of one scalar stream between the I/O thread and the window: drained whole, overflow counted."""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.int64]
Samples = npt.NDArray[np.float64]


class Ring:
    """Samples of one signal in the order they came, at most `capacity` of them.

    Args:
        columns: Numbers per sample.
        capacity: How many samples are kept while nobody drains; the oldest go first and are counted.
    """

    def __init__(self, columns: int, capacity: int = 4096) -> None:
        self.columns = columns
        self.capacity = capacity
        self.overflow = 0
        self._lock = threading.Lock()
        self._times = np.full(capacity, 0, dtype=np.int64)  # full, not zeros: all its memory is taken now
        self._data = np.full((capacity, columns), 0.0, dtype=np.float64)
        self._start = 0
        self._length = 0

    def push(self, times: Times, data: Samples) -> None:
        """Append samples; `times` (n,) in nanoseconds, `data` (n, columns)."""
        count = len(times)
        if count > self.capacity:
            self.overflow += count - self.capacity
            times, data, count = times[-self.capacity :], data[-self.capacity :], self.capacity
        with self._lock:
            lost = max(0, self._length + count - self.capacity)
            self.overflow += lost
            self._start = (self._start + lost) % self.capacity
            self._length -= lost
            where = (self._start + self._length + np.arange(count)) % self.capacity
            self._times[where] = times
            self._data[where] = data
            self._length += count

    def drain(self) -> tuple[Times, Samples]:
        """Return and remove everything: times (n,) and samples (n, columns), oldest first, as copies."""
        with self._lock:
            where = (self._start + np.arange(self._length)) % self.capacity
            times, data = self._times[where], self._data[where]
            self._start = (self._start + self._length) % self.capacity
            self._length = 0
        return times, data
