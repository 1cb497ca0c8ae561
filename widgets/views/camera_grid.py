"""The pictures of all cameras of a rig, one to four and more, whatever they are called. Used by the live views."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from app.core.rig import Rig
from app.core.sensors import camera_devices
from app.core.wire.messages import ServerInfo
from widgets.theme.tokens import Theme
from widgets.views.camera_view import CameraView

FALLBACK = ("scene", "wrist")  # what is shown before anything is known of the rig


def expected_cameras(rig: Rig) -> tuple[str, ...]:
    """Return the names of a rig's cameras as its file tells them, before it is started."""
    parts = rig.device.options.get("parts", ())
    names = [
        str(part.get("name")) for part in parts
        if isinstance(part, dict) and str(part.get("driver", "")).startswith("camera/")
    ]  # fmt: skip
    return tuple(names) if parts else FALLBACK


def rows_of(names: Sequence[str]) -> list[list[str]]:
    """Return which cameras stand side by side: one or two below each other, more in pairs, an odd first one alone."""
    if len(names) <= 2:
        return [[name] for name in names]
    first = len(names) % 2
    rows = [list(names[:1])] if first else []
    return rows + [list(names[index : index + 2]) for index in range(first, len(names), 2)]


class CameraGrid(QWidget):
    """All camera views; rebuilt when the rig has other cameras than before.

    Signals:
        pressed(), released(), dragged(str, float, float), wheeled(float): Of a view; dragged with the camera's name.
        calibrate_asked(str): The person wants to calibrate this camera.

    Attributes:
        views: The view of each camera, by name.
    """

    pressed = Signal()
    released = Signal()
    dragged = Signal(str, float, float)
    wheeled = Signal(float)
    calibrate_asked = Signal(str)

    def __init__(self, names: Sequence[str], theme: Theme) -> None:
        super().__init__()
        self._theme, self._empty = theme, ""
        self.views: dict[str, CameraView] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self.splitter = QSplitter()
        self.build(names)

    def build(self, names: Sequence[str]) -> None:
        """Show these cameras; views that exist already are kept where the names are the same."""
        if self.views and list(self.views) == list(names):
            return
        self._column.removeWidget(self.splitter)
        self.splitter.hide()
        self.splitter.deleteLater()
        self.splitter = self._splitter(Qt.Orientation.Vertical)
        self.views = {}
        for row in rows_of(names):
            line = self.splitter if len(row) == 1 else self._splitter(Qt.Orientation.Horizontal)
            for name in row:
                self.views[name] = self._view(name)
                line.addWidget(self.views[name])
            if line is not self.splitter:
                self.splitter.addWidget(line)
                line.setSizes([400] * line.count())
        self.splitter.setSizes([400] * self.splitter.count())
        self._column.addWidget(self.splitter)

    def _splitter(self, orientation: Qt.Orientation) -> QSplitter:
        splitter = QSplitter(orientation)
        splitter.setHandleWidth(self._theme.grid())
        splitter.setChildrenCollapsible(False)
        return splitter

    def _view(self, name: str) -> CameraView:
        view = CameraView(name, self._theme)
        view.pressed.connect(self.pressed)
        view.released.connect(self.released)
        view.dragged.connect(lambda right, up: self.dragged.emit(name, right, up))
        view.wheeled.connect(self.wheeled)
        view.calibrate_asked.connect(lambda: self.calibrate_asked.emit(name))
        if self._empty:
            view.set_empty(self._empty)
        return view

    def attach(self, info: ServerInfo | None) -> None:
        """Take over what a rig offers; None when it has gone: its cameras stay, empty."""
        if info is not None:
            self.build(camera_devices(info.streams))
        known = {camera.name: camera for camera in info.cameras} if info is not None else {}
        for name, view in self.views.items():
            view.set_camera(known.get(name), connected=info is not None)
            view.clear()

    def set_empty(self, words: str) -> None:
        """Say what to do while there are no pictures."""
        self._empty = words
        for view in self.views.values():
            view.set_empty(words)
