"""A Universal Robots arm over RTDE, without an SDK.

Its wrench is what the controller estimates: at the TCP, in the directions of the base. It is turned into the tool
frame and tared here. A protective stop, the watchdog and a lost connection end the arm's program, and so motion.
"""

from __future__ import annotations

import threading
import time

import numpy as np

from app.core.errors import DeviceError
from app.core.geometry import quat_to_matrix, quat_to_rotvec, rotvec_to_quat
from devices.arms.fed import CONNECT_S, FedArm
from devices.arms.options import Ur
from devices.arms.rtde import Connection
from devices.arms.urscript import HEARTBEAT, RUN, RUNNING, STATE, TARGET, program, upload
from devices.interface import Sample
from devices.parts.interface import ArmState
from devices.touch.wrench import Tare

START_S = 3.0
OUTPUTS = (
    "actual_q",
    "actual_qd",
    "actual_TCP_pose",
    "actual_TCP_speed",
    "actual_TCP_force",
    "safety_mode",
    STATE,
)
INPUTS = (HEARTBEAT, RUN, *TARGET)
ABLE = (1, 2)  # safety modes in which it moves: normal, reduced
SAFETY_MODES = (
    "", "normal", "reduced", "protective stop", "recovery", "safeguard stop", "system emergency stop",
    "robot emergency stop", "violation", "fault",
)  # fmt: skip


class UrSource:
    """One connection, read in a feed's thread.

    Attributes:
        newest: What was measured last.
        safety: Safety mode; `running` whether our program says that it runs.
    """

    def __init__(self, name: str, options: Ur, tare: Tare) -> None:
        self._name, self._options, self._tare = name, options, tare
        self._beat = 0
        inputs = INPUTS if options.control else ()
        self.connection = Connection(name, options.host, options.rate_hz, OUTPUTS, inputs, CONNECT_S)
        self.newest: ArmState | None = None
        self.safety, self.running = 0, False

    def read(self) -> list[Sample]:
        """Return the wrenches that came, and keep the newest state."""
        samples = []
        for values in self.connection.receive():
            q, dq, pose, twist, force, safety, state = (np.array(value, dtype=np.float64) for value in values)
            now = time.monotonic_ns()
            quaternion = rotvec_to_quat(pose[3:])
            self.newest = ArmState(
                now, np.concatenate([q, dq]), np.concatenate([pose[:3], quaternion]), twist, 0.0
            )
            self.safety, self.running = int(safety[0]), int(state[0]) == RUNNING
            to_tool = quat_to_matrix(quaternion).T * self._options.wrench_sign
            wrench = self._tare.feed(np.concatenate([to_tool @ force[:3], to_tool @ force[3:]]))
            samples.append(Sample("arm/wrench", now, wrench.astype(np.float32)))
        return samples

    def start(self) -> None:
        """Write the present pose as target, start the program, and wait until it says that it runs."""
        options = self._options
        if self.safety not in ABLE:
            raise DeviceError(
                f"arm {self._name!r}", f"it is in {mode_name(self.safety)}",
                way_out="Release the stop and enable the arm on its pendant",
            )  # fmt: skip
        self._send(self._pose_now())
        text = program(1.0 / options.rate_hz, options.lookahead_s, options.gain, options.farthest_m)
        upload(self._name, options.host, text, CONNECT_S)
        pause, deadline = threading.Event(), time.monotonic() + START_S
        while not self.running:
            if time.monotonic() > deadline:
                raise DeviceError(
                    f"arm {self._name!r}", "its controller did not start the program",
                    way_out="Put it into remote control, and close what runs on the pendant",
                )  # fmt: skip
            self._send(self._pose_now())
            pause.wait(1.0 / options.rate_hz)

    def _pose_now(self) -> np.ndarray:
        assert self.newest is not None  # the feed has waited for it
        return self.newest.pose

    def _send(self, pose: np.ndarray, run: int = 1) -> None:
        self._beat = (self._beat + 1) % 2**31
        target = (*pose[:3], *quat_to_rotvec(pose[3:]))
        self.connection.send((self._beat, run, *(float(value) for value in target)))

    def follow(self, pose: np.ndarray, gripper: float) -> None:
        """Write the target; there is no gripper to drive."""
        self._send(pose)

    def hindrance(self) -> str:
        """Return why the program does not follow."""
        if self.safety not in ABLE:
            return f"it is in {mode_name(self.safety)}"
        return "" if self.running else "its program has ended"

    def finish(self) -> None:
        """End the program; the controller's watchdog does it if we cannot."""
        self._send(self._pose_now(), run=0)

    def close(self) -> None:
        """Hang up."""
        self.connection.close()


def mode_name(mode: int) -> str:
    """Return a safety mode in words."""
    return SAFETY_MODES[mode] if 0 < mode < len(SAFETY_MODES) else f"safety mode {mode}"


def make_ur(name: str, options: Ur) -> FedArm:
    """Return a Universal Robots arm. It has no gripper of its own: the opening is 0 and not driven."""
    return FedArm(name, options, lambda tare: UrSource(name, options, tare))
