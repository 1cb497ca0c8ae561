"""A rig at hand: served by a child of ours, or joined with `--connect`. Used by collect, deploy, augment, demo."""

from __future__ import annotations

import time
from types import TracebackType

from app.core.drive.loop import Tick
from app.core.errors import DeviceError
from app.core.link.hub import Child, Hub
from app.core.wire.client import TICK_TOPIC, DeviceClient, Endpoints
from app.core.wire.codec import decode_array
from app.core.wire.messages import ServerInfo

START_S = 200.0
SCORE_TOPIC = "task/score"
STOPPED = "A software stop ends the series. Begin another when you are ready."


class RigAtHand:
    """A client of a rig's device server that also follows the task's score. A context manager.

    Attributes:
        endpoints: Where the server listens.
        info: What it offers.
        tick: The newest tick that `follow` saw.
        score: (score, share removed) that `follow` saw last; None before the first.
        age_ms: Age of the newest tick when it was taken in (real time).
        heard_s: `time.monotonic()` at which the newest tick was taken in.
    """

    def __init__(self, hub: Hub, rig: str, connect: str | None, fast: bool) -> None:
        self.server: Child | None = None
        if connect is None:
            self.server = hub.start("serve", "--rig", rig, *(["--fast"] if fast else []))
            connect = str(hub.wait_ready(self.server, START_S)["connect"])
        self.endpoints = Endpoints.parse(connect)
        self.client = DeviceClient(self.endpoints)
        self.info: ServerInfo = self.client.describe()
        self._check(rig, fast)
        self._stops = self._count_stops()
        if not fast:
            self.client.synchronise()
        self.client.subscribe((SCORE_TOPIC, TICK_TOPIC.decode()))
        self.tick = Tick()
        self.score: tuple[float, float] | None = None
        self.age_ms = 0.0
        self.heard_s = time.monotonic()

    def _check(self, rig: str, fast: bool) -> None:
        if self.info.lockstep != fast:
            mode = "lock-step (--fast)" if self.info.lockstep else "real time"
            self.client.close()
            raise DeviceError(
                f"rig {rig!r}", f"the server that runs is in {mode}", way_out="Start both the same way"
            )

    def __enter__(self) -> RigAtHand:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()

    def reset(self, seed: int, condition: str) -> str:
        """Reset the task from a seed, tare, and forget the last score; return the condition that was drawn."""
        answer = self.client.call("reset", timeout_s=30.0, seed=seed, condition=condition)
        self.client.call("tare")
        self.follow(complete=True)
        self.score = None
        return str(answer.get("condition") or condition)

    def was_stopped(self) -> bool:
        """Whether a software stop came since this began, also between two takes, where it ends no motion."""
        return self._count_stops() != self._stops

    def _count_stops(self) -> int:
        return int(self.client.call("status").get("stops", 0))

    def silent_s(self) -> float:
        """Return for how many seconds no tick has been taken in."""
        return time.monotonic() - self.heard_s

    def follow(self, complete: bool = False) -> None:
        """Take in scores and ticks; with `complete`, everything that was published before this call."""
        if not self.info.lockstep:
            self.client.keep_time()
        messages = self.client.catch_up() if complete else self.client.receive(0)
        for topic, header, buffer in messages:
            if topic == TICK_TOPIC:
                self.tick.read(header, buffer)
                self.heard_s = time.monotonic()
                if not self.info.lockstep:
                    self.age_ms = (self.client.clock.now_ns() - self.tick.t_ns) * 1e-6
            else:
                score, removed = decode_array(header, buffer)[-1]
                self.score = float(score), float(removed)
