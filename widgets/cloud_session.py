"""Runs the role `cloud` while a rig is up whose cameras see depth, and has the window receive what it publishes."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject

from app.core.wire.messages import ServerInfo
from widgets.bridge.bridge import Bridge
from widgets.bridge.jobs import Job
from widgets.rig_session import RigSession


def sees_depth(info: ServerInfo) -> bool:
    """Whether any calibrated camera of a rig publishes depth."""
    topics = {spec.topic for spec in info.streams}
    return any(f"{camera.name}/depth" in topics for camera in info.cameras)


class CloudSession(QObject):
    """One cloud process for the one rig of the window; pages read `bridge.frames` under its topic.

    Attributes:
        state: What it told last: points, offered, rate_hz, took_ms, residuals.
    """

    def __init__(self, bridge: Bridge, rig: RigSession, parent: QObject) -> None:
        super().__init__(parent)
        self.state: dict[str, Any] = {}
        self._bridge, self._rig = bridge, rig
        self._job: Job | None = None
        rig.up.connect(self._on_up)
        rig.down.connect(self._on_down)

    def refine(self) -> None:
        """Correct the cameras' places by what they see together; the outcome comes as messages."""
        if self._job is not None:
            self._job.intent("refine")

    def _on_up(self) -> None:
        info = self._rig.info
        if self._job is not None or info is None or info.lockstep or not sees_depth(info):
            return
        self._job = self._bridge.jobs.start("cloud", "--connect", self._rig.connect_text)
        self._job.ready.connect(self._on_ready)
        self._job.state.connect(self._on_state)
        self._job.ended.connect(self._on_ended)

    def _on_ready(self, body: dict[str, Any]) -> None:
        self._bridge.add_streams(str(body["endpoint"]))

    def _on_state(self, body: dict[str, Any]) -> None:
        self.state = body

    def _on_down(self, _why: str) -> None:
        if self._job is not None:
            self._job.stop()

    def _on_ended(self, _status: int, _words: str) -> None:
        self._job, self.state = None, {}
