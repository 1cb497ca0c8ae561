"""A Flexiv Rizon by the maker's library (flexivrdk 1.9), which has no package for Python 3.11.

Targets go out as discrete Cartesian commands: the arm's own motion generator smooths each, goes there and holds.
Nothing has to be alive for it to stand still again, because nobody sends the next one. Written against the calls of the
library as its package for Python 3.12 lists them; run against a stand-in for the library only.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np

from app.core.errors import DeviceError
from devices.arms.fed import FedArm
from devices.arms.options import Flexiv
from devices.arms.outbox import Outbox
from devices.interface import Sample
from devices.parts.interface import ArmState
from devices.touch.wrench import Tare

READY_S = 20.0  # brakes take seconds
POLL_S = 0.05


class FlexivSource:
    """One connection of the library, whose states are asked for at our rate."""

    def __init__(self, name: str, options: Flexiv, tare: Tare) -> None:
        import flexivrdk

        self._name, self._options, self._tare, self._library = name, options, tare, flexivrdk
        self.newest: ArmState | None = None
        self._stamp: tuple[int, int] | None = None
        self._outbox: Outbox | None = None
        self._pause = threading.Event()
        try:
            self._robot: Any = flexivrdk.Robot(
                options.serial, [options.interface] if options.interface else [], False
            )
        except Exception as error:  # the library raises plain exceptions of several kinds
            raise DeviceError(
                f"arm {name!r}", " ".join(str(error).split()).rstrip("."),
                way_out="Enable remote mode (Ethernet), and check `serial` in the rig file",
            ) from error  # fmt: skip

    def read(self) -> list[Sample]:
        """Return the wrench of the present state, if the arm has made a new one."""
        self._pause.wait(1.0 / self._options.rate_hz)
        if not self._robot.connected():
            raise DeviceError(f"arm {self._name!r}", "the connection is lost")
        state = self._robot.states()
        stamp = tuple(state.timestamp)
        if stamp == self._stamp:
            return []
        now, self._stamp = time.monotonic_ns(), stamp
        pose = np.array(state.tcp_pose, dtype=np.float64)
        joints = np.concatenate([state.q, state.dq])
        self.newest = ArmState(now, joints, pose, np.array(state.tcp_vel), 0.0)
        wrench = np.array(state.ext_wrench_in_tcp) * self._options.wrench_sign
        return [Sample("arm/wrench", now, self._tare.feed(wrench).astype(np.float32))]

    def start(self) -> None:
        """Release the brakes and let it take Cartesian targets; it stands still meanwhile."""
        if self._robot.fault():
            raise DeviceError(
                f"arm {self._name!r}", "it has a fault", way_out="Clear it on the teach pendant"
            )
        try:
            if not self._robot.operational():
                self._robot.Enable()
            deadline = time.monotonic() + READY_S
            while not self._robot.operational():
                if time.monotonic() > deadline:
                    raise DeviceError(
                        f"arm {self._name!r}", f"it did not get ready ({self._status()})",
                        way_out="Release its emergency stop, and switch it to auto mode with remote control",
                    )  # fmt: skip
                self._pause.wait(POLL_S)
            self._robot.SwitchMode(self._library.Mode.NRT_CARTESIAN_MOTION_FORCE)
        except DeviceError:
            raise
        except Exception as error:  # the library raises plain exceptions of several kinds
            raise DeviceError(f"arm {self._name!r}", " ".join(str(error).split()).rstrip(".")) from error
        self._outbox = Outbox(f"targets of {self._name}", self._send)

    def _status(self) -> str:
        return str(self._robot.operational_status().name).replace("_", " ").lower()

    def _send(self, pose: np.ndarray, _gripper: float) -> str:
        options = self._options
        self._robot.SendCartesianMotionForce(
            [float(value) for value in pose], max_linear_vel=options.speed_m_s,
            max_angular_vel=options.angular_speed_rad_s,
        )  # fmt: skip
        return ""

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
        if not self._robot.connected():
            return "the connection is lost"
        if not self._robot.operational():
            return f"it is not ready ({self._status()})"
        if self._robot.mode() != self._library.Mode.NRT_CARTESIAN_MOTION_FORCE:
            return "something else changed its control mode"
        return self._outbox.failure if self._outbox is not None else ""

    def finish(self) -> None:
        """Send no more targets, and stop; returns when the arm stands."""
        if self._outbox is not None:
            self._outbox.close()
        if self._robot.connected():
            try:
                self._robot.Stop()
            except Exception as error:  # the library raises plain exceptions of several kinds
                raise DeviceError(f"arm {self._name!r}", " ".join(str(error).split())) from error

    def close(self) -> None:
        """Hang up: the library does so when its object goes."""
        if self._outbox is not None:
            self._outbox.close()
            self._outbox = None
        self._pause.set()


def make_flexiv(name: str, options: Flexiv) -> FedArm:
    """Return a Flexiv arm. Its gripper is not driven."""
    return FedArm(name, options, lambda tare: FlexivSource(name, options, tare))
