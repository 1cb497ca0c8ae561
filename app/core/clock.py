"""The one clock that deadlines, ages and horizons read: monotonic in real time, simulated in lock-step."""

from __future__ import annotations

import time
from typing import Protocol

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000


class Clock(Protocol):
    """Anything that tells the session time."""

    def now_ns(self) -> int:
        """Return the session time in nanoseconds; never decreases."""
        ...


class MonotonicClock:
    """The machine's monotonic clock (CLOCK_MONOTONIC): the same in every process of one machine."""

    def now_ns(self) -> int:
        """Return nanoseconds of CLOCK_MONOTONIC."""
        return time.monotonic_ns()


class ManualClock:
    """A clock that its owner sets: the simulated time of a lock-step run, and of tests."""

    def __init__(self, now_ns: int = 0) -> None:
        self._now_ns = now_ns

    def now_ns(self) -> int:
        """Return the last time that was set, in nanoseconds."""
        return self._now_ns

    def set_ns(self, now_ns: int) -> None:
        """Set the time in nanoseconds.

        Raises:
            ValueError: If the time would go back.
        """
        if now_ns < self._now_ns:
            raise ValueError(f"the clock would go back from {self._now_ns} to {now_ns} ns")
        self._now_ns = now_ns
