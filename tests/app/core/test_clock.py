"""The map between two machines' clocks, on simulated clocks and links: true within its bound, whatever they do."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.clock import NS_PER_MS, NS_PER_S, ClockMap
from app.core.wire.messages import SCHEMA_VERSION, Reply
from app.core.wire.timekeeper import FIRST, TimeKeeper

HOUR_S = 3600


class Pair:
    """Two clocks: the local one is the truth, the session clock is ahead and drifts."""

    def __init__(self, offset_ns: int, drift: float) -> None:
        self.map = ClockMap()
        self.offset_ns, self.drift = offset_ns, drift
        self.now_ns = 5 * NS_PER_S

    def session(self, local_ns: int) -> int:
        return local_ns + self.offset_ns + round((local_ns - 5 * NS_PER_S) * self.drift)

    def exchange(self, out_ns: int, back_ns: int) -> None:
        sent = self.now_ns
        answered = self.session(sent + out_ns)
        self.now_ns = sent + out_ns + back_ns
        self.map.note(sent, answered, self.now_ns)

    def error_ns(self) -> int:
        return abs(self.map.of(self.now_ns) - self.session(self.now_ns))


@given(
    offset=st.integers(-(10**15), 10**15),
    drift=st.floats(-200e-6, 200e-6),
    ways=st.lists(
        st.tuples(st.integers(10_000, 200 * NS_PER_MS), st.integers(10_000, 200 * NS_PER_MS)), min_size=1, max_size=40
    ),
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_the_map_is_never_farther_off_than_its_bound(
    offset: int, drift: float, ways: list[tuple[int, int]]
) -> None:
    pair = Pair(offset, drift)
    for out_ns, back_ns in ways:
        pair.exchange(out_ns, back_ns)
        assert pair.map.bound_ns is not None
        slack = (
            2 if pair.map.offset_ns else 2 * pair.map.bound_ns
        )  # 0 may be taken anywhere inside the interval
        assert pair.error_ns() <= pair.map.bound_ns + slack + 1000
        pair.now_ns += NS_PER_S


@pytest.mark.parametrize("drift", [-100e-6, 100e-6])
def test_a_clock_that_runs_100_ppm_off_is_followed_for_an_hour(drift: float) -> None:
    pair, chance = Pair(77 * NS_PER_S, drift), random.Random(1)
    errors, newest = [], 0
    for _ in range(HOUR_S):
        late_ns = 40 * NS_PER_MS if chance.random() < 0.1 else 0
        pair.exchange(20 * NS_PER_MS + chance.randrange(NS_PER_MS) + late_ns, 20 * NS_PER_MS)
        pair.now_ns += NS_PER_S
        errors.append(pair.error_ns())
        stamp = pair.map.of(pair.now_ns)
        assert stamp > newest
        newest = stamp
    assert max(errors) < 4 * NS_PER_MS  # the clocks themselves are 360 ms apart by then


def test_one_slow_way_does_not_bend_a_map_that_quick_exchanges_made() -> None:
    pair = Pair(3 * NS_PER_S, 0.0)
    for _ in range(5):
        pair.exchange(50_000, 50_000)
    pair.exchange(180 * NS_PER_MS, 50_000)
    assert pair.error_ns() < 150_000


def test_two_processes_of_one_machine_share_one_clock_exactly() -> None:
    clock = ClockMap()
    for _ in range(20):
        sent = time.monotonic_ns()
        session = time.monotonic_ns()
        clock.note(sent, session, time.monotonic_ns())
    assert clock.offset_ns == 0


def test_a_clock_that_stood_still_is_found_at_the_next_exchange() -> None:
    pair = Pair(8 * NS_PER_S, 0.0)
    for _ in range(10):
        pair.exchange(100_000, 100_000)
    pair.offset_ns += 3 * NS_PER_S  # the local machine slept
    pair.exchange(100_000, 100_000)
    assert pair.error_ns() <= 100_000


def test_session_time_never_goes_back_when_the_map_is_corrected(monkeypatch: pytest.MonkeyPatch) -> None:
    local = 10 * NS_PER_S
    monkeypatch.setattr("app.core.clock.time.monotonic_ns", lambda: local)
    clock = ClockMap()
    clock.note(local - 100 * NS_PER_MS, local + 50 * NS_PER_MS, local)
    first = clock.now_ns()
    clock.note(local - 1000, local - 20 * NS_PER_MS, local)
    assert clock.of(local) < first
    assert clock.now_ns() == first


def test_wall_clock_jumps_are_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 0.0)
    monkeypatch.setattr(time, "time_ns", lambda: -(10**18))
    clock = ClockMap()
    before = clock.now_ns()
    assert 0 <= clock.now_ns() - before < 10 * NS_PER_S


def test_the_keeper_takes_only_answers_to_its_own_questions() -> None:
    keeper = TimeKeeper()
    question = keeper.due()
    assert question is not None
    assert keeper.due() is None
    assert not keeper.take(Reply(SCHEMA_VERSION, question.id + 1, True, 5))
    assert keeper.take(Reply(SCHEMA_VERSION, question.id, True, None))  # lock-step: no such time
    assert keeper.clock.bound_ns is None
    for _ in range(FIRST):
        question = keeper.ask()
        assert keeper.take(Reply(SCHEMA_VERSION, question.id, True, time.monotonic_ns() + 10**12))
        assert not keeper.take(Reply(SCHEMA_VERSION, question.id, True, 0))
    assert keeper.clock.offset_ns == pytest.approx(10**12, abs=10**6)
