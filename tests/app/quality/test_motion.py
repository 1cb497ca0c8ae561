"""Measures of motion against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.quality.commands import lag_s
from app.quality.finding import Finding
from app.quality.material import Material, Stream
from app.quality.motion import derivative, log_dimensionless_jerk, measure_idle
from app.quality.spans import hysteresis, runs, weights_s
from tests.app.quality.planted import poses, smooth


def minimum_jerk(seconds: float, metres: float, rate: float) -> np.ndarray:
    t = np.arange(0.0, seconds + 0.5 / rate, 1.0 / rate)
    return np.stack([metres * smooth(t, 0.0, seconds), np.zeros_like(t), np.zeros_like(t)], axis=1)


@settings(deadline=None, max_examples=40)
@given(st.floats(0.8, 8.0), st.floats(0.05, 1.0))
def test_a_minimum_jerk_reach_has_the_known_smoothness_at_any_size(seconds: float, metres: float) -> None:
    """Peak speed 1.875 D/T, integral of the squared jerk 720 D²/T⁵: DLJ = 720 / 1.875² = 204.8."""
    seconds = round(seconds, 2)
    found = log_dimensionless_jerk(minimum_jerk(seconds, metres, 100.0))
    assert found == pytest.approx(-np.log(204.8), abs=0.03)


def test_a_stop_on_the_way_is_less_smooth() -> None:
    once = minimum_jerk(2.0, 0.3, 100.0)
    half = minimum_jerk(1.0, 0.15, 100.0)
    twice = np.concatenate([half, half[1:] + half[-1]])
    first, second = log_dimensionless_jerk(once), log_dimensionless_jerk(twice)
    assert first is not None
    assert second is not None
    assert second < first - 1.0


def test_a_tool_that_stands_still_has_no_smoothness() -> None:
    assert log_dimensionless_jerk(np.zeros((300, 3))) is None
    assert log_dimensionless_jerk(np.zeros((3, 3))) is None


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-2, 2), min_size=6, max_size=6), st.integers(1, 3))
def test_derivatives_of_a_quintic_are_exact(coefficients: list[float], order: int) -> None:
    t = np.arange(60) / 100.0
    polynomial = np.polynomial.Polynomial(coefficients)
    found = derivative(polynomial(t)[:, None], order)
    assert np.allclose(found[:, 0], polynomial.deriv(order)(t), atol=1e-5 * 100**order / 100)


@pytest.mark.parametrize("lag", [0.0, 0.037, 0.12, 0.5])
def test_the_lag_is_found_between_the_samples(lag: float) -> None:
    slow, fast = np.arange(0.0, 6.0, 0.02), np.arange(0.0, 6.0, 0.004)
    asked = Stream("arm/commanded", (slow * 1e9).astype(np.int64), poses(slow))
    pose = Stream("arm/pose", (fast * 1e9).astype(np.int64), poses(fast - lag)[:, :7])
    assert lag_s(asked, pose) == pytest.approx(lag, abs=0.004)


def test_motions_that_have_nothing_to_do_with_each_other_have_no_lag() -> None:
    t = np.arange(0.0, 6.0, 0.01)
    stamps = (t * 1e9).astype(np.int64)
    chance = np.random.default_rng(1)
    first, second = (np.cumsum(chance.normal(size=(len(t), 7)), axis=0) * 1e-3 for _ in range(2))
    assert lag_s(Stream("a/commanded", stamps, first), Stream("a/pose", stamps, second)) is None
    assert lag_s(Stream("a/commanded", stamps[:100], first[:100]), Stream("a/pose", stamps, second)) is None


@pytest.mark.parametrize(("still", "kinds"), [(0.0, []), (1.0, []), (2.5, ["idle"]), (9.0, ["idle"])])
def test_idle_stretches_are_shares_of_the_take(still: float, kinds: list[str]) -> None:
    t = np.arange(0.0, 5.0 + still, 0.004)
    moving = np.where(t < 2.5, t, np.maximum(2.5, t - still))
    stamps = (t * 1e9).astype(np.int64)
    pose = Stream("arm/pose", stamps, np.concatenate([poses(moving)[:, :7]], axis=1))
    pose.data[:, 0] += 0.05 * moving  # no turning point is slow
    found = Finding()
    measure_idle(Material(0, int(stamps[-1]), pose={"arm": pose}), found)
    assert found.measures["idle_share"] == pytest.approx(still / (5.0 + still), abs=0.03)
    assert [flag.kind for flag in found.flags] == kinds
    if kinds:
        assert abs(found.flags[0].start_ns / 1e9 - 2.5) < 0.15


@given(st.lists(st.booleans(), max_size=40))
def test_runs_are_where_it_holds(holds: list[bool]) -> None:
    found = np.zeros(len(holds), bool)
    for first, last in runs(np.array(holds, bool)):
        assert not found[first:last].any()
        found[first:last] = True
    assert found.tolist() == holds


@given(st.lists(st.floats(0, 2), max_size=50))
def test_hysteresis_as_a_state_machine_would(values: list[float]) -> None:
    high, wanted = False, []
    for value in values:
        high = True if value > 1.0 else False if value <= 0.8 else high
        wanted.append(high)
    assert hysteresis(np.array(values), 1.0, 0.8).tolist() == wanted


def test_a_gap_does_not_count_as_time_that_was_seen() -> None:
    t_ns = np.concatenate([np.arange(0, 100), np.arange(600, 700)]) * 10_000_000
    assert weights_s(t_ns, int(t_ns[-1])).sum() == pytest.approx(0.99 + 0.05 + 0.99)
