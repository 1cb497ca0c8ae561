"""The hand: beats of mouse and keyboard, stamped in the window, become target poses. No stamp is refreshed here."""

from __future__ import annotations

from typing import Any

import numpy as np
import zmq

from app.core.drive.controller import Action, Start
from app.core.errors import WireError
from app.core.geometry import quat_multiply, rotation_error, rotvec_to_quat
from app.core.wire.codec import decode, decode_array
from app.core.wire.messages import Beat, SampleHeader, Source
from app.teleop.held import Choice, HeldBeats

LEAD_M = 0.015  # how far the target may run ahead of the measured position: bounds the force of a held key
LEAD_RAD = 0.2
SHARE_OF_LIMIT = 0.6  # of the rig's speed at speed factor 1
GRIPPER_M_S = 0.05


class HandController:
    """Maps beats to targets: velocity while the dead-man is held, hold otherwise.

    Args:
        socket: A bound PULL socket that the window pushes `Beat`s to.
        held: A device in the person's hand beside the window, if there is one.
    """

    source: Source = "operator"
    rate_hz = 100.0
    topics = ("arm/pose", "arm/applied", "arm/gripper")

    def __init__(self, socket: zmq.Socket[bytes], held: HeldBeats | None = None) -> None:
        self._held, self._choice = held, Choice()
        self._socket = self.wake = socket
        self._beat: Beat | None = None
        self._pose: np.ndarray | None = None
        self._applied: np.ndarray | None = None
        self._target: np.ndarray | None = None
        self._gripper = 0.0
        self._press = self._spent = 0
        self._last_ns = 0
        self._start: Start | None = None

    def begin(self, start: Start) -> None:
        """Start at rest; a press that began before does not count, even if it is held on."""
        self._start, self._target, self._last_ns = start, None, 0
        self._spent = self._press if self._beat is None else max(self._press, self._beat.press)

    def receive(self, header: SampleHeader, buffer: memoryview) -> None:
        """Take in measured and applied pose."""
        newest = np.array(decode_array(header, buffer)[-1])
        if header.signal == "pose":
            self._pose = newest
        elif header.signal == "applied":
            self._applied = newest

    def act(self, now_ns: int) -> Action:
        """Return the target for the newest beat, with the beat's own stamp as token."""
        self._hear()
        beat, dt = self._chosen(now_ns), min((now_ns - self._last_ns) * 1e-9, 0.05)
        self._last_ns = now_ns
        if beat is None or not self._enables(beat) or self._applied is None or self._pose is None:
            self._target = None
            return Action(None)
        if self._target is None or beat.press != self._press:
            self._target, self._gripper, self._press = (
                self._applied[:7].copy(),
                float(self._applied[7]),
                beat.press,
            )
        self._advance(beat, dt)
        return Action(self._target, self._gripper, token_ns=beat.stamp_ns, press=beat.press)

    def _chosen(self, now_ns: int) -> Beat | None:
        if self._held is None:
            return self._beat
        return self._choice.choose(self._beat, self._held.beat(now_ns))

    def _enables(self, beat: Beat) -> bool:
        return beat.enable and beat.press > self._spent

    def _hear(self) -> None:
        while self._socket.poll(0):
            try:
                beat = decode(Beat, self._socket.recv())
            except WireError:
                continue  # a malformed beat enables nothing; the last good one expires by its own stamp
            if self._beat is None:  # the first beat that this process hears may be of a press that is held on
                self._spent = max(self._spent, beat.press)
            self._beat = beat

    def _advance(self, beat: Beat, dt_s: float) -> None:
        if self._target is None or self._pose is None or self._start is None:
            return
        limits = self._start.info.limits
        speed = float(np.clip(beat.speed, 0.0, 1.0)) * SHARE_OF_LIMIT
        twist = np.clip(np.nan_to_num(np.asarray(beat.twist)), -1.0, 1.0)
        linear, angular = (
            twist[:3] * limits["speed_m_s"] * speed,
            twist[3:] * limits["angular_speed_rad_s"] * speed,
        )
        if beat.home:
            home = np.asarray(self._start.info.home)
            linear = _towards(home[:3] - self._target[:3], limits["speed_m_s"] * speed, dt_s)
            angular = _towards(
                rotation_error(home[3:], self._target[3:]), limits["angular_speed_rad_s"] * speed, dt_s
            )
        position = self._target[:3] + linear * dt_s
        self._target[:3] = self._pose[:3] + _shorten(position - self._pose[:3], LEAD_M)
        turned = quat_multiply(rotvec_to_quat(angular * dt_s), self._target[3:])
        lead = _shorten(rotation_error(turned, self._pose[3:]), LEAD_RAD)
        self._target[3:] = quat_multiply(rotvec_to_quat(lead), self._pose[3:])
        self._gripper = float(np.clip(self._gripper + np.sign(beat.gripper) * GRIPPER_M_S * dt_s, 0.0, 0.08))

    def state(self) -> dict[str, Any]:
        """Return the target, for the ghost."""
        return {"target": None if self._target is None else self._target.tolist()}


def _shorten(vector: np.ndarray, longest: float) -> np.ndarray:
    length = float(np.sqrt(vector @ vector))
    return vector if length <= longest else vector * (longest / length)


def _towards(error: np.ndarray, speed: float, dt_s: float) -> np.ndarray:
    return _shorten(error / max(dt_s, 1e-3), speed)
