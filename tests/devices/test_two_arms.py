"""Two arms on one server: one lease, one enabling input, a governor each; a set-point is taken whole or not at all.

The server, its sockets and its governors are the real ones; the arms are ideal and feel what the test says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec
import numpy as np
import pytest

from app.core.clock import ManualClock
from app.core.errors import RigError
from app.core.rig import load_rig
from app.core.safety.governor import Measured
from app.core.safety.reasons import Reason
from app.core.safety.state import GovernorState
from app.core.wire.client import KIND_SETPOINT, KIND_SETPOINTS
from app.core.wire.messages import SCHEMA_VERSION, ArmTarget, SetPoint, SetPoints
from devices.interface import Description, Notice, Sample, Target
from devices.serving.core import DeviceServer
from devices.simulated.lift.measures import HOMES
from tests.devices.in_time import TICK_NS, Link, ServedInTime

FIRST, SECOND = (np.array(home) for home in HOMES)
UP = np.array([0.0, 0.0, 0.05, 0, 0, 0, 0])


@dataclass
class Arms:
    """Two ideal arms: each is where it was told to be, and feels what the test says."""

    poses: dict[str, np.ndarray] = field(default_factory=lambda: {"arm": FIRST.copy(), "arm2": SECOND.copy()})
    forces: dict[str, float] = field(default_factory=lambda: {"arm": 0.0, "arm2": 0.0})

    def describe(self) -> Description:
        return Description(
            (), (), np.zeros((0, 3)), FIRST, TICK_NS * 1e-9, "ideal arms", others={"arm2": SECOND}
        )

    def _measured(self, name: str) -> Measured:
        return Measured(self.poses[name], 0.04, self.forces[name], np.array([0.0, 0.0, self.forces[name]]))

    def measured(self) -> Measured:
        return self._measured("arm")

    def measured_others(self) -> dict[str, Measured]:
        return {"arm2": self._measured("arm2")}

    def advance_all(self, pose: np.ndarray, gripper: float, others: Mapping[str, Target]) -> list[Sample]:
        self.poses = {"arm": pose, "arm2": others["arm2"].pose}
        return []

    def reset(self, seed: int, condition: str) -> str:
        self.poses = {"arm": FIRST.copy(), "arm2": SECOND.copy()}
        return ""

    def notices(self) -> list[Notice]:
        return []

    def task_over(self) -> bool:
        return False


class Served(ServedInTime):
    """A server of `sim/lift`'s limits over two ideal arms."""

    def __init__(self) -> None:
        self.arms = Arms()
        super().__init__("sim/lift", self.arms)

    def send(self, first: np.ndarray, *others: ArmTarget, token: bool = True) -> None:
        self.seq += 1
        now = self.clock.now_ns()
        pose = tuple(float(value) for value in first)
        token_ns = now if token else 0
        point = SetPoint(
            SCHEMA_VERSION, "me", "operator", self.seq, now, token_ns, self.press, -1, pose, 0.04
        )
        if others:
            self.put(KIND_SETPOINTS, SetPoints(SCHEMA_VERSION, point, others))
        else:
            self.put(KIND_SETPOINT, point)

    def move(self, periods: int = 20, token: bool = True) -> None:
        """Ask both arms up."""
        for _ in range(periods):
            self.send(FIRST + UP, second(SECOND + UP), token=token)
            self.tick(5)

    def heights(self) -> tuple[float, float]:
        """Return how far each arm has risen, m."""
        return float(self.arms.poses["arm"][2] - FIRST[2]), float(self.arms.poses["arm2"][2] - SECOND[2])

    def states(self) -> tuple[GovernorState, GovernorState]:
        return self.server.state, self.server.others.states["arm2"]


def second(pose: np.ndarray, name: str = "arm2") -> ArmTarget:
    return ArmTarget(name, tuple(float(value) for value in pose), 0.04)


@pytest.fixture
def served() -> Iterator[Served]:
    served = Served()
    yield served
    served.close()


def test_both_arms_go_where_one_message_says_and_clients_are_told_of_both(served: Served) -> None:
    served.move(periods=40)
    assert min(served.heights()) > 0.045
    info = served.server.info
    assert [arm.name for arm in info.others] == ["arm2"]
    assert info.others[0].limits["force_n"] == info.limits["force_n"] == 30.0
    topics = {spec.topic for spec in info.streams}
    for signal in ("commanded", "applied", "source", "reasons"):
        assert {f"arm/{signal}", f"arm2/{signal}"} <= topics


def test_an_arm_that_is_not_named_holds(served: Served) -> None:
    for _ in range(20):
        served.send(FIRST + UP)
        served.tick(5)
    first, other = served.heights()
    assert first > 0.03
    assert other == 0.0


BAD: dict[str, tuple[ArmTarget, ...]] = {
    "not finite": (second(np.array([np.nan, *SECOND[1:]])),),
    "no such arm": (second(SECOND, "arm9"),),
    "twice the same": (second(SECOND + UP), second(SECOND)),
    "no pose": (ArmTarget("arm2", (0.5, 0.4, 0.2), 0.04),),
    "no quaternion": (second(np.array([*SECOND[:3], 0.0, 0.0, 0.0, 0.0])),),
}


@pytest.mark.parametrize("what", BAD)
def test_a_message_with_one_bad_target_moves_neither_arm(served: Served, what: str) -> None:
    for _ in range(10):
        served.send(FIRST + UP, *BAD[what])
        served.tick(5)
    assert served.heights() == (0.0, 0.0)
    assert all(state.setpoint is None for state in served.states())
    assert served.recorded()["arm/reasons"] & (Reason.NOT_FINITE | Reason.SCHEMA)


def test_each_arm_is_kept_within_its_own_workspace(served: Served) -> None:
    across = np.array([0.0, -0.2, 0.0, 0, 0, 0, 0])
    for _ in range(120):
        served.send(FIRST + UP, second(SECOND + across))
        served.tick(5)
    assert served.arms.poses["arm2"][1] == pytest.approx(0.25, abs=1e-3)
    assert served.heights()[0] == pytest.approx(UP[2], abs=1e-3)
    recorded = served.recorded()
    assert recorded["arm2/reasons"] & Reason.WORKSPACE
    assert not recorded["arm/reasons"] & Reason.WORKSPACE


def no_more_messages(served: Served) -> None:
    served.tick(20)


def no_more_enabling(served: Served) -> None:
    served.move(periods=5, token=False)


def too_much_force_on(name: str) -> Callable[[Served], None]:
    def press(served: Served) -> None:
        served.arms.forces[name] = 40.0
        served.tick(1)
        served.arms.forces[name] = 0.0

    return press


def a_number_that_is_none_from(name: str) -> Callable[[Served], None]:
    def lose(served: Served) -> None:
        served.arms.forces[name] = np.nan
        served.tick(1)
        served.arms.forces[name] = 0.0

    return lose


ENDS: dict[str, Callable[[Served], None]] = {
    "software stop": lambda served: served.command("stop"),
    "messages end": no_more_messages,
    "enabling ends": no_more_enabling,
    "force on the first": too_much_force_on("arm"),
    "force on the second": too_much_force_on("arm2"),
    "the first is blind": a_number_that_is_none_from("arm"),
    "the second is blind": a_number_that_is_none_from("arm2"),
    "reset": lambda served: served.command("reset", seed=1),
    "stall of the server": lambda served: served.server.wake(1.0),
}


@pytest.mark.parametrize("what", ENDS)
def test_what_ends_motion_of_one_arm_ends_it_for_both_until_a_new_press(served: Served, what: str) -> None:
    served.move(periods=5)
    ENDS[what](served)
    served.tick(1)
    assert all(state.spent_press >= served.press for state in served.states())
    served.move(periods=40)  # the same press is held on: it only comes to rest
    before = served.heights()
    served.move(periods=5)
    assert served.heights() == pytest.approx(before, abs=1e-5)
    assert all(float(np.abs(state.velocity).max()) < 1e-3 for state in served.states())
    served.press += 1
    served.move(periods=40)
    assert min(served.heights()) > 0.045


def test_the_force_on_one_arm_is_told_and_recorded_for_both(served: Served) -> None:
    served.move(periods=5)
    too_much_force_on("arm2")(served)
    served.tick(2)
    assert any("Motion was stopped" in text and "force" in text for text in served.link.told)
    recorded = served.recorded()
    for name in ("arm/reasons", "arm2/reasons"):
        assert recorded[name] & Reason.FORCE
        assert recorded[name] & Reason.REARM


def test_releasing_frees_both_arms_and_taking_over_leaves_nothing_behind(served: Served) -> None:
    served.move(periods=5)
    served.command("release", holder="me")
    assert [state.holder for state in served.states()] == ["", ""]
    served.command("lease", holder="net", source="policy")
    assert [(state.holder, state.source, state.setpoint) for state in served.states()] == [
        ("net", "policy", None)
    ] * 2


def test_a_rig_must_have_limits_for_just_the_arms_of_its_device() -> None:
    rig = msgspec.structs.replace(load_rig("sim/lift"), others={})
    with pytest.raises(RigError, match=r"limits for the arms \[\].*Valid: arm2"):
        DeviceServer(rig, Arms(), ManualClock(1), None, None, True, Link())  # type: ignore[arg-type]
