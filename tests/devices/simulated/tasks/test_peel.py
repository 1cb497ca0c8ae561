"""When skin comes off, what the score is, how fruit and clamp move, and what the seed varies."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.geometry import quat_to_matrix
from devices.simulated.tasks.peel import FRUIT_RADIUS_M, PeelTask, bend, draw_variation

UPRIGHT = np.array([0.0, 0.0, FRUIT_RADIUS_M])


def started(condition: str = "nominal", seed: int = 1) -> PeelTask:
    """A task at the start of an episode."""
    task = PeelTask()
    task.reset(np.random.default_rng(seed), condition)  # type: ignore[arg-type]
    return task


def peeled(task: PeelTask, force: float, backwards: bool = False, speed: float = 0.06) -> PeelTask:
    """Draw the blade along the whole fruit with a constant normal force."""
    way = np.arange(-0.106, 0.106, speed * 0.002)
    for x in way[::-1] if backwards else way:
        point = task.position + task._rotation @ np.array([x, 0.0, 0.0]) + UPRIGHT
        task.update(point, point, force)
    return task


@pytest.mark.parametrize(("force", "share"), [(4.5, 0.0), (5.5, 1.0), (8.0, 1.0), (10.5, 1.0), (11.5, 0.0)])
def test_skin_comes_off_inside_the_force_band_only(force: float, share: float) -> None:
    task = peeled(started(), force)
    assert task.parts().mean() == share
    assert task.score() == pytest.approx(share)
    assert task.done() is (share == 1.0)


def test_a_blade_cuts_forwards_only() -> None:
    assert not peeled(started(), 8.0, backwards=True).parts().any()


def test_half_of_the_way_is_half_of_the_score() -> None:
    task = started()
    for x in np.arange(-0.1, 0.0, 0.00012):
        point = task.position + task._rotation @ np.array([x, 0.0, 0.0]) + UPRIGHT
        task.update(point, point, 8.0)
    assert task.score() == pytest.approx(0.5, abs=0.01)
    assert list(np.flatnonzero(task.parts())) == list(range(10))


def test_excess_force_costs_half_a_point_a_second_at_most() -> None:
    task = peeled(started(), 8.0)
    far = task.position + np.array([0.0, 0.0, 0.1])
    for seconds, score in ((0.5, 0.75), (0.5, 0.5), (1.0, 0.5)):
        for _ in range(round(seconds / 0.002)):
            task.update(far, None, 25.0)
        assert task.score() == pytest.approx(score, abs=0.002)


def test_the_fruit_turns_from_the_first_touch_and_stops_on_the_other_side() -> None:
    task = started()
    drawn = task.variation
    above = task.position + np.array([0.0, 0.0, 0.1])
    for _ in range(100):
        task.update(above, None, 0.0)
    assert task.turn == drawn.turn
    touched = task.position + UPRIGHT
    for _ in range(500):
        task.update(touched, touched, 1.0)
    assert task.turn == pytest.approx(drawn.turn + drawn.turn_rate, abs=1e-6)
    for _ in range(4000):
        task.update(above, None, 0.0)
    assert task.turn == pytest.approx(np.copysign(np.radians(55.0), drawn.turn_rate))
    clamp, spindle = task.places()
    assert np.array_equal(clamp.position, spindle.position)
    leaning = quat_to_matrix(spindle.quaternion)[:, 2]
    assert leaning[2] == pytest.approx(np.cos(task.turn))


def test_a_knock_comes_during_the_stroke_and_vision_does_not_see_it() -> None:
    task = started("after")
    start, seen = task.position.copy(), task.estimate()
    peeled(task, 8.0)
    assert task.position - start == pytest.approx(task.variation.disturbance.knocks[0].place)
    assert abs(task.position[2] - start[2]) == pytest.approx(0.010)
    assert np.array_equal(task.estimate(), seen)


def test_a_shift_comes_before_contact_and_vision_sees_it() -> None:
    task = started("before")
    start, seen = task.position.copy(), task.estimate()
    for _ in range(110):
        task.update(start + UPRIGHT + np.array([0.0, 0.0, 0.05]), None, 0.0)
    assert task.position - start == pytest.approx(task.variation.disturbance.shift)
    assert task.estimate()[:3] - seen[:3] == pytest.approx(task.variation.disturbance.shift)


def test_pictures_are_told_where_on_the_fruit_it_was_cut() -> None:
    task = started()
    share, turn = peeled(task, 8.0).cleaned().T
    assert np.all(share == 1.0)
    assert np.all(np.diff(turn) * np.sign(task.variation.turn_rate) >= 0.0)
    assert abs(turn[-1] - turn[0]) > np.radians(30.0)


def test_variation_compares_seed_by_seed_and_vision_errs_as_stated() -> None:
    rows = [draw_variation(np.random.default_rng(seed), "mixed") for seed in range(200)]
    same = draw_variation(np.random.default_rng(7), "after")
    assert np.array_equal(rows[7].estimate, same.estimate)
    assert rows[7].turn == same.turn
    errors = []
    for row in rows:
        crown = row.position[2] + FRUIT_RADIUS_M + float(bend(np.array(-0.1))) * np.cos(row.turn)
        errors.append(row.estimate[2] - crown)
        assert row.turn * row.turn_rate < 0.0
    assert np.std(errors) == pytest.approx(0.006, rel=0.15)
    assert 0.25 < np.mean([row.disturbance.condition == "after" for row in rows]) < 0.42
