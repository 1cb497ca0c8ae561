"""The mathematics between hand and arm, by property."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.core.geometry import quat_to_rotvec, rotvec_to_quat
from app.teleop.shaping import (
    Clutch,
    OneEuro,
    Smoothed,
    follow,
    lock,
    one_euro,
    shape,
    strongest,
    turned,
)

UNHURRIED = settings(deadline=None)  # a busy machine is no failure
UNIT = st.floats(-1.0, 1.0)
TWISTS = arrays(np.float64, 6, elements=UNIT)
VECTORS = arrays(np.float64, 3, elements=UNIT)


def pose(position: np.ndarray, rotvec: np.ndarray) -> np.ndarray:
    return np.concatenate([position, rotvec_to_quat(rotvec)])


POSES = st.builds(pose, VECTORS, VECTORS)


@UNHURRIED
@given(TWISTS, st.floats(0.0, 0.9), st.floats(0.0, 1.0))
def test_shaping_is_odd_bounded_and_still_in_the_middle(twist: np.ndarray, dead: float, curve: float) -> None:
    out = shape(twist, dead, curve)
    assert (np.abs(out) <= 1.0).all()
    assert (out[np.abs(twist) <= dead] == 0.0).all()
    assert np.array_equal(shape(-twist, dead, curve), -out)
    assert np.allclose(shape(np.array([1.0, -1.0]), dead, curve), [1.0, -1.0])


@UNHURRIED
@given(UNIT, UNIT, st.floats(0.0, 0.9), st.floats(0.0, 1.0))
def test_pushing_more_never_moves_less(a: float, b: float, dead: float, curve: float) -> None:
    low, high = shape(np.array(sorted((a, b))), dead, curve)
    assert low <= high + 1e-12


@UNHURRIED
@given(st.lists(UNIT, min_size=2, max_size=40), st.floats(0.001, 0.1))
def test_one_euro_stays_within_what_was_put_in(values: list[float], dt: float) -> None:
    state: Smoothed | None = None
    for index, value in enumerate(values):
        state = one_euro(OneEuro(), state, np.array([value]), dt)
        seen = values[: index + 1]
        assert min(seen) - 1e-9 <= state.value[0] <= max(seen) + 1e-9


@UNHURRIED
@given(UNIT, st.floats(0.001, 0.1))
def test_one_euro_lets_a_constant_pass_and_reaches_a_step(value: float, dt: float) -> None:
    state = one_euro(OneEuro(), None, np.array([value]), dt)
    for _ in range(5):
        state = one_euro(OneEuro(), state, np.array([value]), dt)
        assert state.value[0] == value
    for _ in range(math.ceil(2.0 / dt)):
        state = one_euro(OneEuro(), state, np.array([0.5]), dt)
    assert abs(state.value[0] - 0.5) < 1e-3


def test_one_euro_calms_noise_and_follows_a_stroke() -> None:
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(500) * 0.02
    state: Smoothed | None = None
    still = []
    for x in noise:
        state = one_euro(OneEuro(), state, np.array([x]), 0.01)
        still.append(state.value[0])
    assert np.std(still[50:]) < 0.5 * np.std(noise)
    state, lag = None, []
    for k in range(100):
        truth = 5.0 * k * 0.01  # a fast stroke: 5 per second
        state = one_euro(OneEuro(), state, np.array([truth]), 0.01)
        lag.append(truth - state.value[0])
    assert max(lag[50:]) / 5.0 < 0.015  # seconds behind


def test_one_euro_first_step_is_its_formula() -> None:
    state = one_euro(OneEuro(1.0, 0.0, 1.0), Smoothed(np.zeros(1), np.zeros(1)), np.array([1.0]), 0.01)
    tau = 1.0 / (2.0 * math.pi)
    assert math.isclose(state.value[0], 1.0 / (1.0 + tau / 0.01))


@UNHURRIED
@given(TWISTS, st.tuples(*[st.booleans()] * 6))
def test_locked_axes_are_still_and_the_others_untouched(twist: np.ndarray, free: tuple[bool, ...]) -> None:
    out = lock(twist, free)
    assert all(out[i] == (twist[i] if free[i] else 0.0) for i in range(6))


@UNHURRIED
@given(TWISTS)
def test_the_strongest_axis_alone_is_left(twist: np.ndarray) -> None:
    out = strongest(twist)
    assert np.count_nonzero(out) <= 1
    assert np.abs(out).max() == np.abs(twist).max()


@UNHURRIED
@given(TWISTS, st.floats(-7.0, 7.0))
def test_looking_elsewhere_changes_direction_and_not_size(twist: np.ndarray, yaw: float) -> None:
    out = turned(twist, yaw)
    assert math.isclose(np.linalg.norm(out[:3]), np.linalg.norm(twist[:3]), abs_tol=1e-12)
    assert out[2] == twist[2]
    assert np.allclose(turned(out, -yaw), twist, atol=1e-12)


@UNHURRIED
@given(POSES, POSES, st.floats(0.0, 2.0))
def test_closing_the_clutch_moves_nothing(hand: np.ndarray, tool: np.ndarray, scale: float) -> None:
    assert np.allclose(follow(Clutch(hand, tool), hand, scale), tool, atol=1e-9)


@UNHURRIED
@given(POSES, POSES, VECTORS, VECTORS, st.floats(0.1, 2.0))
def test_the_tool_moves_as_the_hand_scaled(
    hand: np.ndarray, tool: np.ndarray, way: np.ndarray, turn: np.ndarray, scale: float
) -> None:
    moved = hand.copy()
    moved[:3] += way
    target = follow(Clutch(hand, tool), moved, scale)
    assert np.allclose(target[:3] - tool[:3], scale * way, atol=1e-9)
    here = pose(np.zeros(3), np.zeros(3))
    only_turned = follow(Clutch(here, here), pose(np.zeros(3), turn), 1.0)
    assert np.allclose(quat_to_rotvec(only_turned[3:]), turn, atol=1e-9)
