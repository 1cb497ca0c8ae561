"""Mailbox, ring and history: nothing lost unseen, everything counted."""

from __future__ import annotations

import numpy as np
import pytest

from widgets.bench.memory import rss_mb
from widgets.bridge.history import History
from widgets.bridge.mailbox import Mailbox
from widgets.bridge.ring import Ring


def times(first: int, count: int) -> np.ndarray:
    return np.arange(first, first + count, dtype=np.int64)


def column(values: np.ndarray) -> np.ndarray:
    return values.astype(float)[:, None]


def test_mailbox_keeps_the_newest_and_counts_what_was_overwritten() -> None:
    box: Mailbox[int] = Mailbox()
    for value in range(5):
        box.put("scene", value)
    assert box.take_all() == {"scene": 4}
    assert box.take_all() == {}
    assert box.count("scene").put == 5
    assert box.count("scene").replaced == 4


def test_ring_returns_every_sample_in_order_across_its_end() -> None:
    ring = Ring(1, capacity=10)
    seen: list[int] = []
    for start in range(0, 40, 4):
        ring.push(times(start, 4), column(times(start, 4)))
        if start % 8 == 4:
            drained, data = ring.drain()
            assert (data[:, 0] == drained).all()
            seen += drained.tolist()
    assert seen == list(range(40))
    assert ring.overflow == 0


def test_ring_drops_the_oldest_and_counts_them() -> None:
    ring = Ring(1, capacity=10)
    ring.push(times(0, 7), column(times(0, 7)))
    ring.push(times(7, 7), column(times(7, 7)))
    ring.push(times(14, 25), column(times(14, 25)))
    drained, _ = ring.drain()
    assert drained.tolist() == list(range(29, 39))
    assert ring.overflow == 29


def test_history_keeps_what_it_promises_and_stays_contiguous() -> None:
    history = History(1, keep=100)
    for start in range(0, 1000, 30):
        history.append(times(start, 30), column(times(start, 30)))
    found, data = history.window(history.last_ns - 100)
    assert found.tolist() == list(range(920, 1020))
    assert data[:, 0].tolist() == found.tolist()
    assert history.total == 1020
    history.append(times(5000, 500), column(times(5000, 500)))
    assert history.last_ns == 5499
    assert len(history.window(0)[0]) <= 200


@pytest.mark.skipif(rss_mb() == 0.0, reason="resident memory is read from Linux")
def test_a_history_takes_all_its_memory_at_once() -> None:
    before = rss_mb()
    history = History(7, keep=400_000)
    made = rss_mb()
    for start in range(0, 800_000, 100_000):
        history.append(times(start, 100_000), np.zeros((100_000, 7)))
    assert made - before > 30.0, "800,000 rows of 64 bytes are there from the start"
    assert rss_mb() - made < 20.0, "filling it adds none (but for what the test itself appends)"
