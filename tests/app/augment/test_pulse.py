"""The pulse: one at its centre, nothing far away, only the position moves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.augment.pulse import Pulse, PulseSettings, draw, perturb, weight

ROWS = np.concatenate(
    [np.arange(0, 5, 0.02)[:, None], np.tile([0.5, 0, 0.1, 0, 1, 0, 0, 0.04], (250, 1))], axis=1
)


def test_weight_is_one_at_the_centre_and_e_to_the_minus_five_at_the_edges() -> None:
    pulse = Pulse(2.0, 0.5, (0.01, 0.0, 0.0))
    assert weight(np.array([2.0, 1.5, 2.5]), pulse) == pytest.approx([1.0, math.exp(-5), math.exp(-5)])


@given(st.integers(0, 2**32 - 1))
def test_a_drawn_pulse_moves_the_position_by_at_most_its_displacement_and_returns(seed: int) -> None:
    settings = PulseSettings()
    pulse = draw(np.random.default_rng(seed), float(ROWS[-1, 0]), settings)
    moved = perturb(ROWS, pulse)
    assert settings.lead_s <= pulse.centre_s <= ROWS[-1, 0]
    assert np.array_equal(moved[:, [0, 4, 5, 6, 7, 8]], ROWS[:, [0, 4, 5, 6, 7, 8]])
    shift = np.linalg.norm(moved[:, 1:4] - ROWS[:, 1:4], axis=1)
    size = float(np.linalg.norm(pulse.displacement_m))
    assert shift.max() <= size + 1e-12
    nearest = np.argmin(np.abs(ROWS[:, 0] - pulse.centre_s))
    assert shift[nearest] == pytest.approx(size, rel=0.05)
    assert shift[0] <= size * math.exp(-5 * (pulse.centre_s / pulse.half_width_s) ** 2) + 1e-12


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 3.0))
def test_a_pulse_of_a_part_lies_in_the_part(seed: int, begin_s: float) -> None:
    about = PulseSettings()
    whole, part = (draw(np.random.default_rng(seed), 5.0, about, begin) for begin in (0.0, begin_s))
    assert begin_s + about.lead_s <= part.centre_s <= 5.0
    assert (part.half_width_s, part.displacement_m) == (whole.half_width_s, whole.displacement_m)


def test_both_arms_are_displaced_alike() -> None:
    pair = np.concatenate([ROWS, ROWS[:, 1:] + np.array([0, 0.26, 0, 0, 0, 0, 0, 0])], axis=1)
    moved = perturb(pair, Pulse(2.0, 0.5, (0.01, -0.02, 0.003)))
    assert np.array_equal(moved[:, :9], perturb(ROWS, Pulse(2.0, 0.5, (0.01, -0.02, 0.003))))
    assert np.allclose(moved[:, 9:12] - moved[:, 1:4], [0.0, 0.26, 0.0])


def test_the_same_seed_draws_the_same_pulse() -> None:
    first, second = (draw(np.random.default_rng(7), 5.0, PulseSettings()) for _ in range(2))
    assert first == second
    assert first.record()["displacement_m"] == first.displacement_m
