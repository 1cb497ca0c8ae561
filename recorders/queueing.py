"""The queue between the thread that receives and the thread that writes: bounded in bytes and in messages.

A full queue makes the receiver wait. In lock-step the bench then gets no credit and waits too; in real time the
loss, if it comes to one, shows as a gap in `seq`.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from app.core.wire.messages import SampleHeader

MAX_BYTES = 256 * 1024 * 1024  # more than 5 s of four cameras and 1 kHz state
MAX_MESSAGES = 50_000


@dataclass(frozen=True)
class QueuedSample:
    """One message of the wire on its way to the journal."""

    topic: str
    header: SampleHeader
    buffer: memoryview
    t_receive_ns: int


class SampleQueue:
    """First in, first out; one thread puts, one thread takes."""

    def __init__(self, max_bytes: int = MAX_BYTES, max_messages: int = MAX_MESSAGES) -> None:
        self._items: deque[QueuedSample] = deque()
        self._bytes = 0
        self._max_bytes, self._max_messages = max_bytes, max_messages
        self._condition = threading.Condition()
        self._closed = False

    def put(self, item: QueuedSample, timeout_s: float) -> bool:
        """Add an item; returns False when there was no room for it within `timeout_s`, or nobody takes any more."""
        with self._condition:
            if not self._condition.wait_for(self._has_room, timeout_s) or self._closed:
                return False
            self._items.append(item)
            self._bytes += len(item.buffer)
            self._condition.notify_all()
            return True

    def _has_room(self) -> bool:
        return self._closed or (self._bytes < self._max_bytes and len(self._items) < self._max_messages)

    def take_all(self, timeout_s: float) -> list[QueuedSample]:
        """Return everything that is there, waiting at most `timeout_s` for the first; empty when nothing came."""
        with self._condition:
            self._condition.wait_for(lambda: bool(self._items) or self._closed, timeout_s)
            items, self._bytes = list(self._items), 0
            self._items.clear()
            self._condition.notify_all()
            return items

    def close(self) -> None:
        """Refuse further items; those that are there can still be taken."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed
