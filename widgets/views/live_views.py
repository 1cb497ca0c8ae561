"""Cameras, scene and curves of the rig side by side. Collect and Deploy show the same one, each its own instance."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from app.core.sensors import field_devices
from app.core.wire.messages import ServerInfo
from widgets.calibrate.watch import CalibrationWatch
from widgets.calibrate.wizard import CalibrationWizard
from widgets.context import WindowContext
from widgets.views.camera_grid import CameraGrid, expected_cameras
from widgets.views.camera_view import CameraView
from widgets.views.curves import Curves
from widgets.views.live import Live, LiveReader, at_picture
from widgets.views.pads import Pads
from widgets.views.panels import panels_for
from widgets.views.scene.choice import make_scene
from widgets.views.scene.cloud import make_cloud
from widgets.views.scene.cloud_menu import CloudMenu
from widgets.views.scene.content import set_ground, set_live
from widgets.views.titled import Titled

SCENE_EVERY = 2  # ticks: 30 pictures a second
STILL_EVERY = 6  # a camera that sends no new picture still gets its overlay moved


class LiveViews(QWidget):
    """The four views. Call `refresh` on every tick; it does nothing while it is not visible.

    Signals:
        mouse_pressed(), mouse_released(): On a camera picture.
        mouse_dragged(str, float, float): Camera name, pull to the right and up.
        mouse_wheeled(float): Notches.

    Attributes:
        live: The newest state, as it was drawn last.
    """

    mouse_pressed = Signal()
    mouse_released = Signal()
    mouse_dragged = Signal(str, float, float)
    mouse_wheeled = Signal(float)

    def __init__(self, context: WindowContext) -> None:
        super().__init__()
        self._context = context
        self._plan = np.zeros((0, 3))
        self._ticks = 0
        self.live = Live()
        self._reader = LiveReader()
        self.grid = CameraGrid(expected_cameras(context.rig.rig), context.theme)
        self.pads = Pads(context.theme)
        self.scene, scene_widget = make_scene(context.theme)
        self.cloud = make_cloud(self.scene, context.bridge, context.clouds)
        set_ground(self.scene, context.theme)
        self.curves = Curves(context.bridge, context.theme)
        self._scene_box = Titled("3D scene", scene_widget, context)
        self._scene_box.set_corner(CloudMenu(context.clouds, context.theme))
        self._scene_box.set_note("drag to turn, wheel to zoom")
        self._scene_box.setToolTip(f"3D scene, {self.scene.kind}")
        self._curve_box = Titled("Last 10 seconds", self.curves, context)
        self._build()
        self.grid.pressed.connect(self.mouse_pressed)
        self.grid.released.connect(self.mouse_released)
        self.grid.dragged.connect(self.mouse_dragged)
        self.grid.wheeled.connect(self.mouse_wheeled)
        self.grid.calibrate_asked.connect(self._calibrate)
        self._watch = CalibrationWatch(context, self)
        self._watch.moved.connect(self._on_moved)
        context.clouds.changed.connect(self._on_clouds)
        context.bridge.pictured.connect(self._on_pictured)
        context.rig.described.connect(lambda: self.attach(context.rig.info))

    @property
    def cameras(self) -> dict[str, CameraView]:
        """The view of each camera, by name."""
        return self.grid.views

    def _build(self) -> None:
        self._right, self._top = QSplitter(Qt.Orientation.Vertical), QSplitter(Qt.Orientation.Horizontal)
        self._top.addWidget(self._scene_box)
        self._top.addWidget(self.pads)
        self._top.setStretchFactor(0, 1)
        self._top.setStretchFactor(1, 0)
        self._top.setSizes([620, 200])
        self._right.addWidget(self._top)
        self._right.addWidget(self._curve_box)
        self._whole = QSplitter(Qt.Orientation.Horizontal)
        self._whole.addWidget(self.grid)
        self._whole.addWidget(self._right)
        gap = self._context.theme.grid()
        for splitter in (self._top, self._right, self._whole):
            splitter.setHandleWidth(gap)
            splitter.setChildrenCollapsible(False)
        self._right.setSizes([340, 460])  # in the smallest window every line of the readouts has room
        self._whole.setSizes([560, 820])
        self._whole.setStretchFactor(0, 2)
        self._whole.setStretchFactor(1, 3)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._whole)

    def _calibrate(self, camera: str) -> None:
        """Open the wizard for a camera."""
        CalibrationWizard(self._context, camera, self.window()).show()

    def _on_moved(self, camera: str, words: str) -> None:
        if camera in self.cameras:
            self.cameras[camera].set_moved(words)

    def attach(self, info: ServerInfo | None) -> None:
        """Take over what a rig offers; None when it has gone."""
        self.grid.attach(info)
        if self.isVisible():  # another page's views look at the same cameras
            self._watch.look(info)
        self._reader = LiveReader(info)
        if info is not None:
            names = [sensor.info.name for sensor in self._reader.sensors]
            self.pads.build(names, field_devices(info.streams))
            self._set_panels(info)
        else:
            self.pads.clear()
            self.curves.clear()
        self.live = Live()
        self._plan = np.zeros((0, 3))
        self.cloud.clear()
        set_live(self.scene, Live(), self._context.theme)
        self.scene.redraw()

    def _set_panels(self, info: ServerInfo) -> None:
        """Draw the curves of the sensors that this rig has."""
        panels = panels_for(info)
        if panels != self.curves.panels:
            self.curves = Curves(self._context.bridge, self._context.theme, panels)
            self._curve_box.put(self.curves)

    def set_empty(self, words: str) -> None:
        """Say what to do while there are no pictures."""
        self.grid.set_empty(words)

    def set_plan(self, points: np.ndarray) -> None:
        """Show planned tool positions (n, 3), base frame, as a ribbon; empty to remove it."""
        self._plan = points

    def refresh(self) -> None:
        """Draw the newest state; from the bridge's tick."""
        if not self.isVisible():
            return
        self._ticks += 1
        bridge, info = self._context.bridge, self._context.rig.info
        self.live = self._reader.read(bridge, self._plan)
        self._refresh_pictures(self._ticks % STILL_EVERY == 0)
        if self._ticks % SCENE_EVERY == 0 and info is not None:
            self._refresh_scene()
        elif self._ticks % SCENE_EVERY == 1:  # pads and scene take turns
            self.pads.show_live(self.live)
        if info is not None:
            self.curves.refresh()

    def _on_pictured(self) -> None:
        if self.isVisible():
            self._refresh_pictures(False)

    def _refresh_pictures(self, still: bool) -> None:
        """Show new pictures; with `still` also the newest state over those that are not new."""
        bridge = self._context.bridge
        for name, view in self.cameras.items():
            frame = bridge.picture(f"{name}/color")
            if frame is not None and (still or (frame.header.seq != view.seq and frame.image is not None)):
                note = f"{(frame.received_ns - frame.t_ns) * 1e-6:.0f} ms"
                t_ns = view.shown_ns if frame.image is None else frame.t_ns  # not decoded yet: the one before
                view.show_frame(frame, at_picture(self.live, bridge, t_ns), note)

    def _on_clouds(self) -> None:
        if not (self._context.clouds.running and self._context.clouds.shown):
            self.cloud.clear()

    def _refresh_scene(self) -> None:
        if self._context.clouds.shown:
            self.cloud.refresh()
        set_live(self.scene, self.live, self._context.theme)
        self.scene.redraw()

    def save_state(self) -> dict[str, Any]:
        """Return the splitters' sizes."""
        return {name: splitter.sizes() for name, splitter in self._splitters().items()}

    def restore_state(self, state: dict[str, Any]) -> None:
        """Take over sizes that `save_state` gave; what is not known of an older window is left as it is."""
        for name, splitter in self._splitters().items():
            sizes = [int(size) for size in state.get(name, ())]
            if len(sizes) == splitter.count() and sum(sizes) > 0:
                splitter.setSizes(sizes)

    def _splitters(self) -> dict[str, QSplitter]:
        return {"left": self.grid.splitter, "right": self._right, "whole": self._whole, "top": self._top}
