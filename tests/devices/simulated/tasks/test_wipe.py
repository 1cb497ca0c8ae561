"""When a patch comes off, what the score is, and what the seed varies."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.geometry import quat_to_matrix
from devices.simulated.tasks.interface import TIME_LIMIT_S
from devices.simulated.tasks.wipe import WipeTask, draw_variation


def wiped(force: float, speed: float = 0.06, offset: float = 0.0, task: WipeTask | None = None) -> WipeTask:
    """Slide along the whole stain with a constant normal force, beside its middle line by an offset (m)."""
    if task is None:
        task = WipeTask()
        task.reset(np.random.default_rng(1), "nominal")
    rotation = quat_to_matrix(task.variation.board_quaternion)
    for x in np.arange(-0.105, 0.105, speed * 0.002):
        point = task.board_position + rotation @ np.array([x, offset, 0.0])
        task.update(point, point, force)
    return task


@pytest.mark.parametrize(("force", "share"), [(3.5, 0.0), (4.5, 1.0), (8.0, 1.0), (11.5, 1.0), (12.5, 0.0)])
def test_patches_come_off_inside_the_force_band_only(force: float, share: float) -> None:
    task = wiped(force)
    assert task.parts().mean() == share
    assert task.score() == pytest.approx(share)
    assert task.done() is (share == 1.0)


def test_nothing_comes_off_by_pressing_without_motion() -> None:
    task = WipeTask()
    point = task.board_position.copy()
    for _ in range(2000):
        task.update(point, point, 8.0)
    assert not task.parts().any()


def test_nothing_comes_off_beside_the_stain() -> None:
    assert not wiped(8.0, offset=0.013).parts().any()
    assert wiped(8.0, offset=0.008).parts().all()


def test_lifting_and_landing_elsewhere_is_no_travel() -> None:
    task = WipeTask()
    here, there = task.board_position.copy(), task.board_position + np.array([0.0, 0.011, 0.0])
    for index in range(200):
        task.update(here, None, 0.0)
        task.update(there if index % 2 else here, there if index % 2 else here, 8.0)
    assert not task.parts().any()


def test_excess_force_costs_half_a_point_a_second_at_most() -> None:
    task = wiped(8.0)
    for seconds, score in ((0.5, 0.75), (0.5, 0.5), (1.0, 0.5)):
        for _ in range(round(seconds / 0.002)):
            task.update(task.board_position, None, 25.0)
        assert task.score() == pytest.approx(score, abs=0.002)


def test_the_board_is_knocked_three_times_smoothly_each_at_its_share_of_the_stroke() -> None:
    task = WipeTask()
    task.reset(np.random.default_rng(4), "after")
    rotation = quat_to_matrix(task.variation.board_quaternion)
    start = task.board_position.copy()
    places = np.arange(-0.1, 0.1, 0.00012)
    heights = np.array([_height_after_step(task, start + rotation @ np.array([x, 0.0, 0.0])) for x in places])
    heights -= start[2]
    knocks = task.variation.disturbance.knocks
    for knock, (low, high) in zip(knocks, ((0.15, 0.30), (0.40, 0.55), (0.65, 0.80)), strict=True):
        assert low <= knock.progress <= high
        begins = int(np.searchsorted(places / 0.2 + 0.5, knock.progress + 0.0026))
        assert heights[begins] == pytest.approx(heights[begins - 5], abs=1e-4)
        assert heights[begins + 105] == pytest.approx(knock.place[2])
    assert [abs(knock.place[2]) for knock in knocks] == pytest.approx([0.010, 0.0, 0.010])
    assert np.abs(np.diff(heights)).max() < 0.0002


def _height_after_step(task: WipeTask, tool: np.ndarray) -> float:
    task.update(tool, None, 0.0)
    return float(task.board_position[2])


def test_a_shift_before_contact_is_over_before_the_stroke_and_vision_follows_it() -> None:
    task = WipeTask()
    task.reset(np.random.default_rng(4), "before")
    start, seen = task.board_position.copy(), task.estimate()
    above = start + np.array([0.0, 0.0, 0.09])
    task.update(above, None, 0.0)
    assert np.array_equal(task.board_position, start)
    for height in np.linspace(0.05, 0.04, 110):
        task.update(start + np.array([0.0, 0.0, height]), None, 0.0)
    shift = task.board_position - start
    assert shift == pytest.approx(task.variation.disturbance.shift)
    assert 0.001 < np.abs(shift).max() <= 0.02
    assert task.estimate()[:3] - seen[:3] == pytest.approx(shift)
    assert task.estimate()[3] == seen[3]


def test_a_move_during_the_stroke_stays_unseen() -> None:
    task = WipeTask()
    task.reset(np.random.default_rng(4), "after")
    seen = task.estimate()
    wiped(8.0, task=task)
    assert abs(task.board_position[2] - task.variation.board_position[2]) == pytest.approx(0.010)
    assert np.array_equal(task.estimate(), seen)


def test_the_time_limit_ends_it() -> None:
    task = WipeTask()
    for _ in range(round(TIME_LIMIT_S / 0.002) + 1):
        task.update(task.board_position, None, 0.0)
    assert task.done()


def test_variation_stays_in_its_ranges_and_repeats() -> None:
    rows = [draw_variation(np.random.default_rng(seed), "mixed") for seed in range(200)]
    again = draw_variation(np.random.default_rng(7), "mixed")
    assert np.array_equal(rows[7].stain_estimate, again.stain_estimate)
    normals = np.array([quat_to_matrix(row.board_quaternion)[:, 2] for row in rows])
    tilts = np.degrees(np.arccos(np.clip(normals[:, 2], -1.0, 1.0)))
    assert tilts.min() >= 3.0 - 1e-6
    assert tilts.max() <= 5.0 + 1e-6
    starts = np.array([row.board_position - 0.1 * quat_to_matrix(row.board_quaternion)[:, 0] for row in rows])
    errors = np.array([row.stain_estimate[:3] for row in rows]) - starts
    assert errors[:, 2].std() == pytest.approx(0.006, rel=0.15)
    assert errors[:, :2].std() == pytest.approx(0.002, rel=0.15)
    shares = [np.mean([row.condition == name for row in rows]) for name in ("nominal", "before", "after")]
    assert min(shares) > 0.25
    same_board = draw_variation(np.random.default_rng(7), "after")
    assert np.array_equal(rows[7].board_position, same_board.board_position)
    assert {row.condition for row in rows} == {"nominal", "before", "after"}
