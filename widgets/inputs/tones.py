"""The tones of the window: whether they are on, how loud, and the child that plays them."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from widgets.bridge.jobs import Job, Jobs
from widgets.rig_session import RigPhase, RigSession


class Tones(QObject):
    """Runs `tones` while they are on and the rig is up. Off by default.

    Signals:
        changed(): On or off, volume, or the problem.

    Attributes:
        on: The person wants to hear them.
        volume: 0..1.
        problem: Why there is nothing to be heard although they were wanted; empty if there is no reason.
    """

    changed = Signal()

    def __init__(self, jobs: Jobs, rig: RigSession, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs, self._rig = jobs, rig
        self.on, self.volume, self.problem = False, 0.5, ""
        self._job: Job | None = None
        rig.up.connect(self._follow)
        rig.down.connect(self._follow)

    def set_on(self, on: bool) -> None:
        """Switch them on or off."""
        if on == self.on:
            return
        self.on, self.problem = on, ""
        self._follow()
        self.changed.emit()

    def toggle(self) -> None:
        """Switch them the other way."""
        self.set_on(not self.on)

    def set_volume(self, volume: float) -> None:
        """Change how loud they are."""
        self.volume = min(max(volume, 0.0), 1.0)
        if self._job is not None:
            self._job.intent("volume", value=self.volume)
        self.changed.emit()

    def _follow(self, _why: str = "") -> None:
        wanted = self.on and self._rig.phase is RigPhase.UP
        if wanted and self._job is None:
            words = ("--connect", self._rig.connect_text, "--volume", f"{self.volume:.3f}")
            self._job = self._jobs.start("tones", *words)
            self._job.ended.connect(self._on_ended)
        elif not wanted and self._job is not None:
            self._job.stop()

    def _on_ended(self, status: int, words: str) -> None:
        self._job = None
        if status:
            self.on, self.problem = False, words
        else:
            self._follow()  # it was asked for again while it ended
        self.changed.emit()

    def state(self) -> dict[str, Any]:
        """Return what is remembered."""
        return {"on": self.on, "volume": self.volume}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what was remembered."""
        self.volume = min(max(float(state["volume"]), 0.0), 1.0)
        self.set_on(bool(state["on"]))
