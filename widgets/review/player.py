"""The playhead: where it is in an episode, and how it moves. Drawn by pictures and timeline alike.

::

    PAUSED -- play, L, J --> PLAYING (speed −8 … 8) -- pause, K, an end reached --> PAUSED
"""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal

TICK_MS = 16
SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


class Player(QObject):
    """Playhead over session times from `start_ns` to `end_ns`.

    Signals:
        moved(object): The playhead is at another time (int, ns; larger than a Qt int).
        changed(): Playing, speed or range changed.

    Attributes:
        t_ns: Where the playhead is.
        direction: +1 forward, −1 backward.
    """

    moved = Signal(object)
    changed = Signal()

    def __init__(self, parent: QObject | None = None, now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        super().__init__(parent)
        self._now_ns = now_ns
        self.start_ns = self.end_ns = self.t_ns = 0
        self.direction = 1
        self._speed = SPEEDS.index(1.0)
        self._last = 0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self.tick)

    @property
    def playing(self) -> bool:
        """Whether the playhead moves by itself."""
        return self._timer.isActive()

    @property
    def speed(self) -> float:
        """Seconds of the episode per second, without its sign."""
        return SPEEDS[self._speed]

    @property
    def rate(self) -> float:
        """Seconds of the episode per second: negative backwards, 0 while it stands."""
        return self.speed * self.direction if self.playing else 0.0

    def open(self, start_ns: int, end_ns: int) -> None:
        """Take over another episode and stand at its start."""
        self.pause()
        self.start_ns, self.end_ns = start_ns, max(start_ns, end_ns)
        self.t_ns = start_ns
        self.changed.emit()
        self.moved.emit(self.t_ns)

    def seek(self, t_ns: int) -> None:
        """Move the playhead."""
        t_ns = min(max(int(t_ns), self.start_ns), self.end_ns)
        if t_ns != self.t_ns:
            self.t_ns = t_ns
            self.moved.emit(t_ns)

    def play(self, direction: int = 1) -> None:
        """Move on by itself; from the far end it starts over."""
        self.direction = direction
        far = self.end_ns if direction > 0 else self.start_ns
        if self.t_ns == far:
            self.seek(self.start_ns if direction > 0 else self.end_ns)
        self._last = self._now_ns()
        if self.end_ns > self.start_ns:
            self._timer.start()
        self.changed.emit()

    def pause(self) -> None:
        """Stand still."""
        self._timer.stop()
        self.changed.emit()

    def toggle(self) -> None:
        """Play, or pause."""
        if self.playing:
            self.pause()
        else:
            self.play()

    def shuttle(self, direction: int) -> None:
        """L (+1) and J (−1): play that way; pressed again while doing so, faster."""
        if self.playing and self.direction == direction:
            self.change_speed(1)
        else:
            self.play(direction)

    def set_speed(self, speed: float) -> None:
        """Choose one of `SPEEDS`."""
        self._speed = SPEEDS.index(speed)
        self.changed.emit()

    def change_speed(self, steps: int) -> None:
        """Go to a slower or faster speed."""
        self._speed = min(max(self._speed + steps, 0), len(SPEEDS) - 1)
        self.changed.emit()

    def tick(self) -> None:
        """Move by the time that passed since the last tick."""
        now = self._now_ns()
        passed, self._last = now - self._last, now
        self.seek(self.t_ns + round(passed * self.speed * self.direction))
        if self.t_ns in (self.start_ns, self.end_ns) and self.t_ns == (
            self.end_ns if self.direction > 0 else self.start_ns
        ):
            self.pause()
