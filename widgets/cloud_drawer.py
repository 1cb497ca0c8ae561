"""Runs the role `splat`, which draws the cloud for the 3D scene, and starts it anew if it dies."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QTimer

from app.cloud.message import PICTURE
from app.cloud.painter import Viewpoint
from widgets.bridge.bridge import Bridge
from widgets.bridge.feed import Frame
from widgets.bridge.jobs import Job
from widgets.notifications.centre import Notifications

AGAIN_MS = 500
MOST_STARTS, WITHIN_S = 4, 60.0  # more than that, and something is wrong that another start does not mend
REST_MS = 1000  # nobody looked for as long: nothing is drawn


class CloudDrawer(QObject):
    """One drawing process for the one scene that is visible.

    Attributes:
        offered, drawn: Points of the newest cloud, and how many of them are in its picture.
    """

    def __init__(self, bridge: Bridge, notifications: Notifications, parent: QObject) -> None:
        super().__init__(parent)
        self.offered = self.drawn = 0
        self._bridge, self._notifications = bridge, notifications
        self._clouds = self._endpoint = ""
        self._job: Job | None = None
        self._view: Viewpoint | None = None
        self._starts: list[float] = []
        self._again, self._rest = QTimer(self), QTimer(self)
        for timer, milliseconds, act in (
            (self._again, AGAIN_MS, self._start),
            (self._rest, REST_MS, self._on_rest),
        ):
            timer.setSingleShot(True)
            timer.setInterval(milliseconds)
            timer.timeout.connect(act)

    def start(self, clouds: str) -> None:
        """Draw the clouds that are published there."""
        self._clouds, self._starts = clouds, []
        self._start()

    def stop(self) -> None:
        """End the process; what was drawn is forgotten."""
        self._clouds = ""
        self._again.stop()
        self._rest.stop()
        if self._job is not None:
            self._job.stop()
            self._job = None
        self._forget()

    def want(self, view: Viewpoint) -> None:
        """Say from where the cloud is looked at; call it whenever the scene is painted."""
        self._rest.start()
        if view != self._view and self._job is not None and self._job.ready_body is not None:
            self._view = view
            self._job.intent("view", **view.body())

    def picture(self) -> Frame | None:
        """Return the newest picture; its time is that of the cloud."""
        return self._bridge.frames.get(PICTURE)

    def _start(self) -> None:
        now = time.monotonic()
        self._starts = [start for start in self._starts if now - start < WITHIN_S] + [now]
        job = self._job = self._bridge.jobs.start("splat", "--connect", self._clouds)
        job.ready.connect(partial(self._on_ready, job))
        job.state.connect(partial(self._on_state, job))
        job.ended.connect(partial(self._on_ended, job))

    def _on_ready(self, job: Job, body: dict[str, Any]) -> None:
        if job is self._job:
            self._endpoint = str(body["endpoint"])
            self._bridge.add_streams(self._endpoint)

    def _on_state(self, job: Job, body: dict[str, Any]) -> None:
        if job is self._job:
            self.offered, self.drawn = int(body["offered"]), int(body["drawn"])

    def _on_rest(self) -> None:
        self._view = None
        if self._job is not None:
            self._job.intent("rest")

    def _on_ended(self, job: Job, _status: int, _words: str) -> None:
        if job is not self._job:
            return  # one that was stopped, while its successor runs already
        self._job = None
        self._forget()
        if not self._clouds or job.stopping:
            return  # it was asked to end: nobody looks, or the window closes
        if len(self._starts) < MOST_STARTS:
            self._notifications.warning(
                "The 3D scene shows no cloud for a moment: its drawing is started anew."
            )
            self._again.start()
        else:
            self._notifications.error(
                f"The drawing of the cloud ended {MOST_STARTS} times within a minute. The 3D scene shows no cloud "
                "until the rig is connected again; everything else goes on."
            )

    def _forget(self) -> None:
        if self._endpoint:
            self._bridge.drop_streams(self._endpoint)
        self._endpoint, self._view = "", None
        self.offered = self.drawn = 0
        self._bridge.frames.pop(PICTURE, None)
