"""All views of the open episode side by side, as large as they fit: cameras, touch pads and the 3D scene.

The views are those of Collect. A double click, or the key E from one to the next, makes one large.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt
from PySide6.QtGui import QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.cloud.orbit import Orbit
from app.core.sensors import camera_devices, touches_of
from app.core.wire.messages import ServerInfo
from widgets.context import WindowContext
from widgets.review.recorded import Paths
from widgets.review.scrub import Moment
from widgets.views.camera_view import CameraView
from widgets.views.live import Live
from widgets.views.pad import PadView
from widgets.views.scene.choice import make_scene
from widgets.views.scene.content import set_ground, set_live
from widgets.views.titled import Titled

CAPTION = 24
ASPECT = 4 / 3
LARGE = 0.64  # of the width, for the view that was made large
LEAST = (96, 84)
PATH_POINTS = 400  # of a whole path: more are drawn no finer
LEAST_DISTANCE_M = 0.35


def columns_for(count: int, width: int, height: int) -> int:
    """Return in how many columns so many pictures of 4:3 with captions become the largest."""

    def size(columns: int) -> float:
        rows = -(-count // columns)
        return min(width / columns, (height / rows - CAPTION) * ASPECT)

    return max(range(1, max(count, 1) + 1), key=size)


def places(count: int, area: QRect, gap: int) -> list[QRect]:
    """Return where `count` views lie in an area: rows of the same height, each as wide as the area."""
    if count == 0:
        return []
    columns = columns_for(count, area.width(), area.height())
    rows = -(-count // columns)
    found = []
    for row in range(rows):
        line = range(row * columns, min(count, (row + 1) * columns))
        top = area.top() + row * (area.height() + gap) // rows
        bottom = area.top() + (row + 1) * (area.height() + gap) // rows - gap
        for number in range(len(line)):
            left = area.left() + number * (area.width() + gap) // len(line)
            right = area.left() + (number + 1) * (area.width() + gap) // len(line) - gap
            found.append(QRect(left, top, right - left, bottom - top))
    return found


def _orbit_about(orbit: Orbit, points: np.ndarray) -> Orbit:
    """Return an orbit with the same direction that has points (n, 3) in view."""
    low, high = points.min(axis=0), points.max(axis=0)
    x, y, z = (low + high) / 2.0
    distance = max(LEAST_DISTANCE_M, 1.3 * float(np.linalg.norm(high - low)))
    return replace(orbit, centre=(float(x), float(y), float(z)), distance=distance)


class Stage(QWidget):
    """The views.

    Attributes:
        cameras: The view of each camera, by topic.
        pads: The view of each touch sensor, by name.
        scene: The 3D view.
    """

    def __init__(self, context: WindowContext) -> None:
        super().__init__()
        self._context = context
        self.cameras: dict[str, CameraView] = {}
        self.pads: dict[str, PadView] = {}
        self.scene, scene_widget = make_scene(context.theme)
        set_ground(self.scene, context.theme)
        self.scene_box = Titled("3D scene", scene_widget, context)
        self.scene_box.setToolTip(
            "Where the tool was, and where the governor sent it. Drag to turn, wheel to zoom, double click to enlarge."
        )
        self._large: QWidget | None = None
        self._topics: tuple[str, ...] = ()
        self._turn = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 112)
        self._adopt(self.scene_box)
        scene_widget.setMinimumSize(40, 40)
        scene_widget.installEventFilter(self)

    @property
    def views(self) -> list[QWidget]:
        """All views in their order."""
        return [*self.cameras.values(), *self.pads.values(), self.scene_box]

    def sizeHint(self) -> QSize:
        """Room for three pictures."""
        return QSize(960, 264)

    def _adopt(self, view: QWidget) -> None:
        view.setParent(self)
        view.setMinimumSize(*LEAST)
        if view is not self.scene_box:
            view.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        view.show()

    def open(self, topics: list[str], words: str = "") -> None:
        """Show the cameras of another episode, empty yet."""
        if tuple(topics) != self._topics:
            for view in self.cameras.values():
                view.hide()
                view.deleteLater()
            self._topics = tuple(topics)
            self.cameras = {topic: CameraView(topic.split("/")[0], self._context.theme) for topic in topics}
            for view in self.cameras.values():
                self._adopt(view)
        for view in self.cameras.values():
            view.set_empty(words)
            view.set_camera(None, connected=False)
            view.clear()
        self._show_state(Live())
        self.show_paths(Paths.none())
        self._arrange()

    def describe(self, info: ServerInfo, created: str) -> None:
        """Take over where cameras and touch sensors of the episode sat.

        Args:
            created: When it was recorded, ISO 8601: how old the calibration was then.
        """
        try:
            seen: datetime | None = datetime.fromisoformat(created)
        except ValueError:
            seen = None
        known = {camera.name: camera for camera in info.cameras}
        for name in camera_devices(info.streams):
            if f"{name}/color" in self.cameras:
                self.cameras[f"{name}/color"].set_camera(known.get(name), connected=False, seen=seen)
        names = [touch.name for touch in touches_of(info)]
        if names != list(self.pads):
            for view in self.pads.values():
                view.hide()
                view.deleteLater()
            self.pads = {name: PadView(name, self._context.theme) for name in names}
            for view in self.pads.values():
                view.setToolTip(
                    "Seen onto the pad. A line is where a marker went, a disc how far it is pressed in."
                )
                self._adopt(view)
        self._arrange()

    def show_paths(self, paths: Paths) -> None:
        """Draw where the tool went in the whole take, and where it was sent."""
        theme = self._context.theme
        measured, applied = (
            each[:: max(1, len(each) // PATH_POINTS)] for each in (paths.measured, paths.applied)
        )
        self.scene.set_lines("whole.applied", applied, theme.signal("commanded", 0.7), 1.5)
        self.scene.set_lines("whole.measured", measured, theme.signal("path", 0.55), 1.5)
        if len(paths.measured) > 1:
            self.scene.set_orbit(_orbit_about(self.scene.orbit(), paths.measured))
        self.scene.redraw()

    def show_moment(self, moment: Moment, start_ns: int, whole: bool) -> None:
        """Show everything of one time.

        Args:
            start_ns: From which the captions of the pictures count.
            whole: Touch and scene as well in any case; while playing they take turns.
        """
        for shown in moment.pictures:
            view = self.cameras.get(shown.topic)
            if view is not None:
                note = f"{(shown.t_ns - start_ns) * 1e-9:z.2f} s"
                if shown.image is None:
                    view.set_empty("This picture cannot be read")
                view.show_image(shown.image, shown.index, shown.t_ns, shown.live, note)
        self._turn += 1
        if whole:
            self._show_state(moment.live)
        elif self._turn % 2:
            self._show_scene(moment.live)
        else:
            self._show_pads(moment.live)

    def _show_state(self, live: Live) -> None:
        self._show_scene(live)
        self._show_pads(live)

    def _show_scene(self, live: Live) -> None:
        set_live(self.scene, live, self._context.theme)
        self.scene.redraw()

    def _show_pads(self, live: Live) -> None:
        for touch in live.touches:
            if touch.name in self.pads:
                self.pads[touch.name].show_touch(touch, live.scales)

    def enlarge(self, view: QWidget | None) -> None:
        """Make a view large; the large one, or None, makes all alike again."""
        self._large = None if view is self._large else view
        self._arrange()

    def enlarge_next(self) -> None:
        """Make the next view large; after the last one all are alike."""
        views = self.views
        index = views.index(self._large) + 1 if self._large in views else 0
        self._large = views[index] if index < len(views) else None
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Arrange the views anew."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        gap, area, views = self._context.theme.grid(), self.rect(), self.views
        if self._large in views and len(views) > 1:
            left = QRect(area.left(), area.top(), int(LARGE * area.width()), area.height())
            self._large.setGeometry(left)
            area = area.adjusted(left.width() + gap, 0, 0, 0)
            views = [view for view in views if view is not self._large]
        else:
            self._large = None
        for view, place in zip(views, places(len(views), area, gap), strict=True):
            view.setGeometry(place)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Make the view large that was clicked."""
        for view in self.views:
            if view.geometry().contains(event.position().toPoint()):
                self.enlarge(view)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """A double click into the scene, which takes the mouse itself."""
        if event.type() == QEvent.Type.MouseButtonDblClick:
            self.enlarge(self.scene_box)
            return True
        return False
