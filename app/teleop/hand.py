"""The hand: beats of mouse, keyboard or a device become target poses. No stamp is refreshed here.

On a rig with several arms the hand drives one of them, the others hold their place; a key or a button goes to the next.
With a device and the window's dead-man held together, the device drives the active arm and the keys the one after it;
then the token is the older of the two stamps, so that all motion ends when either hand falls silent.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import zmq

from app.core.drive.controller import Action, Start
from app.core.errors import DeviceError, TouchstoneError, WireError
from app.core.wire.codec import decode, decode_array
from app.core.wire.messages import Beat, SampleHeader, Source
from app.teleop.chains import chain_of
from app.teleop.driven import GRIPPER_MAX_M, DrivenArm
from app.teleop.follow import Follower
from app.teleop.held import Choice, HeldBeats
from app.teleop.inputs import TITLES, open_input
from app.teleop.modes import Lock
from app.teleop.settings import KEYS, split_input
from devices.inputs.leader import Leader

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
        others: Names of the arms beside the first.
    """

    source: Source = "operator"
    rate_hz = 100.0

    def __init__(
        self,
        socket: zmq.Socket[bytes],
        text: str = "",
        wrenches: tuple[str, ...] = (),
        tell: Callable[[str, str], None] = _no_notice,
        others: tuple[str, ...] = (),
    ) -> None:
        self._arms = tuple(DrivenArm(name) for name in ("arm", *others))
        self._active = self._arms[0]
        self.topics = (*(topic for arm in self._arms for topic in arm.topics), *wrenches)
        self._tell, self._choice = tell, Choice()
        self._socket = self.wake = socket
        self._beat: Beat | None = None
        self._forces: dict[str, tuple[int, float]] = {}
        self._refused = self._last_ns = 0
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
        self._start, self._last_ns = start, 0
        for arm in self._arms:
            arm.begin(start.info)
        self._spend()

    def hear(self, intent: dict[str, Any]) -> None:
        """Take another input in place of the present one; motion ends until the next press."""
        text = str(intent.get("text", ""))
        if intent.get("name") != "input" or self._change(text):
            return
        self.close()
        self._let_go()
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
        for arm in self._arms:
            if arm.name == header.device:
                arm.newest[header.signal] = newest

    def act(self, now_ns: int) -> Action:
        """Return the target for the newest beat, with the beat's own stamp as token."""
        self._hear()
        beat, dt = self._chosen(), min((now_ns - self._last_ns) * 1e-9, 0.05)
        self._last_ns = now_ns
        self._feel(now_ns)
        place = self._place()
        active = self._active = self._arms[place]
        if beat is None or not active.known:
            self._let_go()
            return Action(None)
        begins, token_ns = active.take(beat), beat.stamp_ns
        if self._follower is not None and self._held is not None and self._held.there:
            if not self._lead(beat, begins, dt):
                self._let_go()
                return Action(None)
        else:
            active.advance(beat, dt)
        driven = [active]
        beside = self._arms[(place + 1) % len(self._arms)]
        second = self._choice.second(self._beat) if beside is not active and beside.known else None
        if second is not None:
            beside.take(second)
            beside.advance(second, dt)
            driven.append(beside)
            token_ns = min(token_ns, second.stamp_ns)
        self._let_go(driven)
        first, *others = self._arms
        targets = tuple(arm.as_target() for arm in others if arm.target is not None)
        return Action(first.target, first.gripper, token_ns=token_ns, press=beat.press, others=targets)

    def _let_go(self, but: Sequence[DrivenArm] = ()) -> None:
        """Drive no arm any more but these."""
        for arm in self._arms:
            if arm not in but:
                arm.target = None

    def _place(self) -> int:
        """Return which arm is active: the window's key and the device's button count on alike."""
        pressed = 0 if self._beat is None else self._beat.arm
        if self._held is not None:
            pressed += self._held.arm
        return pressed % len(self._arms)

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

    def _lead(self, beat: Beat, begins: bool, dt_s: float) -> bool:
        """Go where the leader's posture says; returns whether the arm may be led now."""
        held, follower, arm = self._held, self._follower, self._active
        assert held is not None
        assert follower is not None
        assert arm.target is not None
        if held.joints is None or beat.press == self._refused:
            return False  # its joints are old, or this press was refused
        try:
            if begins:
                if arm is not self._arms[0]:
                    raise DeviceError(
                        "leader", "it leads the first arm only", way_out="Go back to the first arm"
                    )
                if "joints" not in arm.newest:
                    raise DeviceError("leader", "the rig does not tell its arm's joints")
                follower.mount(arm.newest["joints"], arm.newest["pose"])
                follower.press(held.joints, arm.target)
            if beat.clutch:
                return True
            wanted = follower.target(held.joints, beat, arm.target, dt_s)
        except DeviceError as error:
            self._refused = beat.press
            self._tell(error.sentence(), "warning")
            return False
        arm.aim(wanted)
        if held.opening is not None:
            way = held.opening * GRIPPER_MAX_M - arm.gripper
            arm.move_gripper(float(np.clip(way, -TRIGGER_M_S * dt_s, TRIGGER_M_S * dt_s)))
        return True

    def _feel(self, now_ns: int) -> None:
        if self._held is None or self._start is None:
            return
        fresh = [force for stamp, force in self._forces.values() if abs(now_ns - stamp) < FORCE_OLD_NS]
        self._held.feel(max(fresh, default=0.0), self._start.info.limits.get("force_n", 0.0), now_ns)

    def state(self) -> dict[str, Any]:
        """Return the target, for the ghost, and what the hand holds."""
        target = self._active.target
        return {"target": None if target is None else target.tolist(), "held": self._held_state()}

    def _held_state(self) -> dict[str, Any]:
        kind = split_input(self._text)[0] if self._text else KEYS
        beat = self._held.last if self._held is not None else None
        return {
            "title": TITLES.get(kind, kind),
            "text": self._text,
            "problem": self._problem,
            "clutch": self._active.clutched or (beat is not None and beat.clutch),
            "fine": beat is not None and beat.fine,
            "lock": Lock(beat.lock).words if beat is not None else "",
            "catching_up": self._follower is not None
            and self._active.target is not None
            and self._follower.ramping,
            "arm": self._active.name,
            "place": self._arms.index(self._active),
            "beside": [arm.name for arm in self._arms if arm.target is not None and arm is not self._active],
            "arms": len(self._arms),
        }
