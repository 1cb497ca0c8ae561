"""Runs the role `cloud` while a rig is up whose cameras see depth, and has the window receive what it publishes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.cloud.message import PICTURE, TOPIC
from app.core.wire.messages import ServerInfo
from widgets.bridge.bridge import Bridge
from widgets.bridge.jobs import Job
from widgets.cloud_drawer import CloudDrawer
from widgets.notifications.centre import Notifications
from widgets.rig_session import RigSession
from widgets.views.scene.choice import has_card


@dataclass(frozen=True)
class Density:
    """How fine a cloud is; fields as in the intent `density` of the role `cloud`."""

    voxel_mm: float = 4.0
    outlier: str = "radius"
    budget: int = 100_000
    wanted: bool = True


OFF, NORMAL = "off", "normal"
DENSITIES: dict[str, tuple[str, Density]] = {
    OFF: ("No cloud", Density(wanted=False)),
    "coarse": ("A point every 8 mm", Density(8.0)),
    NORMAL: ("A point every 4 mm", Density(4.0)),
    "fine": ("A point every 2 mm", Density(2.0)),
    "all": ("Every point, 100,000 at most", Density(0.0, "none")),
}


def sees_depth(info: ServerInfo) -> bool:
    """Whether any calibrated camera of a rig publishes depth."""
    topics = {spec.topic for spec in info.streams}
    return any(f"{camera.name}/depth" in topics for camera in info.cameras)


class CloudSession(QObject):
    """One cloud process for the one rig of the window, and where no graphics card draws, one that draws its clouds.

    With a graphics card the window itself receives the points, in `bridge.frames` under their topic.

    Signals:
        changed(): It began or ended, or another density was chosen.

    Attributes:
        state: What it told last: points, offered, rate_hz, took_ms, residuals.
        density: What the person chose, a name of `DENSITIES`.
        drawer: Draws the cloud; not used where a graphics card does.
    """

    changed = Signal()

    def __init__(
        self, bridge: Bridge, rig: RigSession, notifications: Notifications, parent: QObject
    ) -> None:
        super().__init__(parent)
        self.state: dict[str, Any] = {}
        self._bridge, self._rig = bridge, rig
        self.density = NORMAL
        self.drawer = CloudDrawer(bridge, notifications, self)
        self._job: Job | None = None
        rig.up.connect(self._on_up)
        rig.down.connect(self._on_down)

    @property
    def running(self) -> bool:
        """Whether this rig has a cloud process: its cameras see depth."""
        return self._job is not None

    @property
    def shown(self) -> bool:
        """Whether clouds are wanted."""
        return self.density != OFF

    def set_density(self, name: str) -> None:
        """Choose how fine the cloud is from now on, also of the next rig.

        Raises:
            ValueError: There is no such density.
        """
        if name not in DENSITIES:
            raise ValueError(f"there is no density {name!r} of the cloud")
        self.density = name
        self.ask(DENSITIES[name][1])
        if not self.shown:
            self._bridge.frames.pop(TOPIC, None)
            self._bridge.frames.pop(PICTURE, None)
        self.changed.emit()

    def ask(self, density: Density) -> None:
        """Have the clouds made like this (`bench window --points` asks for what no menu has)."""
        if self._job is not None:
            self._job.intent("density", **asdict(density))

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
        endpoint = str(body["endpoint"])
        if has_card():
            self._bridge.add_streams(endpoint)
        else:
            self.drawer.start(endpoint)
        if self.density != NORMAL:
            self.ask(DENSITIES[self.density][1])
        self.changed.emit()

    def _on_state(self, body: dict[str, Any]) -> None:
        self.state = body

    def _on_down(self, _why: str) -> None:
        self.drawer.stop()
        if self._job is not None:
            self._job.stop()

    def _on_ended(self, _status: int, _words: str) -> None:
        self.drawer.stop()
        self._job, self.state = None, {}
        self.changed.emit()
