"""The hand: beats of mouse, keyboard or a device become target poses. No stamp is refreshed here."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import zmq

from app.core.drive.controller import Action, Start
from app.core.errors import DeviceError, TouchstoneError, WireError
from app.core.geometry import quat_multiply, rotation_error, rotvec_to_quat
from app.core.wire.codec import decode, decode_array
from app.core.wire.messages import Beat, SampleHeader, Source
from app.teleop.chains import chain_of
from app.teleop.follow import Follower
from app.teleop.held import Choice, HeldBeats
from app.teleop.inputs import TITLES, open_input
from app.teleop.modes import Lock
from app.teleop.settings import KEYS, split_input
from devices.inputs.leader import Leader

LEAD_M = 0.015  # how far the target may run ahead of the measured position: bounds the force of a held key
LEAD_RAD = 0.2
SHARE_OF_LIMIT = 0.6  # of the rig's speed at speed factor 1
GRIPPER_M_S = 0.05
GRIPPER_MAX_M = 0.08
TRIGGER_M_S = 0.2  # a leader's trigger has a place: the gripper goes there at this speed
FORCE_OLD_NS = 200_000_000


def _no_notice(_text: str, _level: str) -> None:
    pass


class HandController:
    """Maps beats to targets: velocity while the dead-man is held, hold otherwise; with a leader, its posture.

    Args:
        socket: A bound PULL socket that the window pushes `Beat`s to.
        text: The input that is held beside the window (`app.teleop.settings`); empty for none.
        wrenches: Topics of the forces that the hand is to feel.
        tell: Says something to the person: text and level.
    """

    source: Source = "operator"
    rate_hz = 100.0

    def __init__(
        self,
        socket: zmq.Socket[bytes],
        text: str = "",
        wrenches: tuple[str, ...] = (),
        tell: Callable[[str, str], None] = _no_notice,
    ) -> None:
        self.topics = ("arm/pose", "arm/applied", "arm/gripper", "arm/joints", *wrenches)
        self._tell, self._choice = tell, Choice()
        self._socket = self.wake = socket
        self._beat: Beat | None = None
        self._newest: dict[str, np.ndarray] = {}
        self._forces: dict[str, tuple[int, float]] = {}
        self._target: np.ndarray | None = None
        self._gripper = 0.0
        self._press = self._refused = 0
        self._clutched = False
        self._last_ns = 0
        self._start: Start | None = None
        self._held: HeldBeats | None = None
        self._follower: Follower | None = None
        self._text, self._problem = "", ""
        if text:
            try:
                self._open(text)
            except DeviceError as error:  # it may be plugged in later; the keys are there meanwhile
                self._text, self._problem = text, error.sentence()
                self._tell(error.sentence(), "error")

    def begin(self, start: Start) -> None:
        """Start at rest; a press that began before does not count, even if it is held on."""
        self._start, self._target, self._last_ns = start, None, 0
        self._spend()

    def hear(self, intent: dict[str, Any]) -> None:
        """Take another input in place of the present one; motion ends until the next press."""
        text = str(intent.get("text", ""))
        if intent.get("name") != "input" or self._change(text):
            return
        self.close()
        self._target = None
        self._spend()
        self._choice.forget_device()
        try:
            self._open(text)
        except TouchstoneError as error:
            self._text, self._problem = text, error.sentence()
            self._tell(error.sentence(), "error")

    def _change(self, text: str) -> bool:
        """Take other settings of the device that is open; False if it must be opened anew."""
        if self._held is None or not self._held.there or text.split(",")[0] != self._text.split(",")[0]:
            return False
        try:
            settings = split_input(text)[2]
        except TouchstoneError:
            return False
        old = self._held.settings
        if settings.second != old.second or (settings.rumble > 0) != (old.rumble > 0):
            return False
        self._text = text
        self._held.change(settings)
        if self._follower is not None:
            self._follower.change(settings)
        return True

    def _spend(self) -> None:
        """Whatever is held now enables nothing any more."""
        self._choice.spend()
        if self._beat is not None:
            self._choice.spend_press("window", self._beat.press)
        if self._held is not None:
            self._choice.spend_press("device", self._held.press)

    def _open(self, text: str) -> None:
        device, settings = open_input(text, lambda said: self._tell(said, "warning"))
        self._text, self._problem = text, ""
        if device is None:
            return
        try:
            if isinstance(device, Leader):
                self._follower = Follower(chain_of(device.plan.arm), settings)
        except TouchstoneError:
            device.close()
            raise
        self._held = HeldBeats(device, self._lose, settings)

    def _lose(self, said: str) -> None:
        """The device is gone: whatever is held enables nothing any more, the window's dead-man included."""
        self._problem = said
        self._spend()
        self._tell(said, "error")

    def close(self) -> None:
        """Release the device."""
        if self._held is not None:
            self._held.close()
        self._held = self._follower = None

    def receive(self, header: SampleHeader, buffer: memoryview) -> None:
        """Take in poses, joints and forces."""
        newest = np.array(decode_array(header, buffer)[-1])
        if header.signal == "wrench":
            self._forces[header.device] = (header.t_ns[-1], float(np.linalg.norm(newest[:3])))
        else:
            self._newest[header.signal] = newest

    def act(self, now_ns: int) -> Action:
        """Return the target for the newest beat, with the beat's own stamp as token."""
        self._hear()
        beat, dt = self._chosen(), min((now_ns - self._last_ns) * 1e-9, 0.05)
        self._last_ns = now_ns
        self._feel(now_ns)
        if beat is None or not {"applied", "pose"} <= self._newest.keys():
            self._target = None
            return Action(None)
        begins = self._target is None or beat.press != self._press or (self._clutched and not beat.clutch)
        if begins:
            applied = self._newest["applied"]
            self._target, self._gripper = applied[:7].copy(), float(applied[7])
        self._press, self._clutched = beat.press, beat.clutch
        if self._follower is not None and self._held is not None and self._held.there:
            if not self._lead(beat, begins, dt):
                self._target = None
                return Action(None)
        elif not beat.clutch:
            self._advance(beat, dt)
        return Action(self._target, self._gripper, token_ns=beat.stamp_ns, press=beat.press)

    def _chosen(self) -> Beat | None:
        if self._held is None:
            return self._choice.choose(self._beat, None)
        return self._choice.choose(self._beat, self._held.beat(time.monotonic_ns()))

    def _hear(self) -> None:
        while self._socket.poll(0):
            try:
                beat = decode(Beat, self._socket.recv())
            except WireError:
                continue  # a malformed beat enables nothing; the last good one expires by its own stamp
            if self._beat is None:  # the first beat that this process hears may be of a press that is held on
                self._choice.spend_press("window", beat.press)
            self._beat = beat

    def _advance(self, beat: Beat, dt_s: float) -> None:
        if self._target is None or self._start is None:
            return
        pose = self._newest["pose"]
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
        turned = quat_multiply(rotvec_to_quat(angular * dt_s), self._target[3:])
        self._target = _near(np.concatenate([position, turned]), pose)
        self._move_gripper(np.sign(beat.gripper) * GRIPPER_M_S * dt_s)

    def _move_gripper(self, way_m: float) -> None:
        self._gripper = float(np.clip(self._gripper + way_m, 0.0, GRIPPER_MAX_M))

    def _lead(self, beat: Beat, begins: bool, dt_s: float) -> bool:
        """Go where the leader's posture says; returns whether the arm may be led now."""
        held, follower = self._held, self._follower
        assert held is not None
        assert follower is not None
        assert self._target is not None
        if held.joints is None or beat.press == self._refused:
            return False  # its joints are old, or this press was refused
        try:
            if begins:
                if "joints" not in self._newest:
                    raise DeviceError("leader", "the rig does not tell its arm's joints")
                follower.mount(self._newest["joints"], self._newest["pose"])
                follower.press(held.joints, self._target)
            if beat.clutch:
                return True
            wanted = follower.target(held.joints, beat, self._target, dt_s)
        except DeviceError as error:
            self._refused = beat.press
            self._tell(error.sentence(), "warning")
            return False
        self._target = _near(wanted, self._newest["pose"])
        if held.opening is not None:
            way = held.opening * GRIPPER_MAX_M - self._gripper
            self._move_gripper(float(np.clip(way, -TRIGGER_M_S * dt_s, TRIGGER_M_S * dt_s)))
        return True

    def _feel(self, now_ns: int) -> None:
        if self._held is None or self._start is None:
            return
        fresh = [force for stamp, force in self._forces.values() if abs(now_ns - stamp) < FORCE_OLD_NS]
        self._held.feel(max(fresh, default=0.0), self._start.info.limits.get("force_n", 0.0), now_ns)

    def state(self) -> dict[str, Any]:
        """Return the target, for the ghost, and what the hand holds."""
        return {"target": None if self._target is None else self._target.tolist(), "held": self._held_state()}

    def _held_state(self) -> dict[str, Any]:
        kind = split_input(self._text)[0] if self._text else KEYS
        beat = self._held.last if self._held is not None else None
        return {
            "title": TITLES.get(kind, kind),
            "text": self._text,
            "problem": self._problem,
            "clutch": self._clutched or (beat is not None and beat.clutch),
            "fine": beat is not None and beat.fine,
            "lock": Lock(beat.lock).words if beat is not None else "",
            "catching_up": self._follower is not None and self._target is not None and self._follower.ramping,
        }


def _near(target: np.ndarray, measured: np.ndarray) -> np.ndarray:
    """Return the target (7,), no farther ahead of the measured pose (7,) than `LEAD_M` and `LEAD_RAD`."""
    lead = _shorten(rotation_error(target[3:], measured[3:]), LEAD_RAD)
    turned = quat_multiply(rotvec_to_quat(lead), measured[3:])
    return np.concatenate([measured[:3] + _shorten(target[:3] - measured[:3], LEAD_M), turned])


def _shorten(vector: np.ndarray, longest: float) -> np.ndarray:
    length = float(np.sqrt(vector @ vector))
    return vector if length <= longest else vector * (longest / length)


def _towards(error: np.ndarray, speed: float, dt_s: float) -> np.ndarray:
    return _shorten(error / max(dt_s, 1e-3), speed)
