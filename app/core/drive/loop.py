"""The loop of every source of motion, in lock-step and in real time. Used by `operate` and `policy`.

Lock-step: receive until the next tick, act, send the set-point of that period.
Real time: every 1/rate_hz receive what is there, act, send. No stamp is refreshed that a controller did not refresh.
Controllers live in session time (the server's clock); only the stamp of a person's input is of this machine's clock,
and is mapped when it is sent.
"""

from __future__ import annotations

import contextlib
import math
import time
from typing import Any, Literal

import msgspec
import numpy as np
import zmq

from app.core.drive.controller import Action, Controller, Start
from app.core.errors import DeviceError, LockstepError, WireError
from app.core.link.child import ChildLink
from app.core.patience import Patience
from app.core.priority import prefer_control, settle_memory
from app.core.safety.reasons import Reason, clause
from app.core.wire.client import TICK_TOPIC, DeviceClient
from app.core.wire.codec import decode_array
from app.core.wire.messages import SCHEMA_VERSION, Enable, SampleHeader, ServerInfo, SetPoint

Why = Literal["done", "time", "end", "fault", "stop", "interrupted"]
# Ends that are the driver's own doing; at any other one the enabling input lapsed, or a stop was asked for.
FAULTS = Reason.FORCE | Reason.EXPIRED | Reason.NOT_FINITE | Reason.TOO_LATE
PROGRESS_TIMEOUT_S = 30.0
STATE_PERIOD_S = 0.1
RELEASE_S = 1.0
POLL_S = 1e-3
RESERVE_S = 3e-4  # before an action is due no more samples are taken in
TAKE_S = (
    1e-3  # of them at least, per action, however late the loop is: else they would grow old in the socket
)
SHORTEST_S = 2e-3  # between two actions, however often an input speaks
REASONS_TOPIC = b"arm/reasons"


class Tick:
    """The newest `bench/tick`: control period, whether the task is over, reset count, session time."""

    def __init__(self) -> None:
        self.period, self.done, self.epoch, self.t_ns = -1, False, 0, 0

    def read(self, header: SampleHeader, buffer: memoryview) -> None:
        """Take over the last sample of a tick message."""
        period, done, epoch, t_ns = decode_array(header, buffer)[-1]
        self.period, self.done, self.epoch, self.t_ns = int(period), bool(done), int(epoch), int(t_ns)


class Driver:
    """Drives one controller on one device server, one episode per `run`.

    Args:
        client: A client that is not yet subscribed.
        holder: Name under which the lease is held.
        headless: Mint headless tokens; the server grants them on simulated rigs only.
        by_hand: A person drives: neither the end of the task nor a stop ends the episode, the person re-arms.
    """

    def __init__(
        self, client: DeviceClient, controller: Controller, link: ChildLink, holder: str, headless: bool,
        by_hand: bool = False,
    ) -> None:  # fmt: skip
        self._by_hand = by_hand
        self.client, self.controller, self.link = client, controller, link
        self.holder, self.headless = holder, headless
        self.info: ServerInfo = client.describe()
        if not self.info.lockstep:
            client.synchronise()
        self.tick = Tick()
        self._seq = 0
        self._press = 0
        self._ended = False
        self._since_ns = 0
        self._stopped = Reason.NONE
        self._malformed = 0
        client.subscribe((*controller.topics, TICK_TOPIC.decode(), REASONS_TOPIC.decode()))

    def run(self, seed: int, until_ns: int = 0, meta: dict[str, Any] | None = None) -> Why:
        """Take the lease, drive one episode, give the lease back; returns why it ended."""
        self.client.call("lease", holder=self.holder, source=self.controller.source)
        self._press = max(self._press + 1, 1)
        self._ended, self._stopped = False, Reason.NONE
        self._since_ns = int(self.client.call("status")["t_ns"])
        try:
            self._drain()
            self.client.call("publish")
            self._await_tick(-1)
            self.controller.begin(Start(self.tick.t_ns, seed, self.info, meta or {}))
            return self._lockstep(until_ns) if self.info.lockstep else self._realtime(until_ns)
        finally:
            with contextlib.suppress(DeviceError):  # a server that is gone holds no lease
                self.client.call("release", timeout_s=RELEASE_S, holder=self.holder)

    def _drain(self) -> None:
        while any(True for _ in self.client.receive(0)):
            pass

    def _take_in(self, timeout_ms: int, until_s: float = math.inf) -> bool:
        """Take in what is there, until `until_s` at the latest; returns whether a tick was among it."""
        ticked = False
        try:
            for topic, header, buffer in self.client.receive(timeout_ms):
                ticked |= self._hear_sample(topic, header, buffer)
                if time.monotonic() >= until_s:
                    break  # the rest waits in the socket
        except WireError as error:
            if not self._malformed:
                self.link.notice(f"{error.sentence()} Such samples are left out.", "warning")
            self._malformed += 1
        return ticked

    def _hear_sample(self, topic: bytes, header: SampleHeader, buffer: memoryview) -> bool:
        if topic == TICK_TOPIC:
            self.tick.read(header, buffer)
        elif topic == REASONS_TOPIC:
            self._watch(header, buffer)
        else:
            self.controller.receive(header, buffer)
        return topic == TICK_TOPIC

    def _watch(self, header: SampleHeader, buffer: memoryview) -> None:
        """Notice that the governor has ended this episode's motion for good: only a new press would re-arm."""
        if self._by_hand or self._stopped or header.t_ns[-1] <= self._since_ns:
            return
        reasons = Reason(int(decode_array(header, buffer)[-1, 0]))
        if reasons & Reason.REARM:
            self._stopped = reasons

    def _await_tick(self, after: int) -> None:
        patience = Patience(PROGRESS_TIMEOUT_S)
        while patience.left_s() > 0:
            if self._take_in(100) and self.tick.period > after:
                return
            self._hear()
            if self.link.stopping or self._ended:
                return
        raise LockstepError(
            f"device server {self.info.rig}",
            f"no control period after {after} within {PROGRESS_TIMEOUT_S:g} s",
            way_out="See whether its recorder still gives credits (`serve` and `record` say why they stop)",
        )

    def _hear(self) -> None:
        for intent in self.link.poll():
            if intent.get("name") == "end":
                self._ended = True
            else:
                self.hear(intent)

    def hear(self, intent: dict[str, Any]) -> None:
        """Hand an intent that is not the driver's own to a controller that listens."""
        listen = getattr(self.controller, "hear", None)
        if listen is not None:
            listen(intent)

    def _over(self, until_ns: int, action: Action | None) -> Why | None:
        if self.link.stopping:
            return "stop"
        if self._ended:
            return "end"
        if self._stopped:
            self.link.notice(
                f"The episode ended: {clause(self._stopped & ~Reason.REARM or self._stopped)}.", "warning"
            )
            return "fault" if self._stopped & FAULTS else "interrupted"
        if (self.tick.done and not self._by_hand) or (action is not None and action.done):
            return "done"
        if until_ns and self.tick.t_ns >= until_ns:
            return "time"
        return None

    def _lockstep(self, until_ns: int) -> Why:
        ticks = 0
        while True:
            ticks += 1
            if ticks % 10 == 0:
                self._hear()
            action = self.controller.act(self.tick.t_ns)
            self._tell_samples()
            why = self._over(until_ns, action)
            if why is not None:
                return why
            period = self.tick.period
            self._send(action, self.tick.t_ns, period)
            self._await_tick(period)

    def _realtime(self, until_ns: int) -> Why:
        settle_memory()
        prefer_control()
        period_s = 1.0 / self.controller.rate_hz
        next_s = time.monotonic()
        next_state = 0.0
        while True:
            next_s = self._wait(max(next_s + period_s, time.monotonic()))
            self._hear()
            action = self.controller.act(self.client.clock.now_ns())
            self._tell_samples()
            why = self._over(until_ns, action)
            if why is not None:
                return why
            self._send(action, self.client.clock.now_ns(), -1)
            if time.monotonic() >= next_state:
                next_state = time.monotonic() + STATE_PERIOD_S
                self.link.send("state", name="driving", **self.controller.state())

    def _wait(self, until_s: float) -> float:
        """Take in samples until `until_s`, or until the controller's own input speaks; returns when that was due."""
        wake = getattr(self.controller, "wake", None)
        self._take_in(0, max(until_s - RESERVE_S, time.monotonic() + TAKE_S))
        earliest_s = time.monotonic() + SHORTEST_S
        poller = zmq.Poller()
        self.client.keep_time()
        for socket in (self.client.streams, self.client.commands, wake):
            if socket is not None:
                poller.register(socket, zmq.POLLIN)
        while (left := until_s - time.monotonic()) > 0:
            if left < POLL_S:  # polls count whole milliseconds
                time.sleep(left)
                break
            ready = dict(poller.poll(int(left * 1000)))
            if wake in ready:
                now_s = time.monotonic()
                if now_s >= earliest_s:
                    return now_s
                poller.unregister(wake)
                until_s = min(until_s, earliest_s)
            if self.client.commands in ready:
                self.client.keep_time()
            self._take_in(0, until_s - RESERVE_S)
        return until_s

    def _tell_samples(self) -> None:
        """Tell the parent what the controller has to say for the episode, as `sample` of the event `state`."""
        samples = getattr(self.controller, "samples", None)
        for header, data in samples() if samples is not None else ():
            self.link.send("state", name="sample", header=msgspec.to_builtins(header), data=data)

    def _send(self, action: Action, now_ns: int, period: int) -> None:
        self._seq += 1
        if self.headless:
            self.client.send_enable(Enable(SCHEMA_VERSION, self.holder, now_ns, self._press, headless=True))
        pose = None if action.pose is None else tuple(float(value) for value in np.asarray(action.pose))
        press = action.press or self._press
        token_ns = self.client.clock.of(action.token_ns) if action.token_ns else 0
        self.client.send_setpoint(
            SetPoint(
                SCHEMA_VERSION, self.holder, self.controller.source, self._seq, now_ns, token_ns, press,
                period, pose, float(action.gripper),
            ),
            action.others,
        )  # fmt: skip


def serve_driver(driver: Driver, link: ChildLink, ready: dict[str, Any] | None = None) -> None:
    """Run episodes as the parent's intents ask, until stopped. Errors of one episode are told and end it alone."""
    link.ready(**(ready or {}))
    while not link.stopping:
        for intent in link.poll(50):
            if intent.get("name") != "begin":
                driver.hear(intent)
                continue
            link.send("state", name="driving")
            try:
                why: str = driver.run(
                    int(intent.get("seed", 0)), int(intent.get("until_ns", 0)), intent.get("meta") or {}
                )
            except (DeviceError, LockstepError) as error:
                why = "fault"
                link.notice(error.sentence(), "error")
            report = getattr(driver.controller, "report", None)
            told = {"delays": report()} if report is not None else {}
            link.send("state", name="ended", t_ns=driver.tick.t_ns, why=why, **told)
