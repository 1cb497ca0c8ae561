"""A UFACTORY arm: the maker's own SDK against a controller on real sockets."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import DeviceError
from app.core.geometry import rotvec_to_quat
from devices.arms.fed import FedArm
from devices.arms.options import XArm
from devices.arms.speeds import Speeds
from devices.arms.xarm import make_xarm, rpy_to_quat
from tests.devices.contract.xarm_double import Controller, xarm_controller
from tests.hygiene import wait_until

pytest.importorskip("xarm", reason="the extra `xarm` is not installed")


@contextmanager
def arm_on(control: bool = True, **more: Any) -> Iterator[tuple[FedArm, Controller, list[str]]]:
    with xarm_controller() as (options, controller):
        arm = make_xarm("arm", msgspec.convert({**options, "control": control, **more}, XArm))
        try:
            yield arm, controller, []
        finally:
            arm.close()
            arm._source._api._arm._feedback_que.put(bytes(16))  # type: ignore[attr-defined] # else it ends in a second


def pose_of(arm: FedArm) -> np.ndarray:
    wait_until(lambda: bool(np.isfinite(arm.state().pose).all()), 10.0, "a fresh pose")
    return arm.state().pose.copy()


def heard(arm: FedArm, said: list[str], words: str) -> bool:
    said.extend(notice.text for notice in arm.notices())
    return any(words in text for text in said)


def test_what_is_measured_comes_in_our_units_and_in_the_tool_frame() -> None:
    turned = [0.0, 0.0, 0.1, math.sqrt(0.5), 0.0, 0.0, math.sqrt(0.5)]  # the sensor looks along the tool's y
    with arm_on(control=False, force=True, sensor_pose=turned) as (arm, controller, _):
        controller.force = np.array([5.0, 0.0, 0.0, 0.0, 0.0, 0.0])
        wait_until(lambda: (arm.force_n() or 0.0) > 4.9, 10.0, "the force")
        state = arm.state()
        assert state.pose[:3] == pytest.approx([0.3, 0.02, 0.25], abs=1e-6)
        assert abs(state.pose[3:] @ controller.quaternion) == pytest.approx(1.0)
        assert len(state.joints) == 14
        wrench = np.asarray(arm.latest()[0].data)
        assert wrench == pytest.approx([0.0, 5.0, 0.0, -0.5, 0.0, 0.0], abs=0.06)
        assert controller.mode == 0
        assert arm.streams()[0].frame == "tool"


def test_it_follows_targets_and_stops_with_us() -> None:
    with arm_on() as (arm, controller, _):
        target = pose_of(arm)
        turn = rotvec_to_quat(np.array([0.0, np.pi - 0.2, 0.0]))

        def there() -> bool:
            target[0] = min(target[0] + 0.003, 0.36)
            target[3:] = turn
            arm.command(target, 0.0)
            return abs(controller.position_mm[0] - 360.0) < 0.1

        wait_until(there, 10.0, "the target")
        wait_until(lambda: abs(arm.state().pose[3:] @ turn) > 1 - 1e-9, 10.0, "the measured turn")
        arm.close()
        assert controller.state == 4


def test_when_targets_cease_it_stands_at_the_last_one() -> None:
    with arm_on() as (arm, controller, _):
        target = pose_of(arm) + 0.01 * np.eye(7)[2]
        arm.command(target, 0.0)
        wait_until(lambda: len(controller.targets) == 1, 10.0, "the set-point")
        wait_until(lambda: abs(controller.position_mm[2] - 260.0) < 1e-3, 10.0, "its end")
        seen = len(arm.collect())
        wait_until(lambda: float(np.abs(arm.state().twist).max()) < 1e-4, 10.0, "rest")
        assert len(controller.targets) == 1, seen


def test_only_measured_it_says_so_and_enables_nothing() -> None:
    with arm_on(control=False) as (arm, controller, said):
        arm.command(pose_of(arm) + 0.01 * np.eye(7)[0], 0.0)
        assert heard(arm, said, "`control = true`")
        assert (controller.state, controller.mode) == (4, 0)
        assert arm.streams() == ()
        assert arm.force_n() is None


@pytest.mark.parametrize(
    ("code", "words"), [(1, "Emergency Stop Button"), (31, "Collision"), (250, "error 250")]
)
def test_an_error_ends_motion_with_the_makers_words(code: int, words: str) -> None:
    with arm_on() as (arm, controller, said):
        here = pose_of(arm)

        def stopped() -> bool:
            arm.command(here, 0.0)
            return heard(arm, said, "does not move any more")

        controller.fail(code)
        wait_until(stopped, 10.0, "the stop")
        assert any(words in text for text in said), said
        controller.error, controller.state = 0, 2
        before = len(controller.targets)
        arm.command(here, 0.0)
        wait_until(lambda: np.isfinite(arm.state().pose).all(), 10.0, "a fresh pose")
        assert len(controller.targets) == before


def test_targets_that_are_no_numbers_or_too_far_are_not_sent() -> None:
    with arm_on() as (arm, controller, said):
        arm.command(np.full(7, math.nan), 0.0)
        assert heard(arm, said, "a target was no number")
        assert controller.targets == []
    with arm_on(farthest_m=0.05) as (arm, controller, said):
        arm.command(pose_of(arm) + 0.06 * np.eye(7)[1], 0.0)
        assert heard(arm, said, "0.060 m away")
        assert controller.targets == []


def test_a_controller_that_acknowledges_nothing_ends_motion() -> None:
    with arm_on() as (arm, controller, said):
        here = pose_of(arm)
        controller.mute.set()

        def ended() -> bool:
            arm.command(here, 0.0)
            return heard(arm, said, "not acknowledged")

        wait_until(ended, 10.0, "the loss of answers")
        controller.mute.clear()


def test_a_silent_controller_makes_pose_and_force_no_number() -> None:
    with arm_on(control=False, force=True) as (arm, controller, said):
        controller.silent.set()
        wait_until(lambda: math.isnan(arm.state().pose[0]), 10.0, "an old pose")
        assert math.isnan(arm.force_n() or 0.0)
        wait_until(lambda: heard(arm, said, "nothing came for"), 10.0, "the stall")
        controller.silent.clear()
        wait_until(lambda: not math.isnan(arm.state().pose[0]), 10.0, "a fresh pose")


def test_a_lost_connection_is_told_measured_again_and_moves_no_more() -> None:
    with arm_on() as (arm, controller, said):
        here = pose_of(arm)
        controller.hang_up.set()

        def lost() -> bool:
            arm.command(here, 0.0)
            return heard(arm, said, "does not move any more")

        wait_until(lost, 10.0, "the loss")
        wait_until(lambda: heard(arm, said, "the connection is lost"), 10.0, "its word")
        controller.hang_up.clear()
        wait_until(lambda: heard(arm, said, "connected again"), 15.0, "the new connection")
        wait_until(lambda: not math.isnan(arm.state().pose[0]), 10.0, "a fresh pose")
        before = len(controller.targets)
        arm.command(here, 0.0)
        assert len(controller.targets) == before


def test_what_cannot_start_says_why() -> None:
    with pytest.raises(DeviceError, match=r"cannot be reached.*Switch the controller on"):
        make_xarm("arm", XArm(host="127.0.0.1"))
    with xarm_controller() as (options, controller):
        controller.fail(2)
        with pytest.raises(DeviceError, match=r"Emergency IO.*clear the error"):
            make_xarm("arm", XArm(host=options["host"], control=True))


@settings(deadline=None)
@given(st.lists(st.floats(-3.1, 3.1), min_size=3, max_size=3))
def test_roll_pitch_yaw_are_those_of_mujoco(rpy: list[float]) -> None:
    wanted = np.zeros(4)
    mujoco.mju_euler2Quat(wanted, np.array(rpy), "XYZ")  # capital letters: about fixed axes
    assert abs(rpy_to_quat(np.array(rpy)) @ wanted) == pytest.approx(1.0, abs=1e-12)


def test_speeds_are_those_of_a_known_motion() -> None:
    speeds = Speeds()
    for k in range(10):
        t = k * 0.01
        pose = np.concatenate([[0.1 * t, 0.0, 0.0], rotvec_to_quat(np.array([0.0, 0.0, 0.5 * t]))])
        joint_speeds, twist = speeds.of(round(t * 1e9), np.array([2.0 * t]), pose)
    assert joint_speeds == pytest.approx([2.0])
    assert twist == pytest.approx([0.1, 0, 0, 0, 0, 0.5])
