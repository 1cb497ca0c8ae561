"""Stamps follow the pairs, never go back, and never lie in the future."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.serving.stamps import MOST_PAIRS, SessionStamps

steps = st.lists(st.tuples(st.integers(1, 10**7), st.integers(1, 10**9)), min_size=1, max_size=60)


@given(steps, st.lists(st.integers(-(10**8), 10**9), max_size=30))
def test_the_map_is_exact_at_the_pairs_and_never_decreases(
    moves: list[tuple[int, int]], asked: list[int]
) -> None:
    stamps, device, session, pairs = SessionStamps(), 0, 10**12, []
    for device_step, session_step in moves:
        device, session = device + device_step, session + session_step
        stamps.note(device, session)
        pairs.append((device, session))
    for known, told in pairs:
        assert stamps.of(known) == told
    answers = [stamps.of(time) for time in sorted(asked)]
    assert answers == sorted(answers)
    assert all(answer <= session for answer in answers)


def test_a_reset_of_the_devices_clock_starts_anew_and_the_memory_is_bounded() -> None:
    stamps = SessionStamps()
    for tick in range(5 * MOST_PAIRS):
        stamps.note(4 * tick, 1000 + 5 * tick)
    assert stamps.of(4 * (5 * MOST_PAIRS - 10)) == 1000 + 5 * (5 * MOST_PAIRS - 10)
    stamps.note(0, 10**6)
    assert stamps.of(0) == 10**6
    stamps.note(4, 10**6 + 50)
    assert stamps.of(2) == 10**6 + 2


def test_nothing_noted_is_an_error() -> None:
    with pytest.raises(IndexError):
        SessionStamps().of(0)
