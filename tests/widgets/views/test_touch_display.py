"""Smoothing, scales and slip: what is shown of touch, against closed forms and the simulated bench."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.simulated.bench import Bench
from widgets.views.scales import CALM_S, FORCE_STEPS_N, Range, round_share
from widgets.views.slip import Slip, SlipWatch
from widgets.views.smoothing import LowPass


def test_a_step_is_shown_by_63_percent_after_the_time_constant() -> None:
    low_pass = LowPass(0.04)
    low_pass.feed(np.array([0]) + 1, np.zeros((1, 2)))
    times = np.arange(1, 41) * 1_000_000 + 1
    value = low_pass.feed(times, np.tile([10.0, -5.0], (40, 1)))
    assert value == pytest.approx(np.array([10.0, -5.0]) * (1 - np.exp(-1.0)), abs=1e-9)


@given(st.lists(st.integers(1, 50), min_size=2, max_size=30), st.integers(1, 29))
def test_it_does_not_matter_in_how_many_portions_samples_come(gaps: list[int], cut: int) -> None:
    times = np.cumsum(gaps) * 1_000_000
    samples = np.sin(times * 1e-8)[:, None]
    whole, parts = LowPass(0.05), LowPass(0.05)
    expected = whole.feed(times, samples)
    parts.feed(times[:cut], samples[:cut])
    found = parts.feed(times[cut:], samples[cut:])
    assert found == pytest.approx(expected, abs=1e-9)


def test_the_scale_goes_up_at_once_and_down_only_after_a_calm_while() -> None:
    scale = Range(FORCE_STEPS_N, 2)
    assert scale.follow(19.0, 0.0) == 20.0
    assert scale.follow(120.0, 0.1) == 200.0
    assert scale.follow(70.0, 0.2) == 200.0
    assert scale.follow(70.0, 0.2 + CALM_S - 0.01) == 200.0
    assert scale.follow(70.0, 0.2 + CALM_S + 0.01) == 100.0
    assert scale.follow(0.0, 50.0) == 100.0
    for second in range(60):
        last = scale.follow(0.0, 50.0 + second)
    assert last == 20.0  # never finer than where it began


def test_scale_bars_are_round() -> None:
    assert round_share(20.0) == pytest.approx(20.0)
    assert round_share(20.0, 0.3) == pytest.approx(5.0)
    assert round_share(0.5, 0.45) == pytest.approx(0.2)


def markers(shear: float, inward: float) -> np.ndarray:
    field = np.zeros((9, 3))
    field[:, 0], field[4, 2] = shear, -inward
    return field


def pose(x: float) -> np.ndarray:
    return np.array([x, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])


def test_a_sticking_contact_holds_and_a_sliding_one_slides() -> None:
    stuck, sliding, carried = SlipWatch(), SlipWatch(), SlipWatch(grasps=True)
    for step in range(40):
        t, x = step * 0.016, step * 0.0003
        assert stuck.feed(t, pose(x), markers(-1e3 * x, 0.3)) in (Slip.HOLDS, Slip.FREE)
        state = sliding.feed(t, pose(x), markers(-0.2, 0.3))
        assert carried.feed(t, pose(x), markers(-0.2, 0.3)) is Slip.HOLDS
    assert state is Slip.SLIDING
    assert sliding.feed(0.7, pose(0.012), markers(0.0, 0.0)) is Slip.FREE


def test_shear_that_is_let_go_while_pressed_is_a_slip_and_lifting_off_is_none() -> None:
    slips, lifts = SlipWatch(), SlipWatch()
    for step in range(20):
        t = step * 0.016
        slips.feed(t, pose(0.0), markers(0.3, 0.3))
        lifts.feed(t, pose(0.0), markers(0.3, 0.3))
    assert slips.feed(0.33, pose(0.0), markers(0.15, 0.3)) is Slip.SLIPPING
    assert lifts.feed(0.33, pose(0.0), markers(0.15, 0.15)) is Slip.HOLDS


def test_on_the_bench_pressing_holds_and_wiping_slides() -> None:
    bench = Bench()
    try:
        bench.reset(3, "nominal")
        rest = bench.field().astype(float)
        watch, target = SlipWatch(), bench.home_pose.copy()
        states: dict[str, list[Slip]] = {"press": [], "wipe": []}
        for step in range(1600):  # 3.2 s: down, wait, along the board
            if step < 500:
                target[2] = 0.20 - 0.115 * step / 500
            elif step >= 900:
                target[1] = 0.05 * (step - 900) / 500
            bench.step(target, 0.04)
            if step % 8 == 0:
                field = bench.field().astype(float) - rest
                state = watch.feed(step * 0.002, bench.arm_state().pose, field)
                if 600 <= step < 900:
                    states["press"].append(state)
                elif step >= 1200:
                    states["wipe"].append(state)
    finally:
        bench.close()
    assert set(states["press"]) == {Slip.HOLDS}
    assert np.mean([state is Slip.SLIDING for state in states["wipe"]]) > 0.9
