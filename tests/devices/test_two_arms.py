"""Two arms on one server: one lease, one enabling input, a governor each; a set-point is taken whole or not at all.

The server, its sockets and its governors are the real ones; the arms are ideal and feel what the test says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec
import numpy as np
import pytest
import zmq

from app.core.clock import ManualClock
from app.core.errors import RigError
from app.core.ids import next_message_id
from app.core.rig import load_rig
from app.core.safety.governor import Measured
from app.core.safety.reasons import Reason
from app.core.safety.state import GovernorState
from app.core.wire.client import KIND_COMMAND, KIND_SETPOINT, KIND_SETPOINTS
from app.core.wire.codec import decode, decode_array, encode
from app.core.wire.messages import SCHEMA_VERSION, ArmTarget, Command, SampleHeader, SetPoint, SetPoints
from app.core.wire.sockets import bind, connect, endpoint_of
from devices.interface import Description, Notice, Sample, Target
from devices.serving.core import DeviceServer
from devices.simulated.lift.measures import HOMES
from tests.hygiene import wait_until

TICK_NS = 4_000_000
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


class Link:
    """The parent's end: what was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def notice(self, text: str, level: str = "info") -> None:
        self.told.append(text)


class Served:
    """A server of `sim/lift`'s limits in simulated time, and a client of it that holds the lease."""

    def __init__(self) -> None:
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        commands, streams = bind(self.context, zmq.ROUTER), bind(self.context, zmq.PUB)
        self.arms, self.link, self.clock = Arms(), Link(), ManualClock(10**9)
        self.server = DeviceServer(
            load_rig("sim/lift"), self.arms, self.clock, commands, streams, True, self.link,  # type: ignore[arg-type]
        )  # fmt: skip
        self.client = connect(self.context, zmq.DEALER, endpoint_of(commands))
        self.listener = connect(self.context, zmq.SUB, endpoint_of(streams))
        self.listener.setsockopt(zmq.SUBSCRIBE, b"")
        self._sockets = (commands, streams, self.client, self.listener)
        while not self.listener.poll(20):
            self.server.publisher.sync("there")
        self.seq, self.press = 0, 1
        self.command("lease", holder="me", source="operator")

    def close(self) -> None:
        for socket in self._sockets:
            socket.close()
        self.context.term()

    def _put(self, kind: bytes, message: msgspec.Struct) -> None:
        self.client.send_multipart([kind, encode(message)])
        wait_until(lambda: self.server.hear(100), what="a message at the server")

    def command(self, name: str, **arguments: object) -> None:
        self._put(KIND_COMMAND, Command(SCHEMA_VERSION, next_message_id(), name, arguments))

    def send(self, first: np.ndarray, *others: ArmTarget, token: bool = True) -> None:
        self.seq += 1
        now = self.clock.now_ns()
        pose = tuple(float(value) for value in first)
        token_ns = now if token else 0
        point = SetPoint(
            SCHEMA_VERSION, "me", "operator", self.seq, now, token_ns, self.press, -1, pose, 0.04
        )
        if others:
            self._put(KIND_SETPOINTS, SetPoints(SCHEMA_VERSION, point, others))
        else:
            self._put(KIND_SETPOINT, point)

    def move(self, periods: int = 20, token: bool = True) -> None:
        """Ask both arms up."""
        for _ in range(periods):
            self.send(FIRST + UP, second(SECOND + UP), token=token)
            self.tick(5)

    def tick(self, count: int = 1) -> None:
        for _ in range(count):
            self.clock.set_ns(self.clock.now_ns() + TICK_NS)
            self.server.step(self.clock.now_ns())
        self.server.publish_tick()

    def heights(self) -> tuple[float, float]:
        """Return how far each arm has risen, m."""
        return float(self.arms.poses["arm"][2] - FIRST[2]), float(self.arms.poses["arm2"][2] - SECOND[2])

    def states(self) -> tuple[GovernorState, GovernorState]:
        return self.server.state, self.server.others.states["arm2"]

    def recorded(self) -> dict[str, int]:
        """Return every reason bit that was published since the last call, by topic."""
        found: dict[str, int] = {}
        while self.listener.poll(50):
            topic, head, data = self.listener.recv_multipart()
            if topic.endswith(b"/reasons"):
                rows = decode_array(decode(SampleHeader, head), memoryview(data))
                name = topic.decode()
                found[name] = found.get(name, 0) | int(np.bitwise_or.reduce(rows.ravel()))
        return found


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
