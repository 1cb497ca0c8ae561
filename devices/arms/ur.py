"""A Universal Robots arm over RTDE, without an SDK.

Its wrench is what the controller estimates: at the TCP, in the directions of the base. It is turned into the tool
frame and tared here. When anything ends the arm's program (protective stop, watchdog, lost connection), motion stays
off until the device server is started anew: the arm may be elsewhere by then.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time

import numpy as np

from app.core.errors import DeviceError
from app.core.geometry import quat_to_matrix, quat_to_rotvec, rotvec_to_quat
from app.core.wire.messages import StreamSpec
from devices.arms.options import Ur
from devices.arms.rtde import Connection
from devices.arms.urscript import HEARTBEAT, RUN, RUNNING, STATE, TARGET, program, upload
from devices.interface import Notice, Sample
from devices.parts.feed import Feed
from devices.parts.interface import ArmState
from devices.touch.health import drift
from devices.touch.wrench import LABELS, Tare

CONNECT_S = 3.0
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
        self._options, self._tare = options, tare
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

    def close(self) -> None:
        """Hang up."""
        self.connection.close()


class UrArm:
    """A Universal Robots arm as a part of a rig. It has no gripper of its own: the opening is 0 and not driven."""

    def __init__(self, name: str, options: Ur) -> None:
        self._name, self._options = name, options
        self.tick_s = 1.0 / options.rate_hz
        self._tare, self._tared_s = Tare(options.rate_hz), 0.0
        self._source = UrSource(name, options, self._tare)
        self._feed = Feed(
            f"arm {name!r}", self._source, self._reopen, options.stale_s, keep=round(options.rate_hz)
        )
        self._beat, self._told_off = 0, False
        self._moving = False
        try:
            self._feed.wait_first(CONNECT_S)
            if options.control:
                self._start()
        except DeviceError:
            self._feed.close()
            raise

    def _reopen(self) -> UrSource:
        self._source = UrSource(self._name, self._options, self._tare)
        return self._source

    def _start(self) -> None:
        """Write the present pose as target, start the program, and wait until it says that it runs."""
        options = self._options
        if self._source.safety not in ABLE:
            raise DeviceError(
                f"arm {self._name!r}", f"it is in {mode_name(self._source.safety)}",
                way_out="Release the stop and enable the arm on its pendant",
            )  # fmt: skip
        upload(self._name, options.host, self._program(), CONNECT_S)
        pause, deadline = threading.Event(), time.monotonic() + START_S
        while not self._source.running:
            if time.monotonic() > deadline:
                raise DeviceError(
                    f"arm {self._name!r}", "its controller did not start the program",
                    way_out="Put it into remote control, and close what runs on the pendant",
                )  # fmt: skip
            self._send(self._pose_now())
            pause.wait(self.tick_s)
        self._moving = True

    def _program(self) -> str:
        options = self._options
        self._send(self._pose_now())
        return program(self.tick_s, options.lookahead_s, options.gain, options.farthest_m)

    def _pose_now(self) -> np.ndarray:
        newest = self._source.newest
        assert newest is not None  # the feed has waited for it
        return newest.pose

    def _send(self, pose: np.ndarray, run: int = 1) -> None:
        self._beat = (self._beat + 1) % 2**31
        target = (*pose[:3], *quat_to_rotvec(pose[3:]))
        self._source.connection.send((self._beat, run, *(float(value) for value in target)))

    def streams(self) -> tuple[StreamSpec, ...]:
        """Return the wrench that the arm estimates."""
        rate = self._options.rate_hz
        return (StreamSpec("arm", "wrench", "<f4", (6,), rate, "N, N·m", "tool", labels=LABELS),)

    def state(self) -> ArmState:
        """Return the newest state; its pose is NaN when it is too old."""
        newest = self._source.newest
        if newest is None or self._feed.age_s() > self._options.stale_s:
            unknown = np.full(7, math.nan)
            return ArmState(time.monotonic_ns(), np.zeros(12), unknown, np.zeros(6), 0.0)
        return newest

    def force_n(self) -> float | None:
        """Return the norm of the tared force; NaN if it is too old."""
        newest = self._feed.latest()
        if not newest or self._feed.age_s() > self._options.stale_s:
            return math.nan
        force = np.asarray(newest[0].data)[:3].astype(np.float64)
        return float(np.sqrt(force @ force))

    def command(self, pose: np.ndarray, gripper: float) -> None:
        """Write the target, if the arm may move and its program runs; else end motion for good, and say why."""
        if not self._options.control:
            self._tell_off(pose)
            return
        if self._moving:
            why = self._hindrance() if np.isfinite(pose).all() else "a target was no number"
            if not why:
                try:
                    self._send(pose)
                except DeviceError as error:
                    why = error.cause
            if why:
                self._moving = False
                self._feed.tell(
                    f"{self._feed.name}: {why}. It does not move any more: start the device server again.",
                    "error",
                )

    def _hindrance(self) -> str:
        if self._source.safety not in ABLE:
            return f"it is in {mode_name(self._source.safety)}"
        if not self._source.running:
            return "its program has ended"
        return "" if self._feed.age_s() <= self._options.stale_s else "its controller is silent"

    def _tell_off(self, pose: np.ndarray) -> None:
        here = self.state().pose
        if not self._told_off and float(np.abs(pose[:3] - here[:3]).max()) > 1e-3:
            self._told_off = True
            self._feed.tell(
                f"{self._feed.name}: it is only measured; `control = true` in the rig file lets it move."
            )

    def collect(self) -> list[Sample]:
        """Return every wrench since the last call."""
        return self._feed.collect()

    def latest(self) -> list[Sample]:
        """Return the newest wrench."""
        return self._feed.latest()

    def tare(self) -> None:
        """Make the mean of the last tenth of a second the zero."""
        old, now = self._tare.zero, time.monotonic()
        new = self._tare.now()
        moved = drift(old[:3], new[:3], self._options.drift_n, now - (self._tared_s or now))
        if self._tared_s and moved:
            self._feed.tell(f"{self._feed.name}: {moved}")
        self._tared_s = now

    def notices(self) -> list[Notice]:
        """Return stalls, losses, and why it does not move."""
        return self._feed.notices()

    def close(self) -> None:
        """End the program; the controller's watchdog does it if we cannot."""
        if self._moving:
            self._moving = False
            with contextlib.suppress(DeviceError):  # the watchdog ends it
                self._send(self._pose_now(), run=0)
        self._feed.close()


def mode_name(mode: int) -> str:
    """Return a safety mode in words."""
    return SAFETY_MODES[mode] if 0 < mode < len(SAFETY_MODES) else f"safety mode {mode}"


def make_ur(name: str, options: Ur) -> UrArm:
    """Return a Universal Robots arm."""
    return UrArm(name, options)
