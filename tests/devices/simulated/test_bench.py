"""The physics of the bench: repeatable, the right forces in the right frame, boards that vary and move."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from app.core.errors import DeviceError, RigError
from app.core.geometry import quat_multiply, rotvec_to_quat
from devices.simulated.bench import Bench
from devices.simulated.geometry import PAD_STIFFNESS_N_PER_M

SERIES_STIFFNESS = 1.0 / (1.0 / 2000.0 + 1.0 / PAD_STIFFNESS_N_PER_M)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


def moved(bench: Bench, target: np.ndarray, to: np.ndarray, speed: float = 0.2) -> np.ndarray:
    """Move the target straight to a place (3,), wait for the arm to settle, return the last target."""
    steps = max(1, int(np.linalg.norm(to - target[:3]) / (speed * 0.002)))
    start = target[:3].copy()
    pose = target.copy()
    for index in range(steps):
        pose[:3] = start + (to - start) * (index + 1) / steps
        bench.step(pose, 0.08)
    for _ in range(250):
        bench.step(pose, 0.08)
    return pose


def mean_wrench(bench: Bench, pose: np.ndarray, velocity: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Average the wrench over 0.2 s while the target keeps its place or slides."""
    total = np.zeros(6)
    for _ in range(100):
        pose[:2] += np.array(velocity) * 0.002
        bench.step(pose, 0.08)
        total += bench.wrench() / 100
    return total


def pressed(bench: Bench, pose: np.ndarray, tare: np.ndarray, force: float) -> np.ndarray:
    """Lower the target until the finger is pressed with a force, return the target."""
    board = bench.snapshot().places[0][:3]
    pose = moved(bench, pose, board + np.array([0.0, 0.0, 0.03]))
    while -(bench.wrench() - tare)[2] < force:
        pose[2] -= 0.00002
        bench.step(pose, 0.08)
    for _ in range(250):
        bench.step(pose, 0.08)
    return pose


def test_a_seed_repeats_bit_for_bit(bench: Bench) -> None:
    def run() -> list[np.ndarray]:
        bench.reset(7, "after")
        pose, rows = bench.home_pose.copy(), []
        for index in range(500):
            pose[2] -= 0.0003
            bench.step(pose, 0.05)
            if index % 10 == 0:
                state = bench.arm_state()
                field = bench.field().astype(np.float64).ravel()
                rows += [state.q, state.dq, state.pose, state.twist, bench.wrench(), field]
        return [*rows, bench.snapshot().qpos, bench.stain_estimate()]

    first = run()
    bench.reset(8)
    for a, b in zip(first, run(), strict=True):
        assert np.array_equal(a, b)


def test_seeds_differ_in_board_and_estimate(bench: Bench) -> None:
    boards, estimates = [], []
    for seed in range(20):
        bench.reset(seed)
        boards.append(bench.snapshot().places[0])
        estimates.append(bench.stain_estimate())
    heights = np.array(boards)[:, 2]
    assert heights.std() > 0.005
    assert np.ptp(heights) <= 0.030
    assert np.array(estimates)[:, 2].std() > 0.005


def test_the_arm_rests_at_home_after_a_reset(bench: Bench) -> None:
    bench.reset(0)
    state = bench.arm_state()
    assert bench.time_ns == 0
    assert np.abs(state.pose[:3] - bench.home_pose[:3]).max() < 1e-4
    assert np.abs(state.twist).max() < 1e-3
    bench.step(bench.home_pose, 0.08)
    assert bench.time_ns == 2_000_000


def test_the_arm_follows_a_turned_target(bench: Bench) -> None:
    bench.reset(0)
    turn = rotvec_to_quat(np.array([0.1, -0.1, 0.5]))
    target = np.concatenate(
        [bench.home_pose[:3] + np.array([0.02, -0.03, 0.01]), quat_multiply(turn, bench.home_pose[3:])]
    )
    for _ in range(1000):
        bench.step(target, 0.08)
    pose = bench.arm_state().pose
    assert np.abs(pose[:3] - target[:3]).max() < 5e-4
    assert abs(pose[3:] @ target[3:]) > 1.0 - 1e-6


def test_force_grows_with_depth_by_the_springs_in_series(bench: Bench) -> None:
    bench.reset(3, "nominal")
    tare = mean_wrench(bench, bench.home_pose.copy())
    pose = pressed(bench, bench.home_pose.copy(), tare, 2.0)
    light = mean_wrench(bench, pose)[2]
    depth = 0.005
    pose = moved(bench, pose, pose[:3] - np.array([0.0, 0.0, depth]), speed=0.02)
    deep = mean_wrench(bench, pose)[2]
    assert light - deep == pytest.approx(SERIES_STIFFNESS * depth, rel=0.10)


@pytest.mark.parametrize("yaw", [0.0, 0.5 * np.pi])
def test_wrench_is_what_the_board_does_to_the_finger_in_the_tool_frame(bench: Bench, yaw: float) -> None:
    bench.reset(3, "nominal")
    pose = bench.home_pose.copy()
    pose[3:] = quat_multiply(rotvec_to_quat(np.array([0.0, 0.0, yaw])), pose[3:])
    pose = moved(bench, pose, pose[:3])
    for _ in range(500):
        bench.step(pose, 0.08)
    tare = mean_wrench(bench, pose)
    pose = pressed(bench, pose, tare, 8.0)
    mean_wrench(bench, pose, (0.0, 0.05))
    force = (mean_wrench(bench, pose, (0.0, 0.05)) - tare)[:3]
    # Friction pulls towards base -y. At home tool y is base -y; turned by 90 degrees about z it is base +x and
    # tool x is base +y.
    friction = np.array([0.0, 1.0]) if yaw == 0.0 else np.array([-1.0, 0.0])
    assert force[2] < -6.0
    assert force[:2] @ friction > 2.0
    assert np.abs(force[:2] - (force[:2] @ friction) * friction).max() < 0.7


def test_the_wrench_bias_is_constant_in_an_episode_and_differs_between_episodes(bench: Bench) -> None:
    biases = []
    for seed in range(4):
        bench.reset(seed)
        first, second = (mean_wrench(bench, bench.home_pose.copy()) for _ in range(2))
        assert np.abs(first - second)[:3].max() < 0.05
        biases.append(first)
    assert np.array(biases)[:, 2].std() > 0.1


def test_the_jaws_go_where_they_are_told_and_stop_at_the_finger(bench: Bench) -> None:
    bench.reset(0)
    for wanted, expected in ((0.05, 0.05), (0.08, 0.08), (0.0, 0.016)):
        for _ in range(500):
            bench.step(bench.home_pose, wanted)
        assert bench.arm_state().gripper == pytest.approx(expected, abs=0.002)


def test_condition_says_whether_the_board_moves(bench: Bench) -> None:
    def moved_during_a_stroke(seed: int, condition: str) -> float:
        bench.reset(seed, condition)  # type: ignore[arg-type]
        before = bench.snapshot().places[0]
        start = bench.stain_estimate()
        pose = moved(bench, bench.home_pose.copy(), start[:3] + np.array([0.0, 0.0, 0.01]))
        along = np.array([np.cos(start[3]), np.sin(start[3]), 0.0])
        moved(bench, pose, pose[:3] + 0.2 * along)
        return float(np.abs(bench.snapshot().places[0] - before).max())

    seeds = range(8)
    assert all(moved_during_a_stroke(seed, "nominal") == 0.0 for seed in seeds)
    assert all(moved_during_a_stroke(seed, "after") == pytest.approx(0.010) for seed in seeds)
    mixed = [moved_during_a_stroke(seed, "mixed") > 0.0 for seed in seeds]
    assert 0 < sum(mixed) < len(mixed)


def test_wrong_names_are_told_with_the_right_ones(bench: Bench) -> None:
    with pytest.raises(RigError, match=r"task 'fold'.*wipe"):
        Bench(task="fold")
    with pytest.raises(DeviceError, match=r"condition 'during'.*nominal, before, after, mixed"):
        bench.reset(0, "during")  # type: ignore[arg-type]
    with pytest.raises(DeviceError, match=r"camera 'left'.*scene, wrist"):
        bench.camera_info("left")
    with pytest.raises(DeviceError, match="seed -1"):
        bench.reset(-1)


@pytest.mark.parametrize("index", [1, 4])
def test_a_target_that_is_no_pose_is_refused_and_the_bench_goes_on(bench: Bench, index: int) -> None:
    bench.reset(0)
    target = bench.home_pose.copy()
    target[index] = np.nan if index == 1 else 0.0
    with pytest.raises(DeviceError, match="not a pose"):
        bench.step(target, 0.08)
    bench.step(bench.home_pose, 0.08)
    assert bench.time_ns == 2_000_000
