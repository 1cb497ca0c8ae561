"""What `bench window` measures in the Qt thread: how late the event loop comes back, and which paints happened."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QWidget

BEAT_MS = 2


class Heartbeat(QObject):
    """Fires every 2 ms and notes by how much later than that it came: the time that the event loop was away.

    Attributes:
        late_ms: One number for each beat.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.late_ms: list[float] = []
        self._last_ns = 0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        """Forget what was measured, and begin."""
        self.late_ms = []
        self._last_ns = time.perf_counter_ns()
        self._timer.start()

    def stop(self) -> None:
        """End."""
        self._timer.stop()

    def _beat(self) -> None:
        now = time.perf_counter_ns()
        self.late_ms.append(max(0.0, (now - self._last_ns) * 1e-6 - BEAT_MS))
        self._last_ns = now


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
