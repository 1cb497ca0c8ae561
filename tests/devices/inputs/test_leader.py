"""A leader whose servos answer the maker's SDK on a pseudo-terminal."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.core.errors import DeviceError
from app.core.link.hub import Hub
from devices.inputs.leader import Leader
from devices.inputs.leader_file import LeaderFile, load_leader, save_leader
from tests.devices.inputs.servo_double import ServoDouble
from tests.hygiene import wait_until

QUARTER = 1024
PLAN = LeaderFile(
    "ur5e", (1, 2, 3, 4, 5, 6), (1.0, -1.0, 1.0, 1.0, 1.0, 1.0), (math.pi, 0.0, 0.0, 0.0, 0.0, -math.pi / 2),
    1_000_000, gripper=7, gripper_open=1.0, gripper_closed=0.0,
)  # fmt: skip


@pytest.fixture
def servos() -> Iterator[ServoDouble]:
    double = ServoDouble({1: 2048, 2: 100, 3: 0, 4: -QUARTER, 5: 4096 + 512, 6: 0, 7: 326})
    yield double
    double.close()


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    save_leader(tmp_path / "leader.toml", PLAN)
    return tmp_path / "leader.toml"


def test_servos_become_joints_by_sign_and_offset_and_the_trigger_an_opening(
    servos: ServoDouble, plan: Path
) -> None:
    leader = Leader(servos.port, plan)
    try:
        wait_until(lambda: leader.look(time.monotonic_ns()).joints is not None, what="joints")
        held = leader.look(time.monotonic_ns())
        assert held.joints == pytest.approx(
            [0.0, -100 / 4096 * 2 * math.pi, 0.0, -math.pi / 2, 2.25 * math.pi, math.pi / 2], abs=1e-9
        )
        assert held.opening == pytest.approx(0.5, abs=1e-3)
        assert not held.enable, "it has no dead-man"
        servos.steps[3] = QUARTER
        wait_until(lambda: abs(leader.look(time.monotonic_ns()).joints[2] - math.pi / 2) < 1e-9)  # type: ignore[index]
        assert leader.look(time.monotonic_ns() + 200_000_000).joints is None, "old joints are none"
    finally:
        leader.close()


def test_a_servo_that_does_not_answer_is_named(servos: ServoDouble, plan: Path) -> None:
    del servos.steps[4]
    with pytest.raises(DeviceError, match=r"servo 4 does not answer.*`ids` and `baud`"):
        Leader(servos.port, plan)


def says(leader: Leader, words: str) -> bool:
    """Whether looking at the leader fails with an error in which these words stand."""
    try:
        leader.look(time.monotonic_ns())
    except DeviceError as error:
        return words in str(error)
    return False


def test_a_servo_that_falls_silent_ends_the_leader(servos: ServoDouble, plan: Path) -> None:
    leader = Leader(servos.port, plan)
    try:
        wait_until(lambda: leader.look(time.monotonic_ns()).joints is not None)
        del servos.steps[2]
        wait_until(lambda: says(leader, "no answer"), what="the error")
    finally:
        leader.close()


def test_a_leader_whose_plug_is_pulled_says_that_it_is_gone_and_not_only_that_joints_are_old(
    servos: ServoDouble, plan: Path
) -> None:
    leader = Leader(servos.port, plan)
    try:
        wait_until(lambda: leader.look(time.monotonic_ns()).joints is not None)
        servos.close()
        wait_until(lambda: says(leader, "it is gone"), what="the error")
    finally:
        leader.close()


def test_a_leader_that_was_not_calibrated_or_has_a_wrong_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match=r"not calibrated.*main.py leader PORT --arm ARM"):
        load_leader(tmp_path / "none.toml")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('arm = "ur5e"\nids = [1, 2]\nsigns = [1]\noffsets = [0, 0]\n')
    with pytest.raises(DeviceError, match="of the same length"):
        load_leader(wrong)
    with pytest.raises(DeviceError, match="it cannot be opened"):
        save_leader(wrong, PLAN)
        Leader("/dev/no/port", wrong)


@pytest.mark.process
def test_the_role_finds_offsets_in_quarter_turns_from_a_posture_that_is_held_badly(tmp_path: Path) -> None:
    home = np.array([0.0, -90.0, 90.0, -90.0, -90.0, 0.0])
    signs = np.array([1, 1, -1, 1, 1, 1])
    horns = np.array([2, 1, 0, -1, 3, 0]) * 90.0
    badly = np.array([4.0, -3.0, 2.0, 5.0, -6.0, 1.0])
    degrees = signs * (home + badly) + horns
    double = ServoDouble({number: round(angle / 360 * 4096) for number, angle in enumerate(degrees, start=1)})
    out = tmp_path / "ur.toml"
    try:
        with Hub() as hub:
            child = hub.start("leader", double.port, "--arm", "ur5e", "--baud", "1000000", "--out", str(out))
            wait_until(lambda: not (hub.poll(20) and False) and not child.running, 30.0, "the role's end")
            result = child.last_json() or {}
    finally:
        double.close()
    assert result.get("file") == str(out), result
    assert max(result["off_deg"]) <= 6.1
    assert np.degrees(load_leader(out).offsets) == pytest.approx(horns)
