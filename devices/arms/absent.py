"""A rig without an arm: sensors that are held in the hand, calibrated, or tried on a table."""

from __future__ import annotations

import time

import numpy as np

from app.core.wire.messages import StreamSpec
from devices.arms.options import Absent
from devices.interface import Notice, Sample
from devices.parts.interface import ArmState

MOVED_M = 1e-3


class AbsentArm:
    """Stays where it is; who sends targets all the same is told once that nothing moves."""

    def __init__(self, options: Absent) -> None:
        self.tick_s = 1.0 / options.rate_hz
        self._pose = np.asarray(options.pose, dtype=np.float64)
        self._notices: list[Notice] = []
        self._told = False

    def streams(self) -> tuple[StreamSpec, ...]:
        """Return nothing beyond what every arm publishes."""
        return ()

    def state(self) -> ArmState:
        """Return the pose of the rig file, at rest."""
        return ArmState(time.monotonic_ns(), np.zeros(0), self._pose, np.zeros(6), 0.0)

    def force_n(self) -> float | None:
        """Return None: it feels nothing."""
        return None

    def command(self, pose: np.ndarray, gripper: float) -> None:
        """Move nothing, and say so when a target goes away from the pose."""
        if not self._told and float(np.abs(pose[:3] - self._pose[:3]).max()) > MOVED_M:
            self._told = True
            self._notices.append(Notice("This rig has no arm: targets move nothing."))

    def collect(self) -> list[Sample]:
        """Return nothing."""
        return []

    def latest(self) -> list[Sample]:
        """Return nothing."""
        return []

    def tare(self) -> None:
        """Nothing has a zero."""

    def notices(self) -> list[Notice]:
        """Return what is to be told."""
        notices, self._notices = self._notices, []
        return notices

    def close(self) -> None:
        """Nothing is open."""


def make_absent(_name: str, options: Absent) -> AbsentArm:
    """Return the arm that is not there."""
    return AbsentArm(options)
