"""A series of rollouts as the page sees it: the rig, the child `deploy`, what it tells.

::

    IDLE -- go() --> CLAIMING (rig up, arm ours) --> STARTING (policy loads) --> DRIVING -- all done, stop() --> IDLE
                        |                               |                          |
                        +------------- stop(), the child or the rig ended ---------+
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from widgets.bridge.jobs import Job
from widgets.context import WindowContext

OWNER = "deploy"


class Phase(StrEnum):
    """Where a series stands."""

    IDLE = "idle"
    CLAIMING = "claiming"
    STARTING = "starting"
    DRIVING = "driving"
    ENDING = "ending"


@dataclass
class Series:
    """What a series has given so far.

    Attributes:
        scores, outcomes: One per rollout that is over and was not cut off.
        interrupted: How many were cut off by a stop or by a lapse of the enabling input.
        total: How many there shall be.
        result: What `deploy` says at the end, None before.
        seconds: Length of the present rollout, None between two.
        disk_s: Recording time that the disk still holds, None while unknown.
        dropped: Samples lost in each rollout, by its uuid.
    """

    run: str = ""
    total: int = 0
    scores: list[float] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    interrupted: int = 0
    result: dict[str, Any] | None = None
    seconds: float | None = None
    disk_s: float | None = None
    dropped: dict[str, int] = field(default_factory=dict)


class DeploySession(QObject):
    """Runs `deploy` as a child.

    Signals:
        changed(): Phase or series changed.
        scored(dict): A rollout is over: seed, score, outcome, path.
        told(dict): Rates and plan of the policy that drives.
        recorded(): Length, disk or losses of the present rollout changed.
        ended(str): The series is over; the text says why if it failed.
    """

    changed = Signal()
    scored = Signal(dict)
    told = Signal(dict)
    recorded = Signal()
    ended = Signal(str)

    def __init__(self, context: WindowContext, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self.phase = Phase.IDLE
        self.series = Series()
        self.plan = np.zeros((0, 3))
        self.by_window = True
        self._words: list[str] = []
        self._job: Job | None = None
        rig = context.rig
        rig.up.connect(self._on_rig_up)
        rig.down.connect(self._on_rig_down)
        rig.granted.connect(self._on_granted)
        rig.asked_to_leave.connect(self._on_asked_to_leave)

    @property
    def busy(self) -> bool:
        """Whether a series is under way."""
        return self.phase is not Phase.IDLE

    def go(self, run: str, words: list[str], total: int, by_window: bool) -> None:
        """Begin: start the rig if it is not there, take the arm, start the policy, let it drive.

        Args:
            run: Folder of the checkpoint.
            words: More arguments of `deploy`.
            total: How many rollouts they ask for.
            by_window: This window enables motion, as on a real arm.
        """
        if self.busy:
            return
        self.by_window = by_window
        self._words = [run, *words, "--enable", "window" if by_window else "headless"]
        self.series = Series(run, total)
        self.plan = np.zeros((0, 3))
        self._enter(Phase.CLAIMING)
        self._context.rig.ensure()

    def stop(self) -> None:
        """End the present rollout and the series; what was recorded stays."""
        if self._job is not None:
            self._job.intent("stop")
            if self.phase is Phase.STARTING:
                self._job.stop()  # it hears no intent before it drives
            self._enter(Phase.ENDING)
        elif self.busy:
            self._finish("")

    def _on_rig_up(self) -> None:
        if self.phase is Phase.CLAIMING:
            self._context.rig.claim(OWNER)

    def _on_granted(self, owner: str) -> None:
        if owner != OWNER:
            return
        if self.phase is not Phase.CLAIMING:
            self._context.rig.release(OWNER)
            return
        self._enter(Phase.STARTING)
        context = self._context
        place = ("--rig", context.rig.name, "--connect", context.rig.connect_text)
        data = ("--data", str(context.project.rollouts))
        job = self._job = context.jobs.start("deploy", *self._words, *place, *data)
        job.ready.connect(self._on_ready)
        job.state.connect(self._on_state)
        job.progress.connect(self._on_progress)
        job.result.connect(self._on_result)
        job.ended.connect(self._on_ended)

    def _on_ready(self, _body: dict[str, Any]) -> None:
        if self.phase is Phase.STARTING:
            self._enter(Phase.DRIVING)

    def _on_state(self, body: dict[str, Any]) -> None:
        if body.get("name") == "driving":
            self.plan = np.asarray(body.get("plan") or [], dtype=float).reshape(-1, 3)
            self.told.emit(body)
        elif body.get("name") == "recording":
            self.series.seconds, self.series.disk_s = float(body["seconds"]), float(body["disk_free_s"])
            self.series.dropped[str(body["take"])] = int(body["dropped"])
            self.recorded.emit()

    def _on_progress(self, body: dict[str, Any]) -> None:
        if body.get("interrupted"):
            self.series.interrupted += 1
        else:
            self.series.scores.append(float(body["score"]))
            self.series.outcomes.append(str(body["outcome"]))
        self.plan, self.series.seconds = np.zeros((0, 3)), None
        self.scored.emit(body)
        self.changed.emit()

    def _on_result(self, body: dict[str, Any]) -> None:
        self.series.result = body
        self.changed.emit()

    def _on_ended(self, status: int, words: str) -> None:
        asked = self.phase is Phase.ENDING
        self._job = None
        failed = status != 0 and not asked
        self._finish((words or f"it ended with status {status}") if failed else "")

    def _finish(self, why: str) -> None:
        self.plan = np.zeros((0, 3))
        self._enter(Phase.IDLE)
        self._context.rig.release(OWNER)
        self.ended.emit(why)

    def _on_rig_down(self, why: str) -> None:
        if self._job is not None:
            self._job.stop()
        elif self.busy:
            self._finish(why or "the rig was stopped")

    def _on_asked_to_leave(self, owner: str) -> None:
        if owner != OWNER:
            return
        if self._job is not None:
            self.stop()
        else:
            self._context.rig.release(OWNER)

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self.changed.emit()
