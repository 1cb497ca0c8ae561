"""What a link always costs is no age, and no stamp of a sender makes a command look fresher than it is."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from devices.serving.delays import AHEAD_NS, BUCKET_NS, BUCKETS, MOST_NS, MOST_PEERS, Delays

MS = 1_000_000
HAND = b"hand"


def heard(delays: Delays, late_ns: int, seconds: float, now_ns: int = 10**12) -> int:
    """Let messages come every 10 ms, each `late_ns` after its stamp; returns the time."""
    for _ in range(int(seconds * 100)):
        now_ns += 10 * MS
        delays.note(HAND, now_ns - late_ns, now_ns)
    return now_ns


def test_a_steady_delay_is_no_age_and_a_stall_is() -> None:
    delays = Delays()
    now = heard(delays, 20 * MS, 2.0)
    assert delays.of(HAND) == 20 * MS
    delays.note(HAND, now - 75 * MS, now)
    age_ms = (now - delays.shift(HAND, now - 75 * MS, 0)) / MS
    assert age_ms == 55.0


def test_a_queue_that_arrives_first_gets_nothing() -> None:
    delays = Delays()
    for number in range(50):
        delays.note(HAND, 10**12 - (50 - number) * 10 * MS, 10**12)
    assert delays.of(HAND) == 0


def test_no_link_gets_back_more_than_the_most() -> None:
    delays = Delays()
    heard(delays, 400 * MS, 2.0)
    assert delays.of(HAND) == MOST_NS


def test_what_a_faster_second_showed_is_forgotten_after_the_window() -> None:
    delays = Delays()
    now = heard(delays, 1 * MS, 1.0)
    now = heard(delays, 20 * MS, (BUCKETS - 2) * BUCKET_NS * 1e-9, now)
    assert delays.of(HAND) == 1 * MS
    heard(delays, 20 * MS, 4.0, now)
    assert delays.of(HAND) == 20 * MS


def test_a_peer_that_was_silent_begins_anew() -> None:
    delays = Delays()
    now = heard(delays, 20 * MS, 2.0) + (BUCKETS + 1) * BUCKET_NS
    delays.note(HAND, now - 20 * MS, now)
    assert delays.of(HAND) == 0


def test_stamps_of_before_the_lease_stay_what_they_are() -> None:
    delays = Delays()
    now = heard(delays, 20 * MS, 2.0)
    lease = now - 5 * MS
    assert delays.shift(HAND, lease - 1, lease) == lease - 1
    assert delays.shift(HAND, lease, lease) == lease + 20 * MS


def test_many_connections_cost_no_memory() -> None:
    delays = Delays()
    for number in range(10_000):
        delays.note(number.to_bytes(4, "big"), 0, number)
    assert len(vars(delays)["_peers"]) == MOST_PEERS


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=30), st.integers(0, 60 * MS))
@settings(max_examples=200, deadline=None)
def test_forged_stamps_of_the_past_never_make_a_late_message_younger(stamps: list[int], late_ns: int) -> None:
    delays = Delays()
    now = heard(delays, 2 * MS, 2.0)
    honest = delays.of(HAND)
    for stamp in stamps:
        delays.note(HAND, stamp, now)
    assert -AHEAD_NS <= delays.of(HAND) <= honest
    assert now - delays.shift(HAND, now - late_ns, 0) >= late_ns - honest
