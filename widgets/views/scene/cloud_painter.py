"""Has large clouds drawn in a thread of Qt's pool, and thins them to what this machine draws in time.

One picture is drawn at a time. A wish that comes meanwhile waits, and the newest wish alone: frames are skipped, never
queued. Used by `SoftwareScene`.
"""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, QThreadPool, Signal
from PySide6.QtGui import QImage

from widgets.views.scene.interface import Orbit
from widgets.views.scene.splat import Dots, render

AT_ONCE = 4_000  # points that are drawn in the Qt thread, in a millisecond
FRAME_S = 0.030  # the longest that a picture may take on average: 100 ms are there for each at 10 Hz
LEAST_POINTS = 10_000
CALM = 0.2  # share of the newest measurement in the mean


@dataclass(frozen=True)
class _Wish:
    key: Hashable
    orbit: Orbit
    width: int
    height: int
    clouds: list[Dots]


class CloudPainter(QObject):
    """Keeps the newest picture of the clouds.

    Signals:
        done(): `image` is new.

    Attributes:
        image: The picture, None before the first.
        offered, drawn: Points that there are, and points in the newest picture.
    """

    done = Signal()
    _finished = Signal(object, QImage, float, int)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.image: QImage | None = None
        self.offered = self.drawn = 0
        self._key: Hashable = None
        self._busy: _Wish | None = None
        self._next: _Wish | None = None
        self._seconds_per_point = 0.0
        self._finished.connect(self._on_finished, Qt.ConnectionType.QueuedConnection)

    def want(self, version: int, orbit: Orbit, width: int, height: int, clouds: list[Dots]) -> None:
        """Ask for a picture; `done` follows unless it is there already."""
        wish = _Wish((version, orbit, width, height), orbit, width, height, clouds)
        if wish.key == self._key or (self._busy is not None and wish.key == self._busy.key):
            return
        self.offered = sum(len(dots.points) for dots in clouds)
        if self.offered <= AT_ONCE and self._busy is None:
            self.image, self.drawn, self._key = render(orbit, width, height, clouds), self.offered, wish.key
        elif self._busy is None:
            self._begin(wish)
        else:
            self._next = wish

    def most_points(self) -> int:
        """Return how many points this machine draws in a frame's time, by what the last ones took."""
        if self._seconds_per_point <= 0:
            return 100_000
        return max(LEAST_POINTS, int(FRAME_S / self._seconds_per_point))

    def _begin(self, wish: _Wish) -> None:
        self._busy = wish
        share = min(1.0, self.most_points() / max(1, self.offered))
        clouds = [dots.thinned(int(share * len(dots.points))) for dots in wish.clouds]
        finished, drawn = self._finished, sum(len(dots.points) for dots in clouds)

        def work() -> None:
            began = time.perf_counter()
            image = render(wish.orbit, wish.width, wish.height, clouds)
            try:
                finished.emit(wish.key, image, time.perf_counter() - began, drawn)
            except RuntimeError:
                return  # the window has gone meanwhile

        QThreadPool.globalInstance().start(work)

    def _on_finished(self, key: Hashable, image: QImage, seconds: float, drawn: int) -> None:
        self.image, self.drawn, self._key, self._busy = image, drawn, key, None
        if drawn:
            newest = seconds / drawn
            mean = self._seconds_per_point
            self._seconds_per_point = newest if mean == 0 else (1 - CALM) * mean + CALM * newest
        wish, self._next = self._next, None
        if wish is not None and wish.key != key:
            self._begin(wish)
        self.done.emit()
