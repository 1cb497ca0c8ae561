"""A Franka arm: the maker's own library, in the process of its loop, against its control interface on real sockets."""

from __future__ import annotations

import math
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import msgspec
import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import DeviceError
from app.core.geometry import rotation_error, rotvec_to_quat
from devices.arms.fed import FedArm
from devices.arms.franka import make_franka
from devices.arms.franka_process import Smooth, Way, from_columns, to_columns
from devices.arms.options import Franka
from tests.devices.contract.franka_double import USER_STOPPED, Controller, franka_controller
from tests.hygiene import wait_until

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(find_spec("pylibfranka") is None, reason="the extra `franka` is not installed"),
]


@contextmanager
def arm_on(control: bool = True, **more: Any) -> Iterator[tuple[FedArm, Controller, list[str]]]:
    with franka_controller() as (options, controller):
        controller.stiffness[:3, :3] = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]  # K is turned and 0.1 m further on
        controller.stiffness[2, 3] = 0.1
        arm = make_franka("arm", msgspec.convert({**options, "control": control, **more}, Franka))
        try:
            yield arm, controller, []
        finally:
            arm.close()


def heard(arm: FedArm, said: list[str], words: str) -> bool:
    said.extend(notice.text for notice in arm.notices())
    return any(words in text for text in said)


def pose_of(arm: FedArm) -> np.ndarray:
    wait_until(lambda: bool(np.isfinite(arm.state().pose).all()), 10.0, "a fresh pose")
    return arm.state().pose.copy()


def test_it_is_measured_it_follows_it_stands_when_targets_cease_and_it_lets_go() -> None:
    with arm_on(stale_s=2.0) as (arm, controller, said):  # a busy machine is no silent arm
        controller.force = np.array([5.0, 0.0, 0.0, 0.0, 0.0, 0.0])
        wait_until(lambda: (arm.force_n() or 0.0) > 4.9, 10.0, "the force")
        wrench = np.asarray(arm.latest()[0].data)
        assert wrench == pytest.approx([0.0, 5.0, 0.0, -0.5, 0.0, 0.0], abs=0.1)
        target = pose_of(arm)
        assert target[:3] == pytest.approx([0.4, 0.05, 0.35], abs=1e-6)
        assert len(arm.state().joints) == 14
        turn = rotvec_to_quat(np.array([np.pi - 0.15, 0.0, 0.0]))

        def there() -> bool:
            target[0] = min(target[0] + 0.002, 0.45)
            target[3:] = turn
            arm.command(target, 0.0)
            return abs(controller.matrix[0, 3] - 0.45) < 1e-4

        wait_until(there, 15.0, "the target")
        wait_until(
            lambda: float(np.linalg.norm(rotation_error(turn, pose_of(arm)[3:]))) < 1e-3, 10.0, "the turn"
        )
        wait_until(
            lambda: float(np.abs(pose_of(arm)[:3] - target[:3]).max()) < 1e-5, 10.0, "rest at the last target"
        )
        steps = np.diff(np.array(controller.commands)[:, 12:15], axis=0)
        assert np.linalg.norm(steps, axis=1).max() < 2.5e-3  # no jump, whatever the machine did meanwhile
        assert not heard(arm, said, "does not move")
        arm.close()
        wait_until(lambda: not controller.moving, 10.0, "the end of the motion")
        assert controller.mode == 1


def test_a_reflex_ends_motion_and_is_told_in_the_makers_words() -> None:
    with arm_on() as (arm, controller, said):
        here = pose_of(arm)

        def stopped() -> bool:
            arm.command(here, 0.0)
            return heard(arm, said, "does not move any more")

        controller.wish_reflex = 10
        wait_until(stopped, 10.0, "the stop")
        assert any("reflex" in text for text in said), said
        controller.mode = 1
        count = len(controller.commands)
        arm.command(here, 0.0)
        wait_until(lambda: np.isfinite(arm.state().pose).all(), 10.0, "measuring goes on")
        assert len(controller.commands) == count


def test_a_killed_loop_is_a_lost_connection_and_the_arm_stops_by_itself() -> None:
    with arm_on() as (arm, controller, said):
        here = pose_of(arm)
        os.kill(arm._source._process.pid, signal.SIGKILL)  # type: ignore[attr-defined]

        def ended() -> bool:
            arm.command(here, 0.0)
            return heard(arm, said, "does not move any more")

        wait_until(ended, 10.0, "the end of motion")
        wait_until(lambda: not controller.moving, 10.0, "the arm's own stop")
        assert any("has ended" in text for text in said), said


def test_a_device_process_that_dies_in_motion_leaves_an_arm_that_comes_to_rest() -> None:
    with arm_on() as (arm, controller, _):
        target = pose_of(arm)

        def under_way() -> bool:
            target[0] += 0.0005
            arm.command(target, 0.0)
            return len(controller.commands) > 200

        wait_until(under_way, 10.0, "motion")
        arm._source._channel.shutdown(socket.SHUT_RDWR)  # type: ignore[attr-defined]
        died = len(controller.commands)
        wait_until(lambda: not controller.moving, 10.0, "the end of the motion")
        steps = np.linalg.norm(np.diff(np.array(controller.commands)[:, 12:15], axis=0), axis=1)
        moving = np.nonzero(steps > 1e-6)[0]
        assert moving.max() > died - 20, "it was under way"
        assert moving.max() - died < 100, "cycles of 1 ms until it is slower than 1 mm/s"


def test_only_measured_it_says_so_and_a_silent_arm_is_no_number() -> None:
    with arm_on(control=False) as (arm, controller, said):
        arm.command(pose_of(arm) + 0.01 * np.eye(7)[0], 0.0)
        assert heard(arm, said, "`control = true`")
        assert not controller.moving
        controller.silent.set()
        wait_until(lambda: math.isnan(arm.state().pose[0]), 10.0, "an old pose")
        assert math.isnan(arm.force_n() or 0.0)
        controller.silent.clear()
        wait_until(lambda: not math.isnan(arm.state().pose[0]), 10.0, "a fresh pose")


def test_what_cannot_start_says_why() -> None:
    with pytest.raises(DeviceError, match=r"127.0.0.1: .*FCI.*Unlock the joints"):
        make_franka("arm", Franka(host="127.0.0.1"))
    with franka_controller() as (options, controller):
        controller.mode = USER_STOPPED
        with pytest.raises(DeviceError, match=r"its stop button is pressed.*Release"):
            make_franka("arm", Franka(host=options["host"], control=True))


@settings(deadline=None)
@given(
    st.lists(st.floats(-2.0, 2.0), min_size=3, max_size=3), st.lists(st.floats(-1, 1), min_size=3, max_size=3)
)
def test_matrices_come_back_as_the_poses_they_were(rotvec: list[float], place: list[float]) -> None:
    pose = np.concatenate([place, rotvec_to_quat(np.array(rotvec))])
    back = from_columns(to_columns(pose))
    wanted = np.zeros(4)
    mujoco.mju_mat2Quat(wanted, np.reshape(to_columns(pose), (4, 4)).T[:3, :3].ravel())
    assert back[:3] == pytest.approx(pose[:3], abs=1e-12)
    assert abs(back[3:] @ wanted) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("irregular", [False, True])
def test_targets_that_cease_at_full_speed_bring_the_arm_to_rest_within_its_limits(irregular: bool) -> None:
    """0.25 m/s and 0.7 rad/s, a target every 10 ms: limits of the maker's manual, with room to spare."""
    rest = np.array([0.0, 0, 0, 1, 0, 0, 0])
    way, smooth, path = Way(rest), Smooth(rest, Franka(host="").smoothing_s), []
    chance, due, ceased = np.random.default_rng(0), 0, 400
    for k in range(600):
        if due <= k < ceased:
            due = k + 10 + (int(chance.integers(-2, 3)) if irregular else 0)
            t = k * 1e-3
            gone = np.array([0.25, 0.7]) * (t * t / 0.25 if t < 0.125 else t - 0.0625)
            way.go(np.array([gone[0], 0, 0, *rotvec_to_quat(np.array([0, 0, gone[1]]))]))
        path.append(smooth.step(way.step()))
    x = np.array([pose[0] for pose in path])
    angle = np.array([2 * np.arcsin(pose[6]) for pose in path])
    for values, speed, acceleration, jerk in ((x, 0.26, 13.0, 6500.0), (angle, 0.75, 25.0, 12500.0)):
        if not irregular:
            assert np.abs(np.diff(values, 1)).max() / 1e-3 < speed
        assert np.abs(np.diff(values, 2)).max() / 1e-6 < 0.9 * acceleration
        assert np.abs(np.diff(values, 3)).max() / 1e-9 < 0.8 * jerk
    still = np.nonzero(np.abs(np.diff(x)) / 1e-3 > 1e-3)[0].max() + 1
    assert still - ceased <= 90, "at rest 0.1 s after the targets cease"
    assert x[-1] - x[ceased] < 0.007
