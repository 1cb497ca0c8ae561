"""Measured rates of the streams, for the health dots of the header. Qt thread, asked about twice a second."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass

from widgets.bridge.feed import Feed, Flow

SPAN_S = 2.0


@dataclass(frozen=True)
class Health:
    """How one stream does now.

    Attributes:
        rate_hz: Samples per second, measured over the last two seconds.
        gaps: Samples missing by their sequence numbers since the connection.
        overflow: Samples or pictures that came but were not taken in time by the window.
        age_s: Time since the last one; infinite if there was none.
    """

    rate_hz: float
    gaps: int
    overflow: int
    age_s: float


class Rates:
    """Looks at the counts of a feed and turns them into rates."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._marks: deque[tuple[float, dict[str, Flow]]] = deque()

    def measure(self, now: float | None = None) -> dict[str, Health]:
        """Return the health of every topic that has delivered."""
        now = time.monotonic() if now is None else now
        flows = self._feed.flows()
        while len(self._marks) > 1 and now - self._marks[1][0] >= SPAN_S:
            self._marks.popleft()
        then, before = self._marks[0] if self._marks else (now, {})
        self._marks.append((now, flows))
        return {
            topic: self._health(topic, flow, before.get(topic), now, now - then)
            for topic, flow in flows.items()
        }

    def _health(self, topic: str, flow: Flow, before: Flow | None, now: float, span: float) -> Health:
        came = flow.samples - (before.samples if before else 0)
        rate = max(0.0, came / span) if span > 0 else 0.0
        overflow = self._feed.overflow(topic) + self._feed.replaced(topic)
        return Health(rate, flow.gaps, overflow, now - flow.received_ns * 1e-9)

    def clear(self) -> None:
        """Forget the past: another device server is connected."""
        self._marks.clear()
