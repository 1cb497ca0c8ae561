"""What `bench window` measures in the Qt thread: how late the event loop comes back, and which paints happened."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterable

import numpy as np
from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QWidget

BEAT_MS = 2
BIN_MS, BINS = 0.02, 50_000  # the last bin holds everything from a second on


class Heartbeat(QObject):
    """Fires every 2 ms and notes by how much later than that it came: the time that the event loop was away.

    Counts go into bins of 0.02 ms, so that an hour of beats takes no more memory than a second.

    Attributes:
        beats: How many there were.
        most_ms: The latest one.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.beats, self.most_ms = 0, 0.0
        self._bins = array("Q", bytes(8 * BINS))
        self._last_ns = 0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        """Forget what was measured, and begin."""
        self.beats, self.most_ms = 0, 0.0
        self._bins = array("Q", bytes(8 * BINS))
        self._last_ns = time.perf_counter_ns()
        self._timer.start()

    def stop(self) -> None:
        """End."""
        self._timer.stop()

    def _beat(self) -> None:
        now = time.perf_counter_ns()
        late = max(0.0, (now - self._last_ns) * 1e-6 - BEAT_MS)
        self._last_ns = now
        self.beats += 1
        self.most_ms = max(self.most_ms, late)
        self._bins[min(BINS - 1, int(late / BIN_MS))] += 1

    def percentiles(self, shares: tuple[float, ...]) -> list[float]:
        """Return how late the given percentages of all beats were at most, ms, to the upper edge of a bin."""
        totals = np.cumsum(np.asarray(self._bins))
        wanted = np.asarray(shares) / 100.0 * totals[-1]
        return [float(index + 1) * BIN_MS for index in np.searchsorted(totals, wanted)]


class Paints(QObject):
    """Counts the paint events of some widgets.

    Args:
        widgets: Which, by name.
        mark: For a widget that shows numbered pictures: returns the number of what it shows. A paint counts only when
            that number is new, so that repainting one picture twice is not two.

    Attributes:
        counts: Paints by name.
    """

    def __init__(
        self,
        parent: QObject,
        widgets: Iterable[tuple[str, QWidget]],
        mark: Callable[[QWidget], object] | None = None,
    ) -> None:
        super().__init__(parent)
        self._names = {id(widget): name for name, widget in widgets}
        self._mark = mark
        self._last: dict[str, object] = {}
        self.counts = dict.fromkeys(self._names.values(), 0)
        for _, widget in list(widgets):
            widget.installEventFilter(self)

    def start(self) -> None:
        """Count from zero."""
        self.counts = dict.fromkeys(self.counts, 0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Count a paint; pass everything on."""
        if event.type() == QEvent.Type.Paint and isinstance(watched, QWidget):
            name = self._names[id(watched)]
            mark = self._mark(watched) if self._mark is not None else None
            if self._mark is None or mark != self._last.get(name):
                self._last[name] = mark
                self.counts[name] += 1
        return False
