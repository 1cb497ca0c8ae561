"""A device in the hand: its dead-man, its stamps, and the hand that wins; then an arm that it really moves."""

from __future__ import annotations

import itertools
import os
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.core.errors import DeviceError, UsageError
from app.core.link.hub import Hub
from app.core.safety.reasons import Reason
from app.core.wire.client import DeviceClient, Endpoints
from app.core.wire.codec import decode_array
from app.core.wire.messages import SCHEMA_VERSION, Beat
from app.teleop.held import Choice, HeldBeats
from app.teleop.inputs import open_input
from app.teleop.settings import Settings, read_settings
from devices.inputs.interface import Held
from tests.hygiene import wait_until

MS = 1_000_000


class Scripted:
    """A device that holds what the test says."""

    def __init__(self) -> None:
        self.held = Held()
        self.gone = self.closed = False
        self.felt: list[tuple[float, float]] = []

    def feel(self, strong: float, weak: float) -> None:
        self.felt.append((strong, weak))

    def look(self, now_ns: int) -> Held:
        if self.gone:
            raise DeviceError("SpaceMouse", "it is gone")
        return self.held

    def close(self) -> None:
        self.closed = True


def push(enable: bool, x: float = 0.0) -> Held:
    return Held(enable, np.array([x, 0.0, 0.0, 0.0, 0.0, 0.0]), -1.0, True)


def test_nothing_moves_without_the_dead_man() -> None:
    device = Scripted()
    beats = HeldBeats(device, lambda _: None, Settings())
    device.held = push(False, 1.0)
    beat = beats.beat(MS)
    assert beat is not None
    assert (beat.enable, any(beat.twist), beat.gripper, beat.home) == (False, False, 0.0, False)


def test_every_beat_is_stamped_with_the_look_and_presses_are_counted() -> None:
    device = Scripted()
    beats = HeldBeats(device, lambda _: None, Settings())
    seen = []
    for step, enable in enumerate([False, True, True, False, True], start=1):
        device.held = push(enable)
        beat = beats.beat(step * 10 * MS)
        assert beat is not None
        seen.append((beat.stamp_ns, beat.enable, beat.press))
    assert [stamp // MS for stamp, _, _ in seen] == [10, 20, 30, 40, 50]
    assert [enable for _, enable, _ in seen] == [False, True, True, False, True]
    assert [press for _, _, press in seen] == [0, 1, 1, 1, 2]


def test_motion_begins_gently_and_ends_at_once() -> None:
    device = Scripted()
    beats = HeldBeats(device, lambda _: None, Settings())
    device.held = push(True, 1.0)
    speeds = [beats.beat(step * 10 * MS).twist[0] for step in range(1, 40)]  # type: ignore[union-attr]
    assert speeds[0] < 0.7
    assert speeds[-1] > 0.95
    assert all(a <= b + 1e-9 for a, b in itertools.pairwise(speeds))
    device.held = push(False, 1.0)
    assert beats.beat(400 * MS).twist[0] == 0.0  # type: ignore[union-attr]


def test_a_device_that_is_gone_is_told_once_and_makes_no_beats() -> None:
    device, said = Scripted(), list[str]()
    beats = HeldBeats(device, said.append, Settings())
    device.held = push(True)
    assert beats.beat(MS) is not None
    device.gone = True
    assert beats.beat(2 * MS) is None
    assert beats.beat(3 * MS) is None
    assert said == ["SpaceMouse: it is gone. Motion has ended."]
    assert device.closed


def beat_of(press: int, enable: bool = True, stamp: int = 5) -> Beat:
    return Beat(SCHEMA_VERSION, stamp, enable, press, (0.0,) * 6, 1.0, 0.0, False)


def test_presses_only_grow_whichever_hand_presses() -> None:
    choice = Choice()
    assert choice.choose(None, None) is None
    assert choice.choose(beat_of(7, stamp=3), None) == beat_of(1, stamp=3)
    assert choice.choose(beat_of(7), beat_of(1)) == beat_of(2)  # the device wins
    assert (
        choice.choose(beat_of(7), beat_of(1, enable=False)) is None
    )  # the window's press was left: press again
    assert choice.choose(beat_of(8), beat_of(1, enable=False)) == beat_of(3)
    assert choice.choose(beat_of(8, enable=False), beat_of(2)) == beat_of(4)


def test_what_is_no_input_is_refused() -> None:
    with pytest.raises(
        UsageError, match=r"not KIND:PATH. Valid: spacemouse:/dev/…, gamepad:/dev/…, leader:/dev/…, keys:"
    ):
        open_input("wheel:/dev/x")
    with pytest.raises(UsageError):
        open_input("gamepad")
    with pytest.raises(DeviceError, match="cannot be opened"):
        open_input("gamepad:/dev/nothing")


def test_settings_lock_turn_and_single_out() -> None:
    settings = read_settings("x", ["yaw=90", "lock=vz+wx", "single"])
    device = Scripted()
    beats = HeldBeats(device, lambda _: None, settings)
    device.held = Held(True, np.array([0.9, 0.4, 1.0, 1.0, 0.0, 0.0]))
    for step in range(1, 200):
        beat = beats.beat(step * 10 * MS)
    assert beat is not None
    assert beat.twist[1] > 0.5  # away is the base's y for a person who looks along it
    assert np.abs(np.delete(beat.twist, 1)).max() < 1e-9


@pytest.mark.parametrize("word", ["yaw=left", "yaw=nan", "lock=up", "fast", "single=1", ""])
def test_a_wrong_setting_is_refused_with_the_valid_ones(word: str) -> None:
    with pytest.raises(UsageError, match=r"is no setting. Valid: yaw=DEGREES, lock=AXES .*, single"):
        read_settings("gamepad:/dev/x", [word])


class Pad:
    """A gamepad on a named pipe."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "js0"
        os.mkfifo(self.path)
        self._handle = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)

    def send(self, value: int, kind: int, number: int) -> None:
        os.write(self._handle, struct.pack("<IhBB", 0, value, kind, number))

    def unplug(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


@pytest.fixture
def pad(tmp_path: Path) -> Iterator[Pad]:
    pad = Pad(tmp_path)
    yield pad
    pad.unplug()


@pytest.mark.process
def test_a_gamepad_moves_the_simulated_arm_until_it_is_let_go_or_unplugged(pad: Pad) -> None:
    said: list[str] = []
    done = threading.Event()
    with Hub(lambda _, event: said.append(str(event.body.get("text", "")))) as hub:
        server = hub.start("device", "--rig", "sim/wipe")
        connect = str(hub.wait_ready(server, 60.0)["connect"])
        operator = hub.start(
            "operate", "--connect", connect, "--operator", "hand", "--input", f"gamepad:{pad.path}"
        )
        hub.wait_ready(operator, 30.0)
        hub.intent(operator, "begin", seed=0, until_ns=0, meta={})
        beats = threading.Thread(target=lambda: [hub.poll(20) for _ in iter(done.is_set, True)])
        beats.start()
        try:
            with DeviceClient(Endpoints.parse(connect)) as client:
                drive(client, pad, said)
        finally:
            done.set()
            beats.join()


def drive(client: DeviceClient, pad: Pad, said: list[str]) -> None:
    client.subscribe(("arm/applied", "arm/reasons"))
    applied, reasons = list[np.ndarray](), list[int]()

    def hear() -> bool:
        for topic, header, buffer in client.receive(20):
            rows = decode_array(header, buffer)
            if topic == b"arm/applied":
                applied.extend(np.array(row) for row in rows)
            else:
                reasons.extend(int(row[0]) for row in rows)
        return len(applied) > 0

    held, change = False, 0.0

    def moves() -> bool:
        """Hold the dead-man until the arm has moved; a stall of this machine spends a press, so press again then."""
        nonlocal held, change
        hear()
        if applied and abs(applied[-1][2] - start) > 0.005:
            return True
        if time.monotonic() > change:
            held = not held
            pad.send(int(held), 1, 5)
            change = time.monotonic() + (1.5 if held else 0.1)
        return False

    def rests() -> bool:
        hear()
        return len(applied) > 100 and float(np.ptp([row[2] for row in applied[-50:]])) < 1e-9

    wait_until(hear, 10.0, "the arm")
    start = float(applied[-1][2])
    pad.send(-32767, 2, 4)  # right stick up, without the dead-man
    before = time.monotonic()
    wait_until(lambda: hear() and time.monotonic() - before > 0.3, 5.0, "a while")
    assert abs(applied[-1][2] - start) < 1e-6
    wait_until(moves, 30.0, "motion")
    assert applied[-1][2] > start  # up
    held = False
    pad.send(0, 1, 5)
    applied.clear()
    wait_until(rests, 20.0, "rest after letting go")
    start, change = float(applied[-1][2]), 0.0
    wait_until(moves, 30.0, "motion after pressing again")
    pad.unplug()
    applied.clear()
    wait_until(rests, 20.0, "rest after unplugging")
    wait_until(lambda: any("gamepad: it is gone" in text for text in said), 10.0, "the notice")
    assert any(flags & int(Reason.NOT_ENABLED) for flags in reasons)
