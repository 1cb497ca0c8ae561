"""The last seconds of one scalar stream as the window keeps them, ready to be drawn. Qt thread only."""

from __future__ import annotations

import numpy as np

from widgets.bridge.ring import Samples, Times


class History:
    """The newest samples of one signal, always contiguous in memory.

    Twice the room is kept; when it is full, the newest half moves to the front. Reading is a slice.

    Args:
        columns: Numbers per sample.
        keep: How many samples are kept at least.
    """

    def __init__(self, columns: int, keep: int = 16384) -> None:
        self.columns = columns
        self._keep = keep
        # full, not zeros: its pages are there from the start, so that a slow stream adds no memory for half an hour
        self._times = np.full(2 * keep, 0, dtype=np.int64)
        self._data = np.full((2 * keep, columns), 0.0, dtype=np.float64)
        self._end = 0
        self.total = 0

    def append(self, times: Times, data: Samples) -> None:
        """Add samples: times (n,) in nanoseconds, data (n, columns)."""
        self.total += len(times)
        times, data = times[-self._keep :], data[-self._keep :]
        count = len(times)
        if self._end + count > 2 * self._keep:
            held = min(self._end, self._keep)
            self._times[:held] = self._times[self._end - held : self._end]
            self._data[:held] = self._data[self._end - held : self._end]
            self._end = held
        self._times[self._end : self._end + count] = times
        self._data[self._end : self._end + count] = data
        self._end += count

    def window(self, since_ns: int) -> tuple[Times, Samples]:
        """Return views of the samples that are newer than `since_ns`; valid until the next append."""
        start = int(np.searchsorted(self._times[: self._end], since_ns, side="right"))
        return self._times[start : self._end], self._data[start : self._end]

    @property
    def last_ns(self) -> int:
        """Time of the newest sample, 0 if there is none."""
        return int(self._times[self._end - 1]) if self._end else 0

    @property
    def last(self) -> Samples | None:
        """The newest sample (columns,), None if there is none. A copy."""
        return self._data[self._end - 1].copy() if self._end else None

    def clear(self) -> None:
        """Forget everything."""
        self._end = 0
        self.total = 0
