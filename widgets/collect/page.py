"""The workspace Collect: live views, the hand, and the recording bar."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QVBoxLayout

from app.core.geometry import pose_to_matrix
from widgets.collect.recording_bar import RecordingBar
from widgets.collect.session import OWNER, CollectSession, Phase
from widgets.context import WindowContext
from widgets.hand.hand import TYPING
from widgets.hand.keys import HELP
from widgets.hand.view_axes import plane_of, snapped_view
from widgets.inputs.panel import InputPanel
from widgets.page import Page
from widgets.views.live_views import LiveViews

RECORDING_HELP = (
    ("", "Record"),
    ("Enter", "Start a take, keep it, go on to the next"),
    ("Backspace", "Discard the take; between takes: reset the board"),
    ("T", "Tare the force sensor"),
    ("P", "Practice: nothing is recorded"),
)
EMPTY = {
    Phase.OFF: "No pictures: the rig is not connected. Press Enter to start it.",
    Phase.CONNECTING: "The rig starts …",
}


class CollectPage(Page):
    """See and feel what the robot does, drive it, record demonstrations."""

    title = "Collect"
    icon = "collect"
    watched = True
    key = 1
    key_help = (*HELP, *RECORDING_HELP)

    def __init__(self, context: WindowContext) -> None:
        super().__init__(context)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.session = CollectSession(context, self)
        self.views = LiveViews(context)
        self.bar = RecordingBar(self.session, context.hand, context.theme)
        self.input_panel = InputPanel(self.session.input, context.hand, context.tones, context.theme, self)
        column = QVBoxLayout(self)
        grid = context.theme.grid
        column.setContentsMargins(grid(), grid(), grid(), grid())
        column.setSpacing(grid())
        column.addWidget(self.views, 1)
        column.addWidget(self.bar)
        self._seen = self._front = False
        self._connect()
        self._on_session()

    def _connect(self) -> None:
        context, session = self.context, self.session
        session.changed.connect(self._on_session)
        context.bridge.ticked.connect(self.views.refresh)
        context.rig.up.connect(self._on_rig)
        context.rig.down.connect(self._on_rig)
        self.bar.next_pressed.connect(session.next)
        self.bar.discard_pressed.connect(session.discard)
        self.bar.tare_pressed.connect(session.tare)
        self.bar.gauge.pressed.connect(self.input_panel.toggle)
        self.views.mouse_pressed.connect(lambda: context.hand.hold_mouse(True))
        self.views.mouse_released.connect(lambda: context.hand.hold_mouse(False))
        self.views.mouse_dragged.connect(self._on_drag)
        self.views.mouse_wheeled.connect(context.hand.wheel)
        for keys, button in (
            ("Return", self.bar.primary),
            ("Enter", self.bar.primary),
            ("Backspace", self.bar.discard),
            ("T", self.bar.tare),
            ("P", self.bar.practice),
            ("I", self.bar.gauge),
        ):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.setAutoRepeat(False)
            shortcut.activated.connect(lambda button=button: self._press(button))

    def _press(self, button: Any) -> None:
        typing = QApplication.focusWidget()
        if isinstance(typing, TYPING):
            self.setFocus()  # Enter in a field ends typing, and nothing else
        elif button.isEnabled():
            button.click()

    def appear(self) -> None:
        """Connect at the first time; let the hand drive again."""
        self._front = True
        self._on_session()
        if not self._seen:
            self._seen = True
            if self.context.autostart:
                self.session.connect_rig()

    def tell(self) -> None:
        """Say how collecting stands."""
        self._on_session()

    def vanish(self) -> None:
        """The hand drives only while its page is seen."""
        self._front = False
        self.context.hand.drop("another workspace is open")
        self._on_session()

    def _on_rig(self, _why: str = "") -> None:
        info = self.context.rig.info
        self.views.attach(info)
        cameras = info.cameras if info is not None else ()
        camera = next((camera for camera in cameras if camera.mount == "base"), None)
        if camera is not None:
            pose = np.asarray(camera.pose).reshape(4, 4)
            self.context.hand.set_view(*snapped_view(pose[:3, 0], pose[:3, 2]))

    def _on_drag(self, name: str, right: float, up: float) -> None:
        camera = self.context.rig.camera(name)
        pose = self.views.live.pose
        if camera is None or pose is None:
            return
        mount = pose_to_matrix(pose) if camera.mount == "tool" else np.eye(4)
        axes = (mount @ np.asarray(camera.pose).reshape(4, 4))[:3, :3]
        twist = np.zeros(6)
        right_axis, up_axis = plane_of(axes[:, 0], axes[:, 1], axes[:, 2])
        twist[:3] = right * right_axis + up * up_axis
        self.context.hand.drag(twist)

    def _on_session(self) -> None:
        session = self.session
        endpoint = str(session.numbers.get("input") or "")
        if endpoint and session.operator == "hand":
            self.context.hand.engage(endpoint, self)
        self.views.set_empty(EMPTY.get(session.phase, "Waiting for the first picture …"))
        self.bar.refresh()
        if self._front or self.context.rig.owner == OWNER:  # a recording shows on every workspace
            session.tell_status(self._front)

    def save_state(self) -> dict[str, object]:
        """Remember splitters, plan and person."""
        return {
            "views": self.views.save_state(),
            "plan": self.session.plan,
            "person": self.session.person,
            "condition": self.session.condition,
        }

    def restore_state(self, state: dict[str, Any]) -> None:
        """Take over what was remembered."""
        self.bar.plan.setValue(int(state["plan"]))
        self.session.person = str(state["person"])
        self.bar.person.setText(self.session.person)
        self.bar.person.setCursorPosition(0)
        self.bar.condition.choose(str(state.get("condition", "")))
        self.session.set_condition(self.bar.condition.chosen())
        self.views.restore_state(state["views"])
