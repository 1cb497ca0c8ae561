"""Speed, acceleration and jerk of the applied target, and the energy that it may put into a contact."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from app.core.rig import load_rig
from app.core.safety.shaping import allowed_share, fill, shape

LIMITS = load_rig("sim/wipe").limits
DT = 0.004
FASTEST, HARDEST, JERK = LIMITS.speed_m_s, LIMITS.acceleration_m_s2, LIMITS.jerk_m_s3
vector = st.tuples(*[st.floats(-1.0, 1.0, allow_subnormal=False)] * 3).map(np.array)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(vector, st.integers(1, 12)), min_size=1, max_size=12))
def test_speed_and_acceleration_are_kept_whatever_is_wanted_and_jerk_inside_the_ball(
    wishes: list[tuple[np.ndarray, int]],
) -> None:
    velocity, acceleration = np.zeros(3), np.zeros(3)
    for wanted, periods in wishes:
        for _ in range(periods):
            before, pull = velocity, acceleration
            velocity, acceleration, _ = shape(wanted, velocity, acceleration, FASTEST, HARDEST, JERK, DT)
            assert np.linalg.norm(velocity) <= FASTEST + 1e-9
            assert np.linalg.norm(velocity - before) <= HARDEST * DT + 1e-9
            if np.linalg.norm(velocity) < FASTEST - 1e-9:
                assert np.linalg.norm(acceleration - pull) <= JERK * DT + 1e-6


@given(vector)
def test_a_still_wish_is_reached_without_overshoot_and_kept(wanted: np.ndarray) -> None:
    velocity, acceleration = np.zeros(3), np.zeros(3)
    goal = wanted * min(1.0, FASTEST / max(float(np.linalg.norm(wanted)), 1e-12))
    for _ in range(40):
        velocity, acceleration, _ = shape(wanted, velocity, acceleration, FASTEST, HARDEST, JERK, DT)
        assert np.linalg.norm(velocity) <= np.linalg.norm(goal) + 1e-9
    assert velocity == pytest.approx(goal, abs=1e-9)


@given(vector)
def test_from_any_speed_the_target_stands_within_forty_milliseconds(start: np.ndarray) -> None:
    velocity = start * min(1.0, FASTEST / max(float(np.linalg.norm(start)), 1e-12))
    acceleration = np.zeros(3)
    for _ in range(10):
        velocity, acceleration, _ = shape(np.zeros(3), velocity, acceleration, FASTEST, HARDEST, JERK, DT)
    assert np.all(velocity == 0.0)


def test_turning_is_as_quick_to_stop() -> None:
    angular, acceleration = np.array([LIMITS.angular_speed_rad_s, 0.0, 0.0]), np.zeros(3)
    for _ in range(10):
        angular, acceleration, _ = shape(
            np.zeros(3), angular, acceleration, LIMITS.angular_speed_rad_s,
            LIMITS.angular_acceleration_rad_s2, LIMITS.angular_jerk_rad_s3, DT,
        )  # fmt: skip
    assert np.all(angular == 0.0)


def test_power_into_a_contact_is_limited_and_out_of_it_is_free() -> None:
    push, pull = np.array([0.0, 0.0, -0.25]), np.array([0.0, 0.0, 0.25])
    hard = np.array([0.0, 0.0, 40.0])
    assert allowed_share(push, hard, 2.0, LIMITS, DT) == pytest.approx(LIMITS.power_w / 10.0)
    assert allowed_share(pull, hard, 0.0, LIMITS, DT) == 1.0
    assert allowed_share(push, np.zeros(3), 0.0, LIMITS, DT) == 1.0


def test_the_tank_drains_to_its_floor_and_then_only_the_refill_is_left() -> None:
    force, wanted = np.array([0.0, 0.0, 30.0]), np.array([0.0, 0.0, -0.2])
    energy, given_j = LIMITS.energy_start_j, 0.0
    periods = 1000
    for _ in range(periods):
        velocity = wanted * allowed_share(wanted, force, energy, LIMITS, DT)
        given_j += -float(force @ velocity) * DT
        energy = fill(energy, velocity, force, LIMITS, DT)
        assert energy >= LIMITS.energy_floor_j - 1e-9
    most = LIMITS.energy_start_j - LIMITS.energy_floor_j + LIMITS.refill_w * periods * DT
    assert given_j == pytest.approx(most, rel=1e-6)
    assert -float(force @ velocity) == pytest.approx(LIMITS.refill_w)


def test_without_refill_a_drained_tank_allows_no_push_at_all() -> None:
    none = replace(LIMITS, refill_w=0.0)
    push, force = np.array([0.0, 0.0, -0.1]), np.array([0.0, 0.0, 10.0])
    assert allowed_share(push, force, none.energy_floor_j, none, DT) == 0.0
