"""Clutch, fine scale, locks, and the text that says how an input moves the arm."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import UsageError
from app.teleop.held import HeldBeats
from app.teleop.inputs import InputBook
from app.teleop.modes import Clutch, Lock, LockButton
from app.teleop.settings import Settings, join_input, split_input
from devices.inputs.interface import Held
from tests.app.teleop.test_held import MS, Scripted

TWIST = np.array([0.2, -0.9, 0.1, 0.5, 0.0, -0.3])


def test_what_is_locked_stands_and_the_rest_is_untouched() -> None:
    assert Lock.ALL.apply(TWIST) == pytest.approx(TWIST)
    assert Lock.MOVE.apply(TWIST) == pytest.approx([*TWIST[:3], 0, 0, 0])
    assert Lock.TURN.apply(TWIST) == pytest.approx([0, 0, 0, *TWIST[3:]])
    assert Lock.ONE.apply(TWIST) == pytest.approx([0, -0.9, 0, 0, 0, 0])


def test_a_press_of_the_lock_button_goes_on_once() -> None:
    button = LockButton()
    seen = [button.press(down) for down in (True, True, False, True, False, True, False, True, False, True)]
    assert [lock.name for lock in seen] == [
        "MOVE", "MOVE", "MOVE", "TURN", "TURN", "ONE", "ONE", "ALL", "ALL", "MOVE",
    ]  # fmt: skip


def test_a_clutch_is_held_or_goes_on_and_off() -> None:
    presses = (True, True, False, True, False)
    held, toggled = Clutch("hold"), Clutch("toggle")
    assert [held.press(down) for down in presses] == [True, True, False, True, False]
    assert [toggled.press(down) for down in presses] == [True, True, True, False, False]


def test_under_the_clutch_a_device_moves_nothing_and_its_press_goes_on() -> None:
    device = Scripted()
    beats = HeldBeats(device, lambda _: None, Settings())
    device.held = Held(True, TWIST, 1.0, True)
    for step in range(1, 60):
        before = beats.beat(step * 10 * MS)
    device.held = Held(True, TWIST, 1.0, True, clutch=True)
    stands = beats.beat(600 * MS)
    device.held = Held(True, TWIST, 1.0, True)
    after = beats.beat(610 * MS)
    assert before is not None
    assert stands is not None
    assert after is not None
    assert before.twist[1] < -0.5
    assert (stands.enable, stands.clutch, any(stands.twist), stands.gripper, stands.home) == (
        True, True, False, 0.0, False,
    )  # fmt: skip
    assert before.press == stands.press == after.press
    assert abs(after.twist[1]) < 0.5, "it begins again from rest"


def test_the_fine_scale_is_a_share_of_the_speed() -> None:
    device = Scripted()
    beats = HeldBeats(device, lambda _: None, Settings(speed=0.8, fine=0.25))
    device.held = Held(True, TWIST)
    assert beats.beat(MS).speed == pytest.approx(0.8)  # type: ignore[union-attr]
    device.held = Held(True, TWIST, fine=True)
    assert beats.beat(2 * MS).speed == pytest.approx(0.2)  # type: ignore[union-attr]


PERCENT = st.integers(1, 100).map(lambda value: value / 100.0)
SETTINGS = st.builds(
    Settings,
    yaw=st.integers(-360, 360).map(math.radians),
    free=st.tuples(*[st.booleans()] * 6),
    single=st.booleans(),
    speed=PERCENT,
    fine=PERCENT,
    clutch=st.sampled_from(["hold", "toggle"]),
    second=st.sampled_from(["gripper", "clutch", "fine"]),
    smooth_hz=st.integers(1, 500).map(lambda value: value / 10.0),
    rumble=PERCENT,
    follow=st.sampled_from(["match", "relative"]),
    scale=st.integers(5, 200).map(lambda value: value / 100.0),
)


@given(SETTINGS)
def test_settings_come_back_from_their_text(settings: Settings) -> None:
    kind, path, back = split_input(join_input("gamepad", "/dev/input/js0", settings))
    assert (kind, path) == ("gamepad", "/dev/input/js0")
    assert back.yaw == pytest.approx(settings.yaw)
    assert (back.free, back.single, back.clutch, back.second, back.follow) == (
        settings.free, settings.single, settings.clutch, settings.second, settings.follow,
    )  # fmt: skip
    for name in ("speed", "fine", "smooth_hz", "rumble", "scale"):
        assert getattr(back, name) == pytest.approx(getattr(settings, name))


@pytest.mark.parametrize(
    "word", ["speed=0", "speed=101", "fine=nan", "clutch=off", "scale=9", "smooth=-1", "rumble="]
)
def test_a_value_out_of_its_range_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match="is no setting"):
        split_input(f"gamepad:/dev/x,{word}")


def test_each_rig_keeps_its_choice_and_each_kind_its_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = InputBook(tmp_path / "sub" / "inputs.json")
    assert book.chosen("a") == "keys:"
    monkeypatch.setenv("TOUCHSTONE_INPUT", "gamepad:/dev/input/js7")
    assert book.chosen("a") == "gamepad:/dev/input/js7"
    book.keep("a", "spacemouse:id/256f:c635,fine=10")
    book.keep("a", "gamepad:/dev/input/js0,rumble=0")
    book.keep("b", "keys:,clutch=toggle")
    again = InputBook(tmp_path / "sub" / "inputs.json")
    assert again.chosen("a") == "gamepad:/dev/input/js0,rumble=0"
    assert again.chosen("b") == "keys:,clutch=toggle"
    assert again.settings("a", "spacemouse").fine == pytest.approx(0.1)
    (tmp_path / "sub" / "inputs.json").write_text(
        '{"a": {"chosen": "gamepad", "gamepad": "gamepad:x,fast"}, "b": 3}'
    )
    assert again.chosen("a") == "keys:", "what an edited file says wrongly is not taken"
    assert again.settings("a", "gamepad") == Settings()
