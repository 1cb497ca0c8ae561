"""One hand for two arms: a key goes to the other one, the one that is left holds; two hands drive both, or nothing."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import zmq

from app.core.drive.controller import Action, Start
from app.core.wire.client import KIND_SETPOINT, KIND_SETPOINTS
from app.core.wire.codec import decode, encode
from app.core.wire.messages import SCHEMA_VERSION, Beat, SampleHeader, SetPoint, SetPoints
from app.core.wire.sockets import bind, connect, endpoint_of
from app.teleop.hand import HandController
from devices.simulated.lift.measures import HOMES
from tests.devices.test_two_arms import Served

UP = (0.0, 0.0, 1.0, 0.0, 0.0, 0.0)


class Bench:
    """The hand's controller with its own socket, driving the real server of two ideal arms in simulated time."""

    def __init__(self) -> None:
        self.served = Served()
        self.pull = bind(self.served.context, zmq.PULL)
        self.push = connect(self.served.context, zmq.PUSH, endpoint_of(self.pull))
        self.hand = HandController(self.pull, others=("arm2",))
        self.listen()
        self.hand.begin(Start(self.served.clock.now_ns(), 0, self.served.server.info, {}))
        self.beat(False, 0)

    def listen(self) -> None:
        """Give the hand what the server has published, over the wire, and where the ideal arms are."""
        self.served.tick(1)
        now = self.served.clock.now_ns()
        for name, pose in self.served.arms.poses.items():
            header = SampleHeader(SCHEMA_VERSION, name, "pose", 0, 1, (now,), (now,), "raw", "<f8", (7,))
            self.hand.receive(header, memoryview(np.array(pose)[None].tobytes()))
        while self.served.listener.poll(20):
            topic, head, data = self.served.listener.recv_multipart()
            if topic.decode() in self.hand.topics:
                self.hand.receive(decode(SampleHeader, head), memoryview(data))

    def beat(self, enable: bool, press: int, arm: int = 0, stamp_ns: int = 0) -> Action:
        """Send a beat of the keys that pulls up, and return what the hand wants."""
        stamp = stamp_ns or self.served.clock.now_ns()
        self.push.send(
            encode(Beat(SCHEMA_VERSION, stamp, enable, press, UP, 1.0, 0.0, False, False, False, 0, arm))
        )
        assert self.pull.poll(2000)
        return self.hand.act(self.served.clock.now_ns())

    def drive(self, beats: int, press: int, arm: int, enable: bool = True) -> tuple[float, float]:
        """Send what the hand wants for some periods, as the driver does; return how far both arms have risen, m."""
        served = self.served
        for _ in range(beats):
            action, now = self.beat(enable, press, arm), served.clock.now_ns()
            served.seq += 1
            pose = None if action.pose is None else tuple(float(value) for value in action.pose)
            point = SetPoint(
                SCHEMA_VERSION, "me", "operator", served.seq, now, action.token_ns, action.press, -1, pose,
                action.gripper,
            )  # fmt: skip
            if action.others:
                served.put(KIND_SETPOINTS, SetPoints(SCHEMA_VERSION, point, action.others))
            else:
                served.put(KIND_SETPOINT, point)
            served.tick(5)
            self.listen()
        return served.heights()

    def close(self) -> None:
        self.hand.close()
        self.push.close()
        self.pull.close()
        self.served.close()


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


def test_the_key_goes_to_the_other_arm_and_the_one_that_is_left_holds_its_place(bench: Bench) -> None:
    first, second = bench.drive(10, 1, 0)
    assert first > 0.005
    assert second == 0.0
    assert bench.hand.state()["held"]["arm"] == "arm"
    at_the_switch, _ = bench.drive(4, 1, 1)
    left, second = bench.drive(10, 1, 1)
    assert left == pytest.approx(at_the_switch, abs=1e-4), "it came to rest within the first periods"
    assert second > 0.005
    assert bench.hand.state()["held"]["arm"] == "arm2"
    assert bench.hand.state()["target"][1] == pytest.approx(HOMES[1][1])
    again, stays = bench.drive(10, 1, 2)
    assert again > left + 0.003
    assert stays == pytest.approx(second, abs=2e-3)


def test_letting_go_and_a_stop_end_the_motion_of_either_arm(bench: Bench) -> None:
    bench.drive(6, 1, 1)
    bench.drive(6, 1, 1, enable=False)
    assert bench.drive(6, 1, 1, enable=False) == bench.drive(2, 1, 1, enable=False)
    _, moved = bench.drive(10, 2, 1)
    assert moved > 0.005
    bench.served.command("stop", reason="the person")
    bench.drive(6, 2, 1)
    before = bench.served.heights()
    assert bench.drive(6, 2, 0) == pytest.approx(before), "the held press is spent for both"
    assert [state.spent_press for state in bench.served.states()] == [2, 2]
    assert bench.drive(10, 3, 0)[0] > before[0] + 0.003


def pressed(pad: int, button: int, down: bool) -> None:
    os.write(pad, struct.pack("<IhBB", 0, int(down), 1, button))


def test_with_two_hands_each_drives_an_arm_and_either_one_ends_both(bench: Bench, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "js0")
    pad = os.open(tmp_path / "js0", os.O_RDWR | os.O_NONBLOCK)
    bench.hand.hear({"name": "input", "text": f"gamepad:{tmp_path / 'js0'}"})
    try:
        pressed(pad, 5, True)
        alone = bench.beat(False, 0, stamp_ns=time.monotonic_ns())
        assert alone.pose is not None
        assert alone.others == ()
        older = time.monotonic_ns() - 20_000_000
        both = bench.beat(True, 1, stamp_ns=older)
        assert both.pose is not None
        assert [target.arm for target in both.others] == ["arm2"]
        assert both.token_ns == older, "all motion ends when the window falls silent"
        assert both.press == alone.press
        assert bench.hand.state()["held"]["beside"] == ["arm2"]
        pressed(pad, 3, True)  # Y: the pad goes to the other arm, the keys to the first
        bench.served.tick(2)
        swapped = bench.beat(True, 1, stamp_ns=older)
        assert bench.hand.state()["held"]["arm"] == "arm2"
        assert swapped.pose is not None
        assert swapped.pose[2] > float(np.asarray(HOMES[0])[2]), "the keys pull up"
        pressed(pad, 5, False)
        assert bench.beat(True, 1, stamp_ns=older) == Action(None), "the keys' press has ended with the pad's"
        pressed(pad, 5, True)
        assert bench.beat(True, 1, stamp_ns=older).pose is None, "and joins no later one"
        assert bench.beat(False, 1, stamp_ns=older).others != ()
        assert bench.beat(True, 2, stamp_ns=older).pose is not None
    finally:
        os.close(pad)
