"""A stand-in for the library `flexivrdk` 1.9.4.1, which has no package for Python 3.11.

It has the calls that the driver makes, with the names and parameters that the library's package for Python 3.12 lists.
It is no protocol double: nothing of the maker runs here.
"""

from __future__ import annotations

import enum
import threading
import time
from types import SimpleNamespace
from typing import Any

Mode = enum.Enum("Mode", ["UNKNOWN", "IDLE", "NRT_CARTESIAN_MOTION_FORCE"])
OperationalStatus = enum.Enum("OperationalStatus", ["READY", "NOT_ENABLED", "CRITICAL_FAULT"])
# what the driver calls: parameters of the real library, by its own documentation
SIGNATURES = {
    "__init__": ("robot_sn", "network_interface_whitelist", "verbose", "lite"),
    "SendCartesianMotionForce": (
        "pose", "wrench", "velocity", "max_linear_vel", "max_angular_vel", "max_linear_acc", "max_angular_acc",
    ),
    "SwitchMode": ("mode",),
    **dict.fromkeys(("Enable", "Stop", "states", "fault", "operational", "operational_status", "connected"), ()),
}  # fmt: skip
STATES = ("tcp_pose", "tcp_vel", "ext_wrench_in_tcp", "q", "dq", "timestamp")


class Robot:
    """Attributes `status`, `force`, `lost`, `frozen` are set by tests; `targets` is what came."""

    newest: Robot

    def __init__(
        self, robot_sn: str, network_interface_whitelist: list[str] | None = None, verbose: bool = True,
        lite: bool = False,
    ) -> None:  # fmt: skip
        if not robot_sn.startswith("Rizon"):
            raise RuntimeError(f"[flexiv::rdk::Robot] Failed to connect to [{robot_sn}].")
        self.pose = [0.5, 0.1, 0.4, 0.0, 1.0, 0.0, 0.0]
        self.force = [0.0] * 6
        self.status, self.lost, self.frozen, self.refuse = OperationalStatus.NOT_ENABLED, False, False, ""
        self.targets: list[list[float]] = []
        self.stopped = threading.Event()
        self._mode, self._time = Mode.IDLE, time.monotonic_ns()
        Robot.newest = self

    def connected(self) -> bool:
        return not self.lost

    def fault(self) -> bool:
        return self.status is OperationalStatus.CRITICAL_FAULT

    def operational(self) -> bool:
        return self.status is OperationalStatus.READY

    def operational_status(self) -> OperationalStatus:
        return self.status

    def Enable(self) -> None:
        self.status = OperationalStatus.READY

    def SwitchMode(self, mode: Mode) -> None:
        self._mode = mode

    def mode(self) -> Mode:
        return self._mode

    def Stop(self) -> None:
        self._mode = Mode.IDLE
        self.stopped.set()

    def SendCartesianMotionForce(self, pose: list[float], **limits: float) -> None:
        assert set(limits) <= set(SIGNATURES["SendCartesianMotionForce"])
        if self.refuse:
            raise RuntimeError(self.refuse)
        self.targets.append(pose)
        self.pose = list(pose)

    def states(self) -> Any:
        if not self.frozen:
            self._time = time.monotonic_ns()
        return SimpleNamespace(
            tcp_pose=self.pose, tcp_vel=[0.0] * 6, ext_wrench_in_tcp=self.force, q=[0.1] * 7, dq=[0.0] * 7,
            timestamp=divmod(self._time, 10**9),
        )  # fmt: skip
