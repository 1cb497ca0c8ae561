"""A thread that reads one piece of hardware, and what it read since. Used by every camera and touch sensor.

::

    RUNNING -- no sample for `stall_s` --> STALLED -- a sample --> RUNNING        (told both times)
    RUNNING -- read fails --> LOST -- opened again, tried every second --> RUNNING (told both times)
    RUNNING -- the source has an end and came to it --> ENDED                      (told)
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from app.core.errors import DeviceError, TouchstoneError
from devices.interface import Notice, Sample

REOPEN_S = 1.0
MOST_WAITING_NOTICES = 50


class SourceEnded(Exception):
    """A source that has an end (a file) came to it."""


class Source(Protocol):
    """Something that is read in the feed's thread."""

    def read(self) -> list[Sample]:
        """Return the next samples; waits about a second at the most, then returns none.

        Raises:
            DeviceError: If the connection is lost; it is then closed and opened anew.
            SourceEnded: If there is nothing more to come.
        """
        ...

    def close(self) -> None:
        """Release the hardware."""
        ...


class Feed:
    """Reads a source in a thread of its own.

    Args:
        name: What the person calls the part.
        source: The opened source.
        reopen: Opens the source anew after it was lost.
        stall_s: Silence after which the person is told.
        keep: Samples that are kept per signal until they are collected; with 1, only the newest picture counts.

    Attributes:
        dropped: Samples that were replaced by newer ones before anybody collected them.
    """

    def __init__(
        self, name: str, source: Source, reopen: Callable[[], Source], stall_s: float, keep: int = 1
    ) -> None:
        self.name, self.dropped = name, 0
        self._source: Source | None = source
        self._reopen, self._stall_ns, self._keep = reopen, int(stall_s * 1e9), keep
        self._lock = threading.Lock()
        self._waiting: dict[str, deque[Sample]] = {}
        self._newest: dict[str, Sample] = {}
        self._notices: deque[Notice] = deque(maxlen=MOST_WAITING_NOTICES)
        self._arrived = threading.Event()
        self._closing = threading.Event()
        self._last_ns = time.monotonic_ns()
        self._stalled = self._ended = False
        self._thread = threading.Thread(target=self._work, name=f"feed-{name}", daemon=True)
        self._thread.start()

    def wait_first(self, timeout_s: float) -> None:
        """Wait until a first sample is there.

        Raises:
            DeviceError: If none came.
        """
        if not self._arrived.wait(timeout_s):
            said = " ".join(notice.text for notice in self.notices())
            self.close()
            raise DeviceError(
                self.name, f"nothing came within {timeout_s:g} s{': ' + said if said else ''}".rstrip("."),
                way_out="Check cable, power and the options of the rig file",
            )  # fmt: skip

    def collect(self) -> list[Sample]:
        """Return what came since the last call."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        return [sample for samples in waiting.values() for sample in samples]

    def latest(self) -> list[Sample]:
        """Return the newest sample of every signal."""
        with self._lock:
            return list(self._newest.values())

    def age_s(self) -> float:
        """Return how long ago the newest sample came."""
        return (time.monotonic_ns() - self._last_ns) * 1e-9

    def tell(self, text: str, level: str = "warning") -> None:
        """Queue a notice; may be called from any thread."""
        self._notices.append(
            Notice(text, "error" if level == "error" else "info" if level == "info" else "warning")
        )

    def notices(self) -> list[Notice]:
        """Return the notices since the last call, and look whether the source has stalled."""
        silent_ns = time.monotonic_ns() - self._last_ns
        if silent_ns > self._stall_ns and not (self._stalled or self._ended):
            self._stalled = True
            self.tell(f"{self.name}: nothing came for {silent_ns * 1e-9:.1f} s.")
        found = []
        while self._notices:
            found.append(self._notices.popleft())
        return found

    def close(self) -> None:
        """End the thread and close the source."""
        self._closing.set()
        if self._thread is not threading.current_thread():
            self._thread.join()
        if self._source is not None:
            self._source.close()
            self._source = None

    def _work(self) -> None:
        while not self._closing.is_set():
            try:
                if self._source is None:
                    self._source = self._reopen()
                    self.tell(f"{self.name}: connected again.", "info")
                self._take(self._source.read())
            except SourceEnded:
                self._ended = True
                self.tell(f"{self.name}: it has come to its end.", "info")
                return
            except DeviceError as error:
                self._lose(error)
            except Exception as error:  # noqa: BLE001 - a mistake of a driver must be told, not end a thread in silence
                self.tell(f"{self.name}: its driver failed ({type(error).__name__}: {error}).", "error")
                self._ended = True
                return

    def _take(self, samples: list[Sample]) -> None:
        if not samples:
            return
        now = time.monotonic_ns()
        if self._stalled:
            self._stalled = False
            self.tell(f"{self.name}: it is back after {(now - self._last_ns) * 1e-9:.1f} s.", "info")
        self._last_ns = now
        with self._lock:
            for sample in samples:
                kept = self._waiting.setdefault(sample.topic, deque(maxlen=self._keep))
                self.dropped += len(kept) == self._keep
                kept.append(sample)
                self._newest[sample.topic] = sample
        self._arrived.set()

    def _lose(self, error: TouchstoneError) -> None:
        if self._source is not None:
            self._source.close()
            self._source = None
            self.tell(error.sentence(), "error")
        self._closing.wait(REOPEN_S)
