"""The hand's controller: a press moves, the same press held over a new beginning does not, stamps pass unchanged."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import zmq

from app.core.drive.controller import Action, Start
from app.core.wire.codec import encode
from app.core.wire.messages import SCHEMA_VERSION, Beat, SampleHeader, ServerInfo
from app.core.wire.sockets import bind, connect, endpoint_of
from app.teleop.driven import LEAD_M
from app.teleop.hand import HandController

HOME = (0.5, 0.0, 0.2, 0.0, 1.0, 0.0, 0.0)
INFO = ServerInfo(
    "sim/wipe",
    True,
    False,
    20_000_000,
    (),
    (),
    (),
    HOME,
    {"speed_m_s": 0.25, "angular_speed_rad_s": 1.0},
    "wipe",
    "0",
)


class Bench:
    """A controller with its socket, and time that the test moves."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self.pull = bind(context, zmq.PULL)
        self.push = connect(context, zmq.PUSH, endpoint_of(self.pull))
        self.hand = HandController(self.pull)
        self.now_ns = 1_000_000_000
        self.begin()

    def begin(self) -> None:
        """Begin an episode at the home pose."""
        self.hand.begin(Start(self.now_ns, 0, INFO, {}))
        for signal, row in (("pose", HOME), ("applied", (*HOME, 0.04))):
            header = SampleHeader(
                SCHEMA_VERSION, "arm", signal, 0, 1, (0,), (0,), "raw", "<f8", (len(row),)
            )  # fmt: skip
            self.hand.receive(header, memoryview(np.array(row).tobytes()))

    def beat(self, enable: bool, press: int, down: float = -1.0) -> Action:
        """Send one beat 10 ms later and return what the controller wants."""
        self.now_ns += 10_000_000
        twist = (0.0, 0.0, down, 0.0, 0.0, 0.0)
        self.push.send(encode(Beat(SCHEMA_VERSION, self.now_ns - 3, enable, press, twist, 1.0, 0.0, False)))
        assert self.pull.poll(2000)
        return self.hand.act(self.now_ns)


@pytest.fixture
def bench() -> Iterator[Bench]:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    bench = Bench(context)
    yield bench
    bench.push.close()
    bench.pull.close()
    context.term()


def test_a_press_moves_with_the_stamp_of_its_beat_and_letting_go_holds(bench: Bench) -> None:
    assert bench.beat(False, 0).pose is None
    first = bench.beat(True, 1)
    assert first.token_ns == bench.now_ns - 3
    assert first.press == 1
    for _ in range(50):
        last = bench.beat(True, 1)
    assert last.pose is not None
    assert last.pose[2] < HOME[2]
    assert HOME[2] - last.pose[2] <= LEAD_M + 1e-9  # the arm did not follow, so the target waits for it
    assert bench.beat(False, 1).pose is None


def test_a_press_that_is_held_over_a_new_beginning_does_not_move(bench: Bench) -> None:
    bench.beat(False, 0)
    assert bench.beat(True, 1).pose is not None
    bench.begin()
    assert bench.beat(True, 1).pose is None
    assert bench.beat(False, 1).pose is None
    assert bench.beat(True, 2).pose is not None


def test_a_press_that_a_new_process_finds_held_does_not_move(bench: Bench) -> None:
    assert bench.beat(True, 7).pose is None
    assert bench.beat(False, 7).pose is None
    assert bench.beat(True, 8).pose is not None


def test_a_malformed_beat_enables_nothing(bench: Bench) -> None:
    bench.beat(False, 0)
    bench.push.send(b"\xff nonsense")
    assert bench.pull.poll(2000)
    assert bench.hand.act(bench.now_ns).pose is None


def test_a_twist_that_is_no_number_moves_nothing(bench: Bench) -> None:
    bench.beat(False, 0)
    action = bench.beat(True, 1, down=float("nan"))
    assert action.pose is not None
    assert np.isfinite(action.pose).all()
    assert action.pose[2] == pytest.approx(HOME[2])


def test_another_input_ends_the_press_that_is_held(bench: Bench, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "js0")
    pad = os.open(tmp_path / "js0", os.O_RDWR | os.O_NONBLOCK)
    bench.beat(False, 0)
    assert bench.beat(True, 1).pose is not None
    bench.hand.hear({"name": "input", "text": f"gamepad:{tmp_path / 'js0'}"})
    assert bench.beat(True, 1).pose is None
    assert bench.hand.state()["held"]["title"] == "Gamepad"
    assert bench.beat(False, 1).pose is None
    assert bench.beat(True, 2).pose is not None, "the keys are still there"
    os.write(pad, struct.pack("<IhBB", 0, 1, 1, 5))
    by_pad = bench.beat(True, 2)
    assert by_pad.pose is not None
    assert by_pad.press == 3
    bench.hand.hear({"name": "input", "text": f"gamepad:{tmp_path / 'js0'},fine=10"})
    assert bench.beat(True, 2).press == 3, "settings alone end nothing"
    bench.hand.close()
    os.close(pad)


def test_an_input_that_cannot_be_opened_is_told_and_shown(bench: Bench) -> None:
    said: list[str] = []
    bench.hand._tell = lambda text, _level: said.append(text)
    for text, words in (("gamepad:/dev/nothing", "cannot be opened"), ("wheel:/dev/x", "Valid: spacemouse")):
        bench.hand.hear({"name": "input", "text": text})
        assert words in said[-1]
        assert bench.hand.state()["held"]["problem"] == said[-1]
    bench.beat(False, 0)
    assert bench.beat(True, 1).pose is not None, "the keys are still there"


def test_the_clutch_holds_the_arm_and_a_release_begins_where_it_is(bench: Bench) -> None:
    bench.beat(False, 0)
    for _ in range(20):
        moved = bench.beat(True, 1)
    assert moved.pose is not None
    beat = Beat(SCHEMA_VERSION, bench.now_ns, True, 1, (0.0,) * 6, 1.0, 0.0, False, clutch=True)
    for _ in range(3):
        bench.push.send(encode(beat))
        assert bench.pull.poll(2000)
        bench.now_ns += 10_000_000
        stands = bench.hand.act(bench.now_ns)
    assert stands.pose == pytest.approx(moved.pose)
    assert bench.hand.state()["held"]["clutch"]
    again = bench.beat(True, 1, down=0.0)
    assert again.pose is not None
    assert again.pose == pytest.approx(HOME), (
        "from where the arm was let go, without what the target had run ahead"
    )
    assert again.press == 1
