"""Chains against MuJoCo, and an arm that follows a leader without a jump."""

from __future__ import annotations

import itertools
import math

import mujoco
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import DeviceError, UsageError
from app.core.geometry import pose_to_matrix, rotation_error, rotvec_to_quat
from app.core.wire.messages import SCHEMA_VERSION, Beat
from app.teleop.chains import CHAINS, chain_of, pose_of
from app.teleop.follow import (
    MISMATCH_M,
    MISMATCH_RAD,
    RAMP_M_S,
    RAMP_RAD_S,
    Follower,
    Ramp,
    mismatch,
)
from app.teleop.modes import Lock
from app.teleop.settings import Settings
from devices.simulated.meshes import panda_assets

HOME = np.array([0.0, 0.2, 0.0, -2.3, 0.0, 2.5, 0.785])
TOOL = pose_to_matrix(np.array([0.0, 0.0, 0.15, 0.9238795, 0.0, 0.0, 0.3826834]))
STEP_S = 0.01


def beat(**changes: object) -> Beat:
    return Beat(SCHEMA_VERSION, 1, True, 1, (0.0,) * 6, 1.0, 0.0, False, **changes)  # type: ignore[arg-type]


def test_the_panda_is_where_mujoco_puts_it() -> None:
    spec = mujoco.MjSpec.from_file(str(panda_assets() / "panda.xml"))
    model = spec.compile()
    data = mujoco.MjData(model)
    generator = np.random.default_rng(0)
    base, last, flange = (data.body(name) for name in ("link0", "link7", "attachment"))
    for _ in range(50):
        angles = generator.uniform(-2.5, 2.5, 7)
        data.qpos[:7] = angles
        mujoco.mj_kinematics(model, data)
        ours = chain_of("panda").flange(angles)
        turned = base.xmat.reshape(3, 3)
        assert ours[:3, 3] == pytest.approx(turned.T @ (flange.xpos - base.xpos), abs=1e-6)
        assert ours[:3, :3] == pytest.approx(turned.T @ last.xmat.reshape(3, 3), abs=1e-6)


@pytest.mark.parametrize(("arm", "reach"), [("ur3e", 0.5), ("ur5e", 0.85), ("ur10e", 1.3), ("ur5", 0.85)])
def test_a_universal_robot_reaches_as_far_as_its_maker_says(arm: str, reach: float) -> None:
    stretched = chain_of(arm).flange(np.zeros(6))[:3, 3]
    assert -stretched[0] == pytest.approx(-CHAINS[arm].rows[1][0] - CHAINS[arm].rows[2][0])
    assert 0.85 * reach < np.hypot(*stretched[:2]) < 1.15 * reach


def test_an_arm_that_is_not_known_is_refused_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="panda, ur3"):
        chain_of("puma")


@given(st.lists(st.floats(-math.pi, math.pi), min_size=3, max_size=3))
def test_a_pose_becomes_a_matrix_and_a_pose_again(turn: list[float]) -> None:
    pose = np.array([0.1, -0.2, 0.3, *rotvec_to_quat(np.array(turn))])
    back = pose_of(pose_to_matrix(pose))
    assert back[:3] == pytest.approx(pose[:3])
    assert np.linalg.norm(rotation_error(back[3:], pose[3:])) == pytest.approx(0.0, abs=1e-6)


AWAY = st.lists(st.floats(-0.1, 0.1), min_size=3, max_size=3)
TURNED = st.lists(st.floats(-0.4, 0.4), min_size=3, max_size=3)


@settings(max_examples=60, deadline=None)
@given(AWAY, TURNED)
def test_the_arm_goes_to_the_leader_without_a_step_and_no_faster_than_stated(
    way: list[float], turn: list[float]
) -> None:
    leader = np.array([0.5, 0.0, 0.3, 1.0, 0.0, 0.0, 0.0])
    tool = np.concatenate([leader[:3] + way, rotvec_to_quat(np.array(turn))])
    ramp = Ramp.between(leader, tool)
    path = [ramp.target(leader, age) for age in np.arange(0.0, ramp.seconds + STEP_S, STEP_S)]
    assert path[0] == pytest.approx(tool, abs=1e-9)
    assert mismatch(leader, path[-1]).way < 1e-9
    assert mismatch(leader, path[-1]).turn < 1e-6
    for a, b in itertools.pairwise(path):
        apart = mismatch(a, b)
        assert apart.way <= RAMP_M_S * STEP_S * 1.001
        assert apart.turn <= RAMP_RAD_S * STEP_S * 1.001 + 1e-7


def follower(**changes: object) -> tuple[Follower, np.ndarray]:
    made = Follower(chain_of("panda"), Settings(**changes))  # type: ignore[arg-type]
    arm = pose_of(chain_of("panda").flange(HOME) @ TOOL)
    made.mount(HOME, arm)
    return made, arm


def test_a_leader_in_the_arms_posture_is_where_the_arm_is() -> None:
    made, arm = follower()
    assert made.pose(HOME) == pytest.approx(arm, abs=1e-9)


@pytest.mark.parametrize(
    ("joint", "angle", "words"),
    [(0, 0.9, r"\d+ cm and 52°"), (6, 1.0, r"0 cm and 57°"), (1, 0.7, r"\d+ cm and 40°")],
)
def test_a_press_from_too_far_is_refused_and_says_how_far(joint: int, angle: float, words: str) -> None:
    made, arm = follower()
    off = HOME.copy()
    off[joint] += angle
    apart = mismatch(made.pose(off), arm)  # type: ignore[arg-type]
    assert apart.way > MISMATCH_M or apart.turn > MISMATCH_RAD
    with pytest.raises(DeviceError, match=rf"it is {words} away .* more than 20 cm and 46°.*press again"):
        made.press(off, arm)


def test_matching_ends_at_the_leader_even_if_it_moves_meanwhile() -> None:
    made, arm = follower()
    joints = HOME + 0.03
    made.press(joints, arm)
    last = arm
    for _ in range(600):
        joints = joints + np.array([0.0002, 0, 0, 0, 0, 0, 0])
        target = made.target(joints, beat(), last, STEP_S)
        assert mismatch(last, target).way < 0.003
        last = target
    assert not made.ramping
    assert last == pytest.approx(made.pose(joints), abs=1e-9)


def test_relatively_the_arm_takes_the_leaders_way_scaled_from_anywhere() -> None:
    made, arm = follower(follow="relative", scale=0.5)
    far = HOME + 0.5
    made.press(far, arm)
    assert made.target(far, beat(), arm, STEP_S) == pytest.approx(arm, abs=1e-9)
    moved = far + np.array([0.1, 0, 0, 0, 0, 0, 0])
    way = made.pose(moved)[:3] - made.pose(far)[:3]  # type: ignore[index]
    assert made.target(moved, beat(), arm, STEP_S)[:3] == pytest.approx(arm[:3] + 0.5 * way)


def test_a_finer_scale_and_a_lock_begin_where_the_arm_is() -> None:
    made, arm = follower(follow="relative", fine=0.25)
    made.press(HOME, arm)
    moved = HOME + np.array([0.2, 0, 0, 0, 0, 0, 0.2])
    last = made.target(moved, beat(), arm, STEP_S)
    assert made.target(moved, beat(fine=True), last, STEP_S) == pytest.approx(last)
    again = moved + np.array([0.1, 0, 0, 0, 0, 0, 0.3])
    way = made.pose(again)[:3] - made.pose(moved)[:3]  # type: ignore[index]
    fine = made.target(again, beat(fine=True), last, STEP_S)
    assert fine[:3] == pytest.approx(last[:3] + 0.25 * way)
    locked = made.target(again + 0.1, beat(lock=int(Lock.MOVE)), fine, STEP_S)
    locked = made.target(again + 0.2, beat(lock=int(Lock.MOVE)), locked, STEP_S)
    assert locked[3:] == pytest.approx(fine[3:])
    assert not np.allclose(locked[:3], fine[:3])


def test_a_chain_that_is_not_this_arms_is_found_out() -> None:
    made, arm = follower()
    other = HOME + 0.3
    with pytest.raises(DeviceError, match="the tool moved on the flange"):
        made.mount(other, arm)
    with pytest.raises(DeviceError, match="it has 7 joints, the arm 6"):
        made.mount(np.zeros(6), arm)
