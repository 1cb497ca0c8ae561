"""Every reason of the governor reaches the person as a notice and the take as a stream; a real device server."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from app.core.safety.governor import Measured
from app.core.safety.reasons import WORDS, Reason
from app.core.wire.client import KIND_ENABLE, KIND_SETPOINT
from app.core.wire.messages import SCHEMA_VERSION, Enable, SetPoint
from devices.interface import Description, Notice, Sample
from tests.devices.in_time import ServedInTime
from tests.faults.trials import HOME, LIMITS, MS, TICK_NS

FAR = HOME + np.array([0.09, 0.0, 0.0, 0, 0, 0, 0])


@dataclass
class Arm:
    """An ideal arm: it is where it was told to be, and feels what the test says."""

    pose: np.ndarray = field(default_factory=HOME.copy)
    force: np.ndarray = field(default_factory=lambda: np.zeros(3))
    off_m: float = 0.0
    t_ns: int = 0

    def describe(self) -> Description:
        return Description((), (), np.zeros((0, 3)), HOME, 0.004, "an ideal arm")

    def measured(self) -> Measured:
        pose = self.pose - np.array([self.off_m, 0, 0, 0, 0, 0, 0])
        return Measured(pose, 0.04, float(np.linalg.norm(self.force)), self.force)

    def advance(self, pose: np.ndarray, gripper: float) -> list[Sample]:
        self.pose, self.t_ns = pose, self.t_ns + TICK_NS
        return []

    def notices(self) -> list[Notice]:
        return []

    def task_over(self) -> bool:
        return False


class Rig(ServedInTime):
    """A server of `sim/wipe`'s limits over an ideal arm."""

    def __init__(self) -> None:
        self.arm = Arm()
        super().__init__("sim/wipe", self.arm)

    def send(self, pose: Iterable[float] | None = HOME, age_ms: float = 0.0, **changes: object) -> None:
        """Send one set-point of somebody who holds the enabling input."""
        self.seq += 1
        now = self.clock.now_ns()
        pose = pose if pose is None else tuple(float(x) for x in pose)
        values = {
            "holder": "me",
            "seq": self.seq,
            "stamp_ns": now - round(age_ms * MS),
            "pose": pose,
            **changes,
        }
        values.setdefault("source", "operator")
        point = SetPoint(SCHEMA_VERSION, token_ns=now, press=self.press, period=-1, gripper=0.04,
                         **values)  # type: ignore[arg-type]  # fmt: skip
        self.put(KIND_SETPOINT, point)

    def move(self, steps: int = 90, goal: np.ndarray = FAR) -> None:
        """Drive towards a goal that is always a little ahead."""
        for _ in range(steps):
            ahead = np.array(self.server.state.position) + np.clip(
                goal[:3] - self.server.state.position, -0.004, 0.004
            )
            self.send((*ahead, *HOME[3:]))
            self.tick()


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.close()


def let_go(rig: Rig) -> None:
    rig.send(None)
    rig.tick(20)


def fall_silent(rig: Rig) -> None:
    """The hand is there, its commands are not."""
    for _ in range(20):
        enable = Enable(SCHEMA_VERSION, "window", rig.clock.now_ns(), rig.press, headless=False)
        rig.put(KIND_ENABLE, enable)
        rig.tick()


def push(rig: Rig) -> None:
    rig.arm.force = np.array([0.0, 0.0, LIMITS.force_n + 1.0])
    rig.tick()


def press_on(rig: Rig) -> None:
    """Drive into something that holds against it, just below the limit of force."""
    rig.arm.force = np.array([-0.95 * LIMITS.force_n, 0.0, 0.0])
    reach(rig, 60)


def reach(rig: Rig, steps: int = 300) -> None:
    """Ask for a target that is far away."""
    for _ in range(steps):
        rig.send((2.0, 0.0, 0.2, *HOME[3:]))
        rig.tick()


def stop(rig: Rig) -> None:
    rig.command("stop", reason="a test")
    rig.tick()


def once(**wrong: Any) -> Callable[[Rig], None]:
    """Return what sends one set-point that is wrong."""

    def send(rig: Rig) -> None:
        rig.send(**wrong)
        rig.tick()

    return send


def late(count: int) -> Callable[[Rig], None]:
    """Return what sends so many late set-points among seventy others."""

    def send(rig: Rig) -> None:
        rig.move(40)
        for _ in range(count):
            rig.send((*rig.server.state.position, *HOME[3:]), age_ms=55.0)
            rig.move(1)

    return send


PROVOKE: dict[Reason, Callable[[Rig], None]] = {
    Reason.LEASE: once(holder="you"),
    Reason.SCHEMA: once(pose=(1.0, 2.0)),
    Reason.NOT_FINITE: once(pose=(math.nan, *HOME[1:])),
    Reason.SEQUENCE: once(seq=1),
    Reason.AGE: once(age_ms=70.0),
    Reason.NOT_ENABLED: let_go,
    Reason.REARM: let_go,
    Reason.DISTANCE: reach,
    Reason.WORKSPACE: reach,
    Reason.SPEED: reach,
    Reason.FORCE: push,
    Reason.STOPPED: stop,
    Reason.EXPIRED: fall_silent,
    Reason.POWER: press_on,
    Reason.LATE: late(1),
    Reason.TOO_LATE: late(4),
}


TOLD = {  # where the notice has other words than the strip
    Reason.STOPPED: "Software stop: a test.",
    Reason.REARM: "Motion was stopped",
    Reason.AGE: "commands begin to come late",  # one alone; what goes on longer is told by `devices.serving.delays`
}


@pytest.mark.parametrize("reason", list(Reason), ids=lambda reason: str(reason.name))
def test_a_reason_is_told_and_recorded(rig: Rig, reason: Reason) -> None:
    rig.move(30)
    PROVOKE[reason](rig)
    assert any(TOLD.get(reason, WORDS[reason]) in text for text in rig.link.told), rig.link.told
    assert rig.recorded()["arm/reasons"] & reason


def test_what_changes_motion_is_told_once_to_sources_of_one_kind(rig: Rig) -> None:
    def told() -> int:
        return sum(WORDS[Reason.SPEED] in text for text in rig.link.told)

    def take(holder: str, source: str) -> None:
        rig.command("lease", holder=holder, source=source)
        rig.seq = 0
        for _ in range(3):
            rig.send(FAR, holder=holder, source=source)
            rig.tick()
        assert rig.recorded()["arm/reasons"] & Reason.SPEED
        rig.command("release", holder=holder)
        rig.tick()

    for holder in ("me", "me again", "me at last"):
        take(holder, "operator")
    assert told() == 1
    take("net", "policy")
    assert told() == 2
    take("me", "operator")
    assert told() == 3


def test_what_ends_motion_is_told_again_after_the_next_press(rig: Rig) -> None:
    for _ in range(2):
        rig.arm.force = np.zeros(3)
        rig.move(3)
        push(rig)
        rig.tick(10)
        rig.press += 1
    told = [text for text in rig.link.told if WORDS[Reason.FORCE] in text]
    assert len(told) == 2
