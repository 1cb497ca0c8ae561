"""A UFACTORY arm (xArm 5, 6, 7, 850, Lite 6) by its SDK: the 100 Hz report, and Cartesian servo mode.

In servo mode (1) every set-point is the whole move: the controller goes there and holds. Nothing has to be alive for
the arm to stand still again, because nobody sends the next one. Its pose report comes in mm and roll, pitch, yaw
(rotations about the base's x, y, z in this order); it says no speeds, which are differences of poses here.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np

from app.core.errors import DeviceError
from app.core.geometry import (
    pose_to_matrix,
    quat_multiply,
    quat_to_rotvec,
    rotvec_to_quat,
)
from devices.arms.fed import ALIVE, CONNECT_S, FedArm
from devices.arms.options import XArm
from devices.arms.outbox import Outbox
from devices.arms.speeds import Speeds
from devices.interface import Sample
from devices.parts.interface import ArmState
from devices.touch.wrench import Tare, carried

PORT = 502
READ_S = 0.25
READY_S = 3.0
SERVO_MODE = 1
REPORT = "real"  # TCP 30003
STOPPED = (4, 5)  # states in which it does not move: stopped, stopping
WORDS = {1: "moving", 2: "ready", 3: "paused", 4: "stopped", 5: "stopping", 6: "decelerating"}
TIMEOUT = 3  # code of the SDK: no answer came
Report = tuple[int, np.ndarray, np.ndarray, np.ndarray, int, int]


def rpy_to_quat(rpy: np.ndarray) -> np.ndarray:
    """Return the quaternion (4,) of roll, pitch, yaw (3,), rad: about the fixed x, then y, then z axis."""
    about_x, about_y, about_z = (
        rotvec_to_quat(angle * axis) for angle, axis in zip(rpy, np.eye(3), strict=True)
    )
    return quat_multiply(about_z, quat_multiply(about_y, about_x))


class XArmSource:
    """One connection of the SDK, whose report thread hands over what came."""

    def __init__(self, name: str, options: XArm, tare: Tare) -> None:
        self._name, self._options, self._tare = name, options, tare
        self.newest: ArmState | None = None
        self._reports: deque[Report] = deque(maxlen=round(options.rate_hz))
        self._came = threading.Event()
        self._speeds = Speeds()
        self._sensor = pose_to_matrix(np.asarray(options.sensor_pose, dtype=np.float64))
        self._state = self._mode = 0
        self._fault = ""
        self._outbox: Outbox | None = None
        self._api: Any = connect(name, options.host)
        self._api.register_report_callback(self._take)
        if options.force and self._api.set_ft_sensor_enable(1) != 0:
            self._api.disconnect()
            raise DeviceError(
                f"arm {name!r}", "its force-torque sensor cannot be switched on",
                way_out="Check the sensor in UFACTORY Studio, or take `force` out of the rig file",
            )  # fmt: skip

    def _take(self, _content: dict[str, Any]) -> None:
        """Keep one report. Called by the SDK's report thread."""
        report = self._api.report_data
        self._reports.append((
            time.monotonic_ns(), np.array(report.actual_joint_angle[: self._api.axis]),
            np.array(report.actual_tcp_pose), np.array(report.ft_ext_force), report.state, report.mode,
        ))  # fmt: skip
        self._came.set()

    def read(self) -> list[Sample]:
        """Return what came since the last call; waits for one report."""
        if not self._came.wait(READ_S) and not self._api.connected:
            raise DeviceError(f"arm {self._name!r}", "the connection is lost")
        self._came.clear()
        samples = []
        while self._reports:
            samples.append(self._sample(self._reports.popleft()))
        return samples

    def _sample(self, report: Report) -> Sample:
        now, joints, pose_mm, force, state, mode = report
        pose = np.concatenate([pose_mm[:3] * 1e-3, rpy_to_quat(pose_mm[3:])])
        speeds, twist = self._speeds.of(now, joints, pose)
        self.newest = ArmState(now, np.concatenate([joints, speeds]), pose, twist, 0.0)
        if state in STOPPED and self._state not in STOPPED:
            self._fault = self._ask_fault()
        self._state, self._mode = state, mode
        if not self._options.force:
            return Sample(ALIVE, now, np.zeros(0))
        wrench = self._tare.feed(carried(force, self._sensor) * self._options.wrench_sign)
        return Sample("arm/wrench", now, wrench.astype(np.float32))

    def _ask_fault(self) -> str:
        """Return what the controller says has happened; empty if it tells no error."""
        code, (error, _warning) = self._api.get_err_warn_code()
        return f"error {error}, {error_title(error)}" if code == 0 and error else ""

    def start(self) -> None:
        """Enable the motors and enter servo mode; the arm stands still meanwhile."""
        if self._ask_fault():
            raise DeviceError(
                f"arm {self._name!r}", self._ask_fault(),
                way_out="Remove the cause, and clear the error in UFACTORY Studio",
            )  # fmt: skip
        for step, code in (
            ("enable its motors", self._api.motion_enable(True)),
            ("enter servo mode", self._api.set_mode(SERVO_MODE)),
            ("get ready", self._api.set_state(0)),
        ):
            if code != 0:
                raise DeviceError(f"arm {self._name!r}", f"it does not {step} (code {code})")
        pause, deadline = threading.Event(), time.monotonic() + READY_S
        while self.hindrance():
            if time.monotonic() > deadline:
                raise DeviceError(
                    f"arm {self._name!r}", self.hindrance(), way_out="Look at it in UFACTORY Studio"
                )
            pause.wait(0.01)
        self._api.set_timeout(self._options.answer_s)
        self._outbox = Outbox(f"targets of {self._name}", self._send)

    def _send(self, pose: np.ndarray, _gripper: float) -> str:
        target = [*(float(x) for x in pose[:3] * 1e3), *(float(x) for x in quat_to_rotvec(pose[3:]))]
        code = self._api.set_servo_cartesian_aa(target, is_radian=True)
        if code == TIMEOUT:
            return f"a target was not acknowledged within {self._options.answer_s:g} s"
        return (
            "" if code == 0 else self._ask_fault() or self.hindrance() or f"it refused a target (code {code})"
        )

    def follow(self, pose: np.ndarray, gripper: float) -> None:
        """Hand the target to the thread that sends; there is no gripper to drive."""
        assert self._outbox is not None
        assert self.newest is not None
        away = float(np.linalg.norm(pose[:3] - self.newest.pose[:3]))
        if away > self._options.farthest_m:
            raise DeviceError(f"arm {self._name!r}", f"a target was {away:.3f} m away from where it is")
        self._outbox.put(pose, gripper)

    def hindrance(self) -> str:
        """Return why it does not follow."""
        if not self._api.connected:
            return "the connection is lost"
        if self._state in STOPPED:
            return f"it is {WORDS[self._state]}" + (f": {self._fault}" if self._fault else "")
        if self._mode != SERVO_MODE:
            return f"something else put it into mode {self._mode}"
        return self._outbox.failure if self._outbox is not None else ""

    def finish(self) -> None:
        """Send no more targets, and stop: it holds where it is."""
        if self._outbox is not None:
            self._outbox.close()
        if self._api.connected and self._state not in STOPPED:
            self._api.set_state(4)

    def close(self) -> None:
        """Hang up."""
        if self._outbox is not None:
            self._outbox.close()
        self._api.disconnect()


def connect(name: str, host: str) -> Any:
    """Return a connected `XArmAPI`.

    Raises:
        DeviceError: If the controller cannot be reached, or does not answer.
    """
    from xarm.wrapper import XArmAPI  # the SDK prints and makes a folder for its log at import

    try:
        with own_socket_timeout():
            socket.create_connection((host, PORT), CONNECT_S).close()  # the SDK leaves a refused socket open
            return XArmAPI(
                host, is_radian=True, report_type=REPORT, check_is_pause=False, check_cmdnum_limit=False,
                timed_comm=False, forbid_uds=True,
            )  # fmt: skip
    except Exception as error:  # the SDK raises plain exceptions
        raise DeviceError(
            f"arm {name!r}", f"{host} cannot be reached ({error})",
            way_out="Switch the controller on, and check `host` in the rig file: an IPv4 address",
        ) from error  # fmt: skip


@contextlib.contextmanager
def own_socket_timeout() -> Iterator[None]:
    """Undo what the SDK does to every socket of the process that is made after its own."""
    before = socket.getdefaulttimeout()
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def error_title(code: int) -> str:
    """Return the maker's words for an error code."""
    from xarm.core.config.x_code import ControllerErrorCodeMap

    known = ControllerErrorCodeMap.get(code)
    return str(known["en"]["title"]).strip().rstrip(".") if known else "which its library does not know"


def make_xarm(name: str, options: XArm) -> FedArm:
    """Return a UFACTORY arm. Its gripper is not driven."""
    return FedArm(name, options, lambda tare: XArmSource(name, options, tare), measures_force=options.force)
