"""What the statistics draw: every bar counts what its own search finds."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.episodes import EpisodeRow
from app.quality.charts import MOST_BARS, Bar, histogram, outcome_bars, round_step, spread_text, word_bars
from app.quality.limits import MEASURES
from app.review.search import parse

NAMES = sorted(MEASURES)
WORDS = st.sampled_from(["ada", "ben lo", "x-1", "not", "a:b", "or", "7"])


def found_by(bar: Bar, rows: list[EpisodeRow]) -> int:
    query = parse(bar.query, NAMES)
    return sum(query.matches(row) for row in rows)


@settings(deadline=None)
@given(
    st.sampled_from(NAMES),
    st.lists(st.floats(-3, 40).map(lambda value: round(value, 3)), min_size=1, max_size=30),
)
def test_every_bin_is_found_by_its_search(name: str, values: list[float]) -> None:
    rows = [EpisodeRow(f"u{number}", measures={name: value}) for number, value in enumerate(values)]
    found = histogram(name, np.array([*values, np.nan]))
    assert found.unknown == 1
    assert sum(bar.count for bar in found.bars) == len(values)
    assert [found_by(bar, rows) for bar in found.bars] == [bar.count for bar in found.bars]
    assert len(found.bars) <= 12


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["success", "failure", "discarded"]), WORDS, WORDS), min_size=1, max_size=20
    )
)
def test_every_word_is_found_by_its_search(said: list[tuple[str, str, str]]) -> None:
    rows = [
        EpisodeRow(f"u{n}", outcome=outcome, operator=operator, condition=condition)
        for n, (outcome, operator, condition) in enumerate(said)
    ]
    people = word_bars("operator", [row.operator for row in rows])
    outcomes = outcome_bars([row.outcome for row in rows], [row.condition for row in rows])
    for bars in (people, outcomes):
        assert sum(bar.count for bar in bars) == len(rows)
        assert all(found_by(bar, rows) >= bar.count for bar in bars)


def test_days_are_found_and_many_words_share_a_bar() -> None:
    days = [f"2026-11-{day:02d}" for day in range(1, 21)]
    rows = [EpisodeRow(day, created=f"{day}T10:00:00+00:00") for day in days]
    bars = word_bars("date", days, by_count=False)
    assert (bars[0].label, bars[0].count, bars[0].query) == ("before", 20 - MOST_BARS, "")
    assert [bar.label for bar in bars[1:]] == days[-MOST_BARS:]
    assert [found_by(bar, rows) for bar in bars[1:]] == [1] * MOST_BARS


def test_an_empty_set_and_round_edges() -> None:
    assert histogram("peak_n", np.array([np.nan])).bars == ()
    assert [round_step(step) for step in (0.11, 0.2, 3.0, 7.0, 1.0)] == [0.2, 0.2, 5.0, 10.0, 1.0]


def test_the_spread_of_positions_in_words() -> None:
    few = np.array([0.1, 0.2])
    assert "are needed" in spread_text(few, few)
    same = np.full(5, 0.3)
    assert "no variety" in spread_text(same, same)
    x, y = np.array([0.0, 0.1, 0.0, 0.1]), np.array([0.0, 0.0, 0.05, 0.05])
    assert spread_text(x, y).startswith("100 × 50 mm; 4 of ")


def test_a_value_on_an_edge_is_found_once() -> None:
    values = np.arange(21) / 10.0  # 0.3 is not 3 · 0.1
    rows = [
        EpisodeRow(f"u{number}", measures={"peak_n": float(value)}) for number, value in enumerate(values)
    ]
    bars = histogram("peak_n", values).bars
    assert [found_by(bar, rows) for bar in bars] == [bar.count for bar in bars]
    assert sum(bar.count for bar in bars) == len(rows)
