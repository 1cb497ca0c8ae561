"""What `bench review` looks at in the Qt thread: when all views were painted at a new time, and which pictures were."""

from __future__ import annotations

import time

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QWidget

from widgets.review.viewer import Viewer
from widgets.views.camera_view import CameraView


class SeekMeter(QObject):
    """Measures one seek after the other.

    Attributes:
        done_ms: How long the last one took, from the wish to the end of the last paint; None while it is under way.
    """

    def __init__(self, viewer: Viewer, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self.done_ms: float | None = None
        self._begun_s = 0.0
        self._wanted: dict[str, int] = {}
        self._left: set[QWidget] = set()
        self._is_shown = False
        self._widgets: dict[QWidget, str] = {view: topic for topic, view in viewer.stage.cameras.items()}
        self._plain = [
            *viewer.stage.pads.values(),
            viewer.timeline.force.viewport(),
            viewer.timeline.touch.viewport(),
        ]
        for widget in (*self._widgets, *self._plain):
            widget.installEventFilter(self)
        viewer.scrub.shown.connect(self._on_shown)

    def begin(self, t_ns: int) -> None:
        """Wish for another time, as a click into the curves does."""
        clip = self._viewer.clip
        self._wanted = {topic: clip.nearest(topic, t_ns) for topic in clip.cameras}
        self._left = {*self._widgets, *self._plain}
        self._is_shown, self.done_ms = False, None
        self._begun_s = time.perf_counter()
        self._viewer.timeline.sought.emit(t_ns)

    def _on_shown(self, moment: object) -> None:
        self._is_shown = all(
            shown.index == self._wanted.get(shown.topic) for shown in getattr(moment, "pictures", ())
        )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Note a paint of what was wished for; pass everything on."""
        if event.type() == QEvent.Type.Paint and watched in self._left and isinstance(watched, QWidget):
            topic = self._widgets.get(watched)
            if topic is None:
                fits = watched not in self._viewer.stage.pads.values() or self._is_shown
            else:
                fits = isinstance(watched, CameraView) and watched.seq == self._wanted[topic]
            if fits:
                self._left.discard(watched)
                if not self._left:
                    QTimer.singleShot(0, self._on_done)  # after this paint
        return False

    def _on_done(self) -> None:
        self.done_ms = (time.perf_counter() - self._begun_s) * 1e3


class PaintedPictures(QObject):
    """Which numbered pictures of each camera were painted since it was made.

    Attributes:
        backward: How often an older picture came after a newer one.
    """

    def __init__(self, views: dict[str, CameraView], parent: QObject) -> None:
        super().__init__(parent)
        self._views = {view: topic for topic, view in views.items()}
        self.painted: dict[str, list[int]] = {topic: [] for topic in views}
        self.backward = 0
        for view in self._views:
            view.installEventFilter(self)

    def stop(self) -> None:
        """Look no more."""
        for view in self._views:
            view.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Note a paint of another picture; pass everything on."""
        if event.type() == QEvent.Type.Paint and isinstance(watched, CameraView):
            seen = self.painted[self._views[watched]]
            if not seen or seen[-1] != watched.seq:
                self.backward += bool(seen) and watched.seq < seen[-1]
                seen.append(watched.seq)
        return False

    def share(self) -> float:
        """Return the share of the pictures passed that was painted, of the camera with the least."""
        return min(
            len(set(seen)) / (max(seen) - min(seen) + 1) if seen else 0.0 for seen in self.painted.values()
        )

    def skipped(self) -> int:
        """Return how many pictures passed unpainted, of all cameras."""
        return sum(max(seen) - min(seen) + 1 - len(set(seen)) for seen in self.painted.values() if seen)

    def least(self) -> int:
        """Return how many pictures were painted, of the camera with the least."""
        return min(len(set(seen)) for seen in self.painted.values())
