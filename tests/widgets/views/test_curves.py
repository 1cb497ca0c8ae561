"""Curves show every peak, and their axes move in steps."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from widgets.views.envelope import envelope, nice_limit


@given(st.integers(1, 5000), st.integers(1, 400), st.integers(0, 2**32 - 1))
def test_no_peak_is_lost(count: int, columns: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=count)
    times = np.linspace(-10, 0, count)
    x, y = envelope(times, values, columns)
    assert len(x) == len(y) <= max(2 * columns, count)
    assert len(y) <= 2 * columns or len(y) == count
    assert y.max() == values.max()
    assert y.min() == values.min()
    assert (np.diff(x) >= 0).all()


def test_a_single_spike_among_ten_thousand_samples_is_drawn() -> None:
    values = np.zeros(10_000)
    values[4321] = 7.0
    x, y = envelope(np.linspace(-10, 0, 10_000), values, 300)
    assert y.max() == 7.0
    assert abs(x[int(np.argmax(y))] - (-10 + 10 * 4321 / 9999)) < 10 / 300


def test_an_axis_grows_at_once_and_shrinks_late() -> None:
    assert nice_limit(7.0, 5.0) == 10.0
    assert nice_limit(4.9, 10.0) == 10.0  # half is no reason to jump
    assert nice_limit(3.0, 20.0) == 5.0
