"""One device server: answers commands, judges set-points, moves the device through the governor, publishes samples.

Owned by one thread; `devices.serving.pace` decides when `step` is called.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import zmq

from app.core.calibration import CalibrationError, calibrated
from app.core.clock import Clock
from app.core.errors import DeviceError, TouchstoneError, WireError
from app.core.link.child import VERSION, ChildLink
from app.core.rig import Rig
from app.core.safety import governor
from app.core.safety.reasons import LIMITING, ROUTINE, Reason, clause
from app.core.safety.state import GovernorState
from app.core.sensors import derive_touches, picture_sizes
from app.core.wire.client import KIND_COMMAND, KIND_ENABLE, KIND_SETPOINT, KIND_SETPOINTS
from app.core.wire.codec import decode, encode
from app.core.wire.gate import VIEWER, Gate
from app.core.wire.messages import (
    SCHEMA_VERSION,
    SOURCES,
    ArmTarget,
    CameraInfo,
    Command,
    Enable,
    Reply,
    ServerInfo,
    SetPoint,
    SetPoints,
    StreamSpec,
)
from devices.interface import Device, Sample
from devices.serving.delays import Delays
from devices.serving.inbox import Inbox, Letter
from devices.serving.lateness import Lateness
from devices.serving.others import OtherArms, governor_samples, governor_streams
from devices.serving.peers import LOOKING
from devices.serving.publisher import Publisher
from devices.serving.stamps import SessionStamps

MOST_REFUSALS_TOLD = 3
REFUSALS = Reason.LEASE | Reason.SCHEMA | Reason.SEQUENCE | Reason.AGE  # told once per lease
SERVER_STREAMS = (
    *governor_streams("arm"),
    StreamSpec(
        "bench", "tick", "<i8", (4,), 50.0, labels=("period", "done", "epoch", "t_ns"), required=False
    ),
)


class DeviceServer:
    """Sockets, governor and device of one rig.

    Attributes:
        period: Control periods since the server started.
        credits: Credits left per recorder, in lock-step.
        setpoint_period: Period that the newest set-point is meant for.
    """

    def __init__(
        self, rig: Rig, device: Device, clock: Clock, commands: zmq.Socket[bytes], streams: zmq.Socket[bytes],
        lockstep: bool, link: ChildLink, gate: Gate | None = None,
    ) -> None:  # fmt: skip
        self.rig, self.device, self.clock, self.lockstep, self.link = rig, device, clock, lockstep, link
        self.description = device.describe()
        self._commands, self._gate = commands, gate
        self._inbox = Inbox(commands, gate)
        self.others = OtherArms(rig, device, self.description)
        more = [spec for name in self.others.states for spec in governor_streams(name)]
        specs = (*self.description.streams, *SERVER_STREAMS, *more)
        self.publisher = Publisher(streams, specs)
        self.info = self._make_info(specs)
        measured = device.measured()
        self.state = GovernorState.at(measured.pose, measured.gripper)
        self.period, self.epoch = 0, 0
        self.credits: dict[str, int] = {}
        self.setpoint_period = -1
        self.device_ns = 0
        self.stamps = SessionStamps()
        self.delays, self.lateness = Delays(), Lateness()
        self._peer = b""
        self.refused = Reason.NONE
        self._told, self._told_to = Reason.NONE, ""
        self._press = 0
        self.stopping = False
        self.stops = 0  # software stops since the start

    def _make_info(self, specs: tuple[StreamSpec, ...]) -> ServerInfo:
        about = self.description
        markers = tuple(float(x) for x in about.markers_m.ravel())
        return ServerInfo(
            rig=self.rig.name, simulated=self.rig.simulated, lockstep=self.lockstep, period_ns=self.rig.period_ns,
            streams=specs, cameras=self._calibrated(about.cameras, specs), markers_m=markers,
            home=tuple(float(x) for x in about.home), limits=self.rig.limits.numbers(), task=self.rig.task,
            version=VERSION, note=about.note, touches=about.touches or derive_touches(specs, markers),
            others=self.others.infos(),
        )  # fmt: skip

    def _calibrated(
        self, cameras: tuple[CameraInfo, ...], specs: tuple[StreamSpec, ...]
    ) -> tuple[CameraInfo, ...]:
        """Return the cameras with the kept calibrations put in; one that cannot be used is told, and left out."""
        try:
            return calibrated(self.rig.name, cameras, picture_sizes(specs))
        except CalibrationError as error:
            self.link.notice(error.sentence(), "warning")
            return cameras

    def hear(self, timeout_ms: int) -> bool:
        """Take in commands, set-points and enabling inputs that are there, for a short while; whether any came."""
        came = False
        for letter in self._inbox.receive(timeout_ms):
            came = True
            self._dispatch(letter)
        return came

    def _dispatch(self, letter: Letter) -> None:
        now, identity, data = self.clock.now_ns(), letter.identity, letter.data
        try:
            if letter.kind == KIND_COMMAND:
                self._peer = identity
                self._answer(letter, decode(Command, data))
            elif letter.kind not in (KIND_SETPOINT, KIND_ENABLE, KIND_SETPOINTS):
                self._inbox.bad(letter)
            elif not self._inbox.peers.may(letter.user, letter.kind):
                raise WireError("command", f"the key of {letter.user.removeprefix(VIEWER)} may only look")
            elif letter.kind == KIND_SETPOINT:
                self._take_setpoint(identity, decode(SetPoint, data), (), now)
            elif letter.kind == KIND_SETPOINTS:
                together = decode(SetPoints, data)
                self._take_setpoint(identity, together.first, together.others, now)
            else:
                self._take_enable(identity, decode(Enable, data), now)
        except WireError as error:
            self._inbox.bad(letter)
            self.refused |= Reason.SCHEMA
            self._tell(Reason.SCHEMA, error.sentence())

    def _take_enable(self, identity: bytes, enable: Enable, now_ns: int) -> None:
        if not self.lockstep:
            self.delays.note(identity, enable.stamp_ns, now_ns)
            stamp_ns = self.delays.shift(identity, enable.stamp_ns, self.state.lease_ns)
            enable = msgspec.structs.replace(enable, stamp_ns=stamp_ns)
        self.state, _ = governor.accept_enable(self.state, enable, now_ns, self.rig.simulated)
        self.others.enable(enable, now_ns)

    def _take_setpoint(
        self, identity: bytes, setpoint: SetPoint, targets: tuple[ArmTarget, ...], now_ns: int
    ) -> None:
        if not self.lockstep:
            setpoint = self._without_delay(identity, setpoint, now_ns)
        state, reason = governor.accept(self.state, setpoint, now_ns, self.rig.limits)
        others = Reason.NONE if reason else self.others.accept(setpoint, targets, now_ns)
        self.state = self.state if others else state
        reason |= others
        self.refused |= reason
        if setpoint.holder == self.state.holder:
            self.setpoint_period = max(self.setpoint_period, setpoint.period)
        if reason is Reason.AGE:
            allowed_ms = self.rig.limits.setpoint_expiry_ms
            told = self.lateness.refused(setpoint.source, setpoint.stamp_ns, now_ns, allowed_ms)
            if told:
                self.link.notice(told, "warning")
            return
        if reason:
            self._tell(reason, f"A set-point of {setpoint.source} was refused")
            return
        self.lateness.taken()
        if setpoint.pose is not None:
            data = np.array((*setpoint.pose, setpoint.gripper))
            self.publisher.add(Sample("arm/commanded", self.device_ns, data), now_ns)
        for target in targets:
            if target.pose is not None:
                row = np.array((*target.pose, target.gripper))
                self.publisher.add(Sample(f"{target.arm}/commanded", self.device_ns, row), now_ns)

    def _without_delay(self, identity: bytes, setpoint: SetPoint, now_ns: int) -> SetPoint:
        """Return a set-point whose stamps count as age only what its link took beyond its steady delay."""
        self.delays.note(identity, setpoint.stamp_ns, now_ns)
        lease_ns, shift = self.state.lease_ns, self.delays.shift
        token_ns = setpoint.token_ns and shift(identity, setpoint.token_ns, lease_ns)
        stamp_ns = shift(identity, setpoint.stamp_ns, lease_ns)
        return msgspec.structs.replace(setpoint, stamp_ns=stamp_ns, token_ns=token_ns)

    def _tell(self, reason: Reason, text: str, level: str = "warning") -> None:
        """Tell the person a reason that was not told yet.

        What ends motion is told once a press, what came late once a lease, and what changes motion once for as long
        as sources of one kind follow each other: it is in every take, and on the strip whenever it happens.
        """
        if reason & ~self._told:
            self._told |= reason
            self.link.notice(f"{text}: {clause(reason)}.", level)

    def tell_refusals(self) -> None:
        """Tell the person who was refused at the gate since the last call; the first few, then how many more."""
        for text in self._inbox.news():
            self.link.notice(text, "warning")
        told = self._gate.refusals() if self._gate is not None else []
        for text in told[:MOST_REFUSALS_TOLD]:
            self.link.notice(text, "warning")
        if len(told) > MOST_REFUSALS_TOLD:
            self.link.notice(f"{len(told) - MOST_REFUSALS_TOLD} more clients were refused.", "warning")

    def _answer(self, letter: Letter, command: Command) -> None:
        handler = getattr(self, f"on_{command.name}", None)
        try:
            if not self._inbox.peers.may(letter.user, letter.kind, command.name):
                raise DeviceError(
                    f"command {command.name!r}",
                    f"the key of {letter.user.removeprefix(VIEWER)} may look and not command",
                    options=sorted(LOOKING),
                    way_out="Let it in with `python main.py keys --allow FILE` on the machine of the rig",
                )
            if handler is None:
                names = sorted(name[3:] for name in dir(self) if name.startswith("on_"))
                raise DeviceError(f"command {command.name!r}", "it is unknown", options=names)
            reply = Reply(SCHEMA_VERSION, command.id, True, handler(**command.arguments))
        except TouchstoneError as error:
            reply = Reply(SCHEMA_VERSION, command.id, False, error=error.sentence())
        except (TypeError, ValueError, OverflowError) as error:
            reply = Reply(
                SCHEMA_VERSION, command.id, False, error=f"{command.name}: wrong arguments ({error})"
            )
        self._commands.send_multipart([letter.identity, encode(reply)])

    # commands, by the names that `Command` lists

    def on_describe(self) -> Any:
        """Return the `ServerInfo`, with the calibrations as they are kept now."""
        cameras = self._calibrated(self.description.cameras, self.info.streams)
        self.info = msgspec.structs.replace(self.info, cameras=cameras)
        return msgspec.to_builtins(self.info)

    def on_sync(self, nonce: str) -> None:
        """Publish a synchronisation message."""
        self.publisher.sync(str(nonce))

    def on_clock(self, sent_ns: int = 0) -> int | None:
        """Return the session time; in lock-step None. `sent_ns`: when the question was sent, as the sender believes."""
        now = self.clock.now_ns()
        if self.lockstep:
            return None
        if sent_ns:
            self.delays.note(self._peer, int(sent_ns), now)
        return now

    def on_lease(self, holder: str, source: str) -> None:
        """Give the arm to a source of motion, if nobody of its rank has it."""
        if source not in SOURCES[1:]:
            raise DeviceError(f"source {source!r}", "it is unknown", options=SOURCES[1:])
        state, given = governor.take_lease(self.state, str(holder), source, self.clock.now_ns())
        if not given:
            raise DeviceError(
                f"the arm of {self.rig.name}", f"{self.state.holder!r} holds it", way_out="Stop that first"
            )
        # what changes motion without ending it is told once to each kind of source, not at each of its takes
        known = LIMITING & ~Reason.LATE if source == self._told_to else Reason.NONE
        self._told, self._told_to = self._told & known, source
        self.state, self.setpoint_period = state, -1
        self.others.take_lease(state.holder, state.source, state.lease_ns)

    def on_release(self, holder: str) -> None:
        """Free the arm."""
        self.state = governor.release_lease(self.state, str(holder))
        self.others.release_lease(str(holder))

    def on_reset(self, seed: int, condition: str = "") -> dict[str, Any]:
        """Reset device and task from a seed; nobody may hold the arm but an operator at rest."""
        drawn = self.device.reset(int(seed), condition)
        measured = self.device.measured()
        fresh = GovernorState.at(measured.pose, measured.gripper)
        self.state = governor.keep_lease(self.state, fresh)
        self.others.reset()
        self.epoch += 1
        self.lateness.excuse(self.clock.now_ns())
        return {"epoch": self.epoch, "condition": drawn}

    def on_tare(self) -> None:
        """Make the present wrench and field the zero."""
        self.device.tare()

    def on_publish(self) -> None:
        """Publish a fresh sample of everything and the present tick, without stepping."""
        now = self.clock.now_ns()
        for sample in self.device.snapshot():
            self.publisher.add(sample, now)
        self._publish_applied(now, Reason.NONE)
        self.publish_tick()

    def on_credits_on(self, holder: str, count: int) -> None:
        """From now on a control period costs one credit of this recorder."""
        self.credits[str(holder)] = int(count)

    def on_credit(self, holder: str, count: int) -> None:
        """Add credits."""
        if holder in self.credits:
            self.credits[holder] += int(count)

    def on_credits_off(self, holder: str) -> None:
        """Control periods no longer wait for this recorder."""
        self.credits.pop(str(holder), None)

    def on_stop(self, reason: str = "") -> None:
        """Software stop: motion ends until the enabling input is released and pressed again."""
        self.stops += 1
        self.state = governor.stop(self.state, Reason.STOPPED)
        self.others.stop(Reason.STOPPED)
        self.link.notice(f"Software stop{': ' + reason if reason else ''}.", "warning")

    def on_status(self) -> dict[str, Any]:
        """Return who holds the arm, and the counters."""
        return {"holder": self.state.holder, "source": self.state.source, "period": self.period, "epoch": self.epoch,
                "latched": int(self.state.latched), "stops": self.stops, "t_ns": self.clock.now_ns()}  # fmt: skip

    # motion

    def wake(self, late_s: float) -> None:
        """Come back after a stall of this process: told, and at rest at once if commands have expired meanwhile."""
        self.lateness.excuse(self.clock.now_ns())
        limits = self.rig.limits
        if late_s * 1e3 > min(limits.setpoint_expiry_ms, limits.token_expiry_ms):
            self.state = governor.rest(self.state, self.device.measured())
            self.others.rest()
            self.link.notice(
                f"The device server stalled for {late_s:.2f} s; the arm is at rest where it is.", "warning"
            )

    def step(self, t_ns: int) -> None:
        """Advance by one governor period that ends at session time `t_ns`; samples wait for the next flush."""
        about, limits = self.description, self.rig.limits
        before = self.state.spent_press
        if self.state.press != self._press:
            self._press, self._told = self.state.press, self._told & (LIMITING | ROUTINE | REFUSALS)
        self.state, reasons = governor.advance(
            self.state, self.device.measured(), t_ns, about.tick_s, self.rig.period_ms * 1e-3, limits
        )
        self.state = self.others.advance(self.state, t_ns)
        reasons |= self.refused
        self.refused = Reason.NONE
        said = reasons | self.others.said()
        if self.state.spent_press > before and self.state.source != "none":
            self._tell(said, "Motion was stopped")
        elif said & LIMITING:
            self._tell(said & LIMITING & ~Reason.LATE, "The safety governor changes the motion", "info")
            self._tell(said & Reason.LATE, "The safety governor warns")
        samples = self.others.drive(self._applied_pose(), self.state.gripper)
        for notice in self.device.notices():
            self.link.notice(notice.text, notice.level)
        self.device_ns = max((sample.t_device_ns for sample in samples), default=self.device_ns)
        self.stamps.note(self.device_ns, t_ns)
        for sample in samples:  # what took longer to make (pictures) keeps the moment at which it was taken
            self.publisher.add(sample, self.stamps.of(sample.t_device_ns))
        self._publish_applied(t_ns, reasons)

    def _applied_pose(self) -> np.ndarray:
        return np.concatenate([self.state.position, self.state.quaternion])

    def _publish_applied(self, t_ns: int, reasons: Reason) -> None:
        found = governor_samples("arm", self.state, reasons, self.device_ns)
        for sample in (*found, *self.others.samples(self.device_ns)):
            self.publisher.add(sample, t_ns)

    def publish_tick(self) -> None:
        """Close the control period: publish its samples, then its tick."""
        now = self.clock.now_ns()
        tick = np.array([self.period, int(self.device.task_over()), self.epoch, now], np.int64)
        self.publisher.add(Sample("bench/tick", self.device_ns, tick), now)
        self.publisher.flush()
