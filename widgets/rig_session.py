"""The rig of the window: starts `serve` as a child, connects to it, and tells pages what it offers.

::

    OFF -- ensure() --> STARTING -- ready + describe --> UP
     ^                      |                            |
     +----- ended ----------+---------- ended -----------+
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal

from app.core.errors import TouchstoneError
from app.core.rig import load_rig
from app.core.wire.client import Endpoints
from app.core.wire.messages import CameraInfo, ServerInfo
from widgets.bridge.bridge import Bridge
from widgets.bridge.jobs import Job
from widgets.bridge.letters import Answer
from widgets.rig_watch import RigWatch

STOP_TIMEOUT_S = 1.0  # a stop that takes longer to be confirmed is worth a message


class RigPhase(StrEnum):
    """Where the rig is."""

    OFF = "off"
    STARTING = "starting"
    UP = "up"


class RigSession(QObject):
    """The one device server that the window talks to.

    Signals:
        changed(): `phase` or `info` changed.
        described(): `info` was read anew; the rig goes on.
        up(): The rig is there: `info` and `connect_text` are set.
        down(str): It has gone; the text says why, empty if it was asked to.
        asked_to_leave(str): Another page claims the rig; the present owner of this name must end what it runs on it
            and call `release`.
        granted(str): The claimant of this name has the rig now.
        freed(): The page that had the rig gave it back, and no other wants it.
        stopped(str): The person asked for a software stop; the text says how.

    Attributes:
        name: Name of the rig ("sim/wipe").
        info: What it offers, None while it is not up.
        connect_text: STREAMS,COMMANDS for `--connect`, empty while it is not up.
        elsewhere: A device server that runs already and is joined; None: one is started.
    """

    changed = Signal()
    described = Signal()
    up = Signal()
    down = Signal(str)
    asked_to_leave = Signal(str)
    granted = Signal(str)
    freed = Signal()
    stopped = Signal(str)

    def __init__(
        self, name: str, bridge: Bridge, parent: QObject | None = None, elsewhere: Endpoints | None = None
    ) -> None:
        super().__init__(parent)
        self.name = name
        self.rig = load_rig(name)
        self.phase = RigPhase.OFF
        self.info: ServerInfo | None = None
        self.connect_text = ""
        self.problem = ""
        self.owner = ""
        self._claimant = ""
        self._bridge = bridge
        self._job: Job | None = None
        self.elsewhere = elsewhere
        self._watch = RigWatch(bridge, self)
        self._watch.silent.connect(self._on_silent)

    def ensure(self) -> None:
        """Start or join the rig unless it is up or starting; `up` follows (at once if it is up)."""
        if self.phase is RigPhase.UP:
            self.up.emit()
        if self.phase is not RigPhase.OFF:
            return
        if self.elsewhere is not None:
            self.join(self.elsewhere)
            return
        self._set(RigPhase.STARTING)
        self._job = self._bridge.jobs.start("serve", "--rig", self.name)
        self._job.ready.connect(self._on_ready)
        self._job.ended.connect(self._on_ended)

    def join(self, endpoints: Endpoints) -> None:
        """Connect to a device server that runs already, started by somebody else."""
        self._set(RigPhase.STARTING)
        self._connect(endpoints.text())

    def stop(self) -> None:
        """End the rig's server."""
        if self._job is not None:
            self._job.stop()

    def claim(self, owner: str) -> None:
        """Ask for the rig: one page at a time moves the arm. `granted(owner)` follows, at once if nobody has it."""
        if self.owner in ("", owner):
            self.owner = owner
            self.granted.emit(owner)
        else:
            self._claimant = owner
            self.asked_to_leave.emit(self.owner)

    def release(self, owner: str) -> None:
        """Give the rig back, after everything that this page ran on it has ended."""
        if self._claimant == owner:
            self._claimant = ""
        if self.owner == owner:
            self.owner, claimant, self._claimant = "", self._claimant, ""
            if claimant:
                self.claim(claimant)
            else:
                self.freed.emit()

    def camera(self, name: str) -> CameraInfo | None:
        """Return a camera's geometry by name, None if the rig has none of that name."""
        cameras = self.info.cameras if self.info is not None else ()
        return next((camera for camera in cameras if camera.name == name), None)

    def describe_again(self) -> None:
        """Ask what the rig offers once more: a camera was calibrated; `described` follows."""
        if self.phase is RigPhase.UP:
            self._bridge.command("describe", self._on_described_again)

    def _on_described_again(self, answer: Answer) -> None:
        if self.phase is RigPhase.UP and answer.ok:
            self.info = msgspec.convert(answer.result, ServerInfo)
            self.described.emit()

    def software_stop(self, why: str) -> None:
        """Ask the device server to stop all motion now; re-arming needs a new press.

        The question goes out before anybody in the window is told: what they show takes milliseconds.
        """
        self._bridge.urgent("stop", self._on_stop_answer, STOP_TIMEOUT_S, reason=why)
        self.stopped.emit(why)

    def _on_stop_answer(self, answer: Answer) -> None:
        if not answer.ok and self.phase is RigPhase.UP:
            self.problem = answer.error
            self._bridge.failed.emit(f"The software stop was not confirmed: {answer.error}")

    def _on_ready(self, body: dict[str, Any]) -> None:
        self._connect(str(body["connect"]))

    def _connect(self, text: str) -> None:
        self.connect_text = text
        self._bridge.connect_device(Endpoints.parse(text))
        self._bridge.command("describe", self._on_described)

    def _on_described(self, answer: Answer) -> None:
        if self.phase is not RigPhase.STARTING:
            return
        if not answer.ok:
            silent = self._job is None and "no answer to" in answer.error
            self._fail(self._nobody() if silent else answer.error)
            return
        try:
            self.info = msgspec.convert(answer.result, ServerInfo)
        except (msgspec.ValidationError, TouchstoneError) as error:
            self._fail(f"The rig's description cannot be read: {error}")
            return
        if self.info.rig != self.rig.name:
            self._fail(
                f"The device server that was joined serves {self.info.rig}, and the window is for {self.rig.name}. "
                f"Start the window with --rig {self.info.rig}."
            )
            return
        self.problem = ""
        if self._job is None:
            self._watch.start()
        self._set(RigPhase.UP)
        self.up.emit()

    def _nobody(self) -> str:
        return (
            f"No device server answers at {self.connect_text}: it is not started there, has another address, or does "
            f"not let this machine in. Start it with `python main.py serve --rig {self.name}`, and give --connect the "
            "line that it prints; for keys see `python main.py keys`."
        )

    def _on_silent(self, seconds: float) -> None:
        self._fail(
            f"The device server at {self.connect_text} has not answered for {seconds:.0f} s: it has ended, or the "
            "network is down. See to it there; joining it again is the way on."
        )

    def _fail(self, text: str) -> None:
        self._bridge.failed.emit(text)
        if self._job is not None:
            self._job.stop()
        else:
            self._gone(text)

    def _on_ended(self, status: int, words: str) -> None:
        asked = self._job is not None and self._job.stopping
        self._job = None
        self._gone("" if asked and status == 0 else words or f"status {status}")

    def _gone(self, why: str) -> None:
        self._watch.stop()
        self._bridge.disconnect_device()
        self.info, self.connect_text, self.problem = None, "", why
        self._set(RigPhase.OFF)
        self.down.emit(why)

    def _set(self, phase: RigPhase) -> None:
        if phase is not self.phase:
            self.phase = phase
            self.changed.emit()
