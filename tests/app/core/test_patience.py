"""What counts as waiting: the time that was looked at, and a step for a time that was not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import patience
from app.core.patience import Patience


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        """Return the time, s."""
        return self.now_s


@given(st.lists(st.floats(0.0, 0.5), max_size=30))
def test_short_looks_count_as_the_clock_does(steps: list[float]) -> None:
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patience, "time", clock)
        waiting = Patience(5.0, step_s=0.5)
        for step in steps:
            clock.now_s += step
            left = waiting.left_s()
        assert not steps or left == pytest.approx(5.0 - sum(steps), abs=1e-9)


def test_a_halt_counts_one_step_and_waiting_still_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(patience, "time", clock)
    waiting = Patience(2.0, step_s=0.5)
    clock.now_s += 3600.0
    assert waiting.left_s() == pytest.approx(1.5)
    looks = 0
    while waiting.left_s() > 0.0:
        clock.now_s += 0.2
        looks += 1
    assert looks == 8
