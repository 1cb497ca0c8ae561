"""A Franka Research 3 by the maker's library, which runs in a process of its own (`franka_process`).

The wrench is what the arm estimates on its stiffness frame K; it is carried to the tool frame and tared here.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time

import msgspec
import numpy as np

from app.core.errors import DeviceError
from app.core.link.hub import MAIN
from devices.arms.fed import FedArm
from devices.arms.franka_process import from_columns
from devices.arms.franka_wire import Ended, Finish, FromLoop, Measured, Start, Target, ToLoop, receive, send
from devices.arms.options import Franka
from devices.arms.speeds import Speeds
from devices.interface import Sample
from devices.parts.interface import ArmState
from devices.touch.wrench import Tare, carried

READ_S = 0.25
CONNECT_S = 15.0  # until the loop's process has imported its library and reached the arm
START_S = 5.0
END_S = 3.0
WORDS = {
    "Reflex": "it has stopped by a reflex", "UserStopped": "its stop button is pressed, or its brakes are closed",
    "Guiding": "it is guided by hand", "AutomaticErrorRecovery": "it recovers from an error",
    "Other": "it is not ready",
}  # fmt: skip


class FrankaSource:
    """The loop's process, and what it tells."""

    def __init__(self, name: str, options: Franka, tare: Tare) -> None:
        self._name, self._options, self._tare = name, options, tare
        self.newest: ArmState | None = None
        self._mode, self._why, self._following = "", "", False
        self._speeds = Speeds()
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        words = [
            sys.executable, str(MAIN), "franka", "--host", options.host, "--channel", str(theirs.fileno()),
            "--rate", str(options.rate_hz), "--impedance", options.impedance, "--smoothing", str(options.smoothing_s),
            *(["--realtime"] if options.realtime else []),
        ]  # fmt: skip
        with theirs:
            self._process = subprocess.Popen(
                words, pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
            )
        self._channel.settimeout(CONNECT_S)
        try:
            self.read()
        except (DeviceError, TimeoutError) as error:
            why = error.cause if isinstance(error, DeviceError) else "it does not answer"
            self.close()
            raise DeviceError(
                f"arm {name!r}", f"{options.host}: {why}",
                way_out="Unlock the joints and activate FCI in Desk, and check `host` and the arm's system version",
            ) from error  # fmt: skip
        self._channel.settimeout(READ_S)

    def read(self) -> list[Sample]:
        """Return the wrench of the next state."""
        try:
            message = msgspec.msgpack.decode(receive(self._channel), type=FromLoop)
        except EOFError as error:
            raise DeviceError(f"arm {self._name!r}", "the process of its 1 kHz loop has ended") from error
        except TimeoutError:
            if self.newest is None:
                raise
            return []
        if isinstance(message, Ended):
            self._following = False
            self._why = message.why
            if message.lost:
                raise DeviceError(f"arm {self._name!r}", message.why.rstrip(".") or "the connection is lost")
            return []
        return [self._take(message)]

    def _take(self, message: Measured) -> Sample:
        now, joints = time.monotonic_ns(), np.array(message.joints)
        pose = from_columns(message.pose)
        _, twist = self._speeds.of(now, joints[:7], pose)
        self.newest = ArmState(now, joints, pose, twist, 0.0)
        self._mode, self._following = message.mode, message.following
        stiffness = np.reshape(message.stiffness, (4, 4)).T
        wrench = carried(np.array(message.wrench), stiffness) * self._options.wrench_sign
        return Sample("arm/wrench", now, self._tare.feed(wrench).astype(np.float32))

    def start(self) -> None:
        """Let the loop take over the arm, and wait until it follows."""
        if self._mode != "Idle":
            raise DeviceError(
                f"arm {self._name!r}", WORDS.get(self._mode, f"it is in mode {self._mode}"),
                way_out="Release its stop, and recover it in Desk",
            )  # fmt: skip
        self._send(Start())
        pause, deadline = threading.Event(), time.monotonic() + START_S
        while not self._following:
            if self._why or time.monotonic() > deadline:
                raise DeviceError(f"arm {self._name!r}", self._why or "it did not take over the arm")
            pause.wait(0.005)

    def _send(self, message: ToLoop) -> None:
        if not send(self._channel, message):
            raise DeviceError(f"arm {self._name!r}", "the process of its 1 kHz loop has ended")

    def follow(self, pose: np.ndarray, gripper: float) -> None:
        """Hand the target to the loop; the hand is not driven."""
        assert self.newest is not None
        away = float(np.linalg.norm(pose[:3] - self.newest.pose[:3]))
        if away > self._options.farthest_m:
            raise DeviceError(f"arm {self._name!r}", f"a target was {away:.3f} m away from where it is")
        self._send(Target(tuple(float(value) for value in pose)))

    def hindrance(self) -> str:
        """Return why it does not follow."""
        if self._following:
            return ""
        return self._why or WORDS.get(self._mode, "its motion has ended")

    def finish(self) -> None:
        """Let it come to rest, and let go of it."""
        self._send(Finish())

    def close(self) -> None:
        """Hang up: the loop ends motion and itself."""
        self._channel.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()  # the arm stops by itself when it gets no commands
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(END_S)


def make_franka(name: str, options: Franka) -> FedArm:
    """Return a Franka arm. Its hand is not driven."""
    return FedArm(name, options, lambda tare: FrankaSource(name, options, tare))
