"""The one clock that deadlines, ages and horizons read: monotonic in real time, simulated in lock-step."""

from __future__ import annotations

import time
from collections import deque
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


DRIFT = 200e-6  # of one clock against another: two quartz clocks of ±100 ppm each
KEPT = 32  # timed exchanges


class ClockMap:
    """From this machine's monotonic clock to the session clock of a device server, which may be another machine's.

    Each timed exchange proves an interval: the answer was written between the question and its arrival, so the offset
    (session − local) lies between `session − received` and `session − sent`. The offset lies in all intervals, each
    widened by what the clocks may have drifted since the question; the middle of what they share is taken (K. Marzullo,
    "Maintaining the Time in a Distributed System", 1984). Quick exchanges bound it most, late ones do no harm. While
    the intervals allow an offset of 0, both clocks are taken to be one and the same.

    Owned by one thread.
    """

    def __init__(self) -> None:
        self._exchanges: deque[tuple[int, int, int]] = deque(maxlen=KEPT)
        self._newest_ns = 0
        self.offset_ns = 0
        self.bound_ns: int | None = None  # how far the offset may be off; None before the first exchange

    def note(self, sent_ns: int, session_ns: int, received_ns: int) -> None:
        """Take in one exchange: the local times of question and answer, and the session time that it told."""
        if received_ns < sent_ns:
            return  # no exchange: this clock does not go back
        self._exchanges.append((sent_ns, session_ns, received_ns))
        low, high = self._shared(received_ns)
        if low > high:  # a clock was set or stood still (suspended): what was learned before is void
            self._exchanges = deque([(sent_ns, session_ns, received_ns)], maxlen=KEPT)
            low, high = self._shared(received_ns)
        self.offset_ns = 0 if low <= 0 <= high else (low + high) // 2
        self.bound_ns = (high - low) // 2

    def _shared(self, now_ns: int) -> tuple[int, int]:
        slack = [round((now_ns - sent) * DRIFT) + 1 for sent, _, _ in self._exchanges]
        rows = list(zip(self._exchanges, slack, strict=True))
        low = max(session - received - extra for (_, session, received), extra in rows)
        high = min(session - sent + extra for (sent, session, _), extra in rows)
        return low, high

    def of(self, local_ns: int) -> int:
        """Return the session time of a moment of this machine's monotonic clock."""
        return local_ns + self.offset_ns

    def now_ns(self) -> int:
        """Return the present session time; never decreases, also when the map is corrected."""
        self._newest_ns = max(self._newest_ns, self.of(time.monotonic_ns()))
        return self._newest_ns
