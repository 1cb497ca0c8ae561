"""Latest-value boxes between the I/O thread and the window: a new picture overwrites one that was not taken."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Count:
    """How many values a topic got, and how many of them nobody took in time."""

    put: int = 0
    replaced: int = 0


class Mailbox(Generic[T]):
    """One value per topic, the newest. Written by the I/O thread, taken by the window; never blocks either for long."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, T] = {}
        self._put: dict[str, int] = {}
        self._replaced: dict[str, int] = {}

    def put(self, topic: str, value: T) -> None:
        """Place the newest value of a topic; one that is still there is dropped and counted."""
        with self._lock:
            if topic in self._values:
                self._replaced[topic] = self._replaced.get(topic, 0) + 1
            self._values[topic] = value
            self._put[topic] = self._put.get(topic, 0) + 1

    def take_all(self) -> dict[str, T]:
        """Return and remove everything that came since the last call."""
        with self._lock:
            values, self._values = self._values, {}
            return values

    def count(self, topic: str) -> Count:
        """Return how many values of this topic came and how many were overwritten unseen."""
        with self._lock:
            return Count(self._put.get(topic, 0), self._replaced.get(topic, 0))

    def clear(self) -> None:
        """Forget the values and the counts."""
        with self._lock:
            self._values.clear()
            self._put.clear()
            self._replaced.clear()
