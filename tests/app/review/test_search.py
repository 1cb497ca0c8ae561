"""The search language against an independent reading of the same expression, and what it says of mistakes."""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.episodes import EpisodeRow, Flag
from app.review.search import EVERYTHING, SearchError, parse
from app.review.search_words import complete, plain_term, values_of, with_term

ANN = EpisodeRow(
    "0192-ann", task="wipe", instruction="wipe the board", outcome="success", seed=12, condition="wet",
    seconds=5.14, score=0.95, peak_force_n=12.3, operator="Ann", created="2026-11-20T10:30:00+01:00", bytes=2_000_000,
    end_ns=5_140_000_000, phases=2, phase_names=("approach", "slide"), tags=("for paper",),
    measures={"jerk": 3.5, "idle_share": 0.25, "lag_ms": 80.0},
)  # fmt: skip
BOB = EpisodeRow(
    "0193-bob", task="insert", outcome="failure", seed=3, seconds=20.0, operator="bob",
    created="2026-10-02T09:00:00+01:00", flags=(Flag("wrist/color", "stuck", 1, 2, ""),), trim_start_ns=7,
    part_of="0193-whole", rejected=True, trashed_at="2026-11-01T00:00:00+00:00",
)  # fmt: skip
ROWS = [ANN, BOB]
MEASURES = ("jerk", "idle_share", "lag_ms")


def found(text: str) -> str:
    query = parse(text, MEASURES)
    return "".join(row.uuid[5] for row in ROWS if query.matches(row))


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("", "ab"), ("wipe", "a"), ("WIPE board", "a"), ('"wipe the"', "a"), ('"the wipe"', ""), ("12", "a"),
        ("seed 12", "a"), ("1", ""), ("peak > 12 N", "a"), ("peak>12N", "a"), ("peak > 12300 mN", ""),
        ("peak >= 12300 mN", "a"), ("peak < 0.1 kN", "a"), ("not peak > 0", "b"), ("length < 10 s", "a"),
        ("length > 0.3 min", "b"), ("length:5.1", "a"), ("length:5.14", "a"), ("length:5.2", ""), ("score >= 0.9", "a"),
        ("score > 94 %", "a"), ("outcome:failure", "b"), ("outcome = Failure", "b"), ("outcome != failure", "a"),
        ("phase:slide", "a"), ("operator:ann", "a"), ("operator: bob", "b"), ("task:wipe", "a"), ("date:2026-11", "a"),
        ("date >= 2026-11-20", "a"), ("date < 2026-11", "b"), ("date > 2026-10", "a"), ("date:2026", "ab"),
        ("flag:stuck", "b"), ("flag:wrist", "b"), ("flags > 0", "b"), ("is:trimmed", "b"), ("is:flagged", "b"),
        ("is:part", "b"), ("is:rejected is:trashed", "b"), ("seed:12", "a"), ("seed <= 3", "b"),
        ('tag:"for paper"', "a"),
        ("tag:paper", "a"), ("jerk > 3", "a"), ("JERK > 3", "a"), ("idle_share > 20 %", "a"), ("lag_ms > 0.05 s", "a"),
        ("size > 1 MB", "a"), ("operator:ann or operator:bob", "ab"), ("not (task:wipe or task:insert)", ""),
        ("task:wipe and not seed:3", "a"), ("NOT not task:wipe", "a"), ("failure or seed:12 peak > 12", "ab"),
        ("(failure or seed:12) peak > 12", "a"), ("10:30", "a"), ("trim_start_ns > 5", "b"), ("seconds < 6", "a"),
    ],
)  # fmt: skip
def test_what_is_found(text: str, who: str) -> None:
    assert found(text) == who


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("peek > 3", "'peek': nothing of this name can be searched. Valid: peak"), ("peak >", "a value must follow"),
        ("peak > high", "'high' is no number. As in: peak > 12 N"), ("peak > 3 s", "peak is a force. Valid: mN, N, kN"),
        ("xyz > 3", "'xyz': nothing of this name can be searched. Valid: outcome, is, .*lag_ms"),
        ("peak > 3x", "'x' is no unit"),
        ("jerk > 3 N", "takes no unit"), ("seed > 3 s", "takes no unit"), ("outcome:", "Valid: success"),
        ("outcome:great", "Valid: success, failure, discarded"), ("is:odd", "no such state. Valid: success"),
        ("operator > ann", "Write operator:ann"), ("date:tomorrow", "no date"), ("date > 2026-13", "no date"),
        ("(wipe", "its '\\)' is missing"), ("wipe)", "no '\\('"), ("not", "must follow"), ("or wipe", "must follow"),
        ("wipe or", "must follow"), ("> 3", "a name must stand before"), ("score > 1e999", "too large"),
        ("(" * 60 + "a" + ")" * 60, "nested"), ("a " * 600, "more than 500"),
    ],
)  # fmt: skip
def test_a_mistake_is_told(text: str, words: str) -> None:
    with pytest.raises(SearchError, match=words):
        parse(text, MEASURES)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=40), st.text('():<>="not r 1.e-9 peakN', max_size=30)))
def test_no_text_ends_in_anything_but_a_query_or_a_sentence(text: str) -> None:
    with contextlib.suppress(SearchError):
        query = parse(text, MEASURES)
        assert all(isinstance(query.matches(row), bool) for row in ROWS)


Oracle = Callable[[EpisodeRow], bool]
SIGNS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def number_terms() -> st.SearchStrategy[tuple[str, Oracle]]:
    def make(sign: str, tenths: int, unit: str) -> tuple[str, Oracle]:
        scale = {"": 1.0, "s": 1.0, "ms": 1e-3, "min": 60.0}[unit]
        return f"length {sign} {tenths / 10} {unit}", lambda row: SIGNS[sign](
            row.seconds, tenths / 10 * scale
        )

    return st.builds(
        make, st.sampled_from(list(SIGNS)), st.integers(0, 400), st.sampled_from(["", "s", "ms", "min"])
    )


def expressions() -> st.SearchStrategy[tuple[str, Oracle]]:
    words = st.sampled_from(["wipe", "failure", "ann"]).map(lambda w: (w, lambda row: w in f"{row}".lower()))
    leaves: st.SearchStrategy[tuple[str, Oracle]] = number_terms() | words | st.sampled_from(
        [("outcome:success", lambda row: row.outcome == "success"), ("is:trimmed", lambda row: row.trimmed)]
    )  # fmt: skip

    def combine(inner: st.SearchStrategy[tuple[str, Oracle]]) -> st.SearchStrategy[tuple[str, Oracle]]:
        pairs = st.tuples(inner, inner)
        return st.one_of(
            inner.map(lambda e: (f"not ({e[0]})", lambda row: not e[1](row))),
            pairs.map(lambda p: (f"({p[0][0]}) ({p[1][0]})", lambda row: p[0][1](row) and p[1][1](row))),
            pairs.map(lambda p: (f"({p[0][0]}) or ({p[1][0]})", lambda row: p[0][1](row) or p[1][1](row))),
        )

    return st.recursive(leaves, combine, max_leaves=6)


@settings(max_examples=200, deadline=None)
@given(expressions(), st.integers(0, 400), st.sampled_from(["success", "failure"]), st.booleans())
def test_it_means_what_the_expression_means(
    expression: tuple[str, Oracle], tenths: int, outcome: str, trimmed: bool
) -> None:
    row = EpisodeRow(
        "u", seconds=tenths / 10, outcome=outcome, trim_end_ns=3 if trimmed else None, operator="Ann"
    )
    assert parse(expression[0]).matches(row) == expression[1](row)


def test_the_menu_replaces_its_own_condition_and_nothing_else() -> None:
    text = with_term("wipe peak > 3 N not outcome:failure", "peak", "peak > 12 N")
    assert text == "wipe not outcome:failure peak > 12 N"
    assert with_term(text, "outcome", "") == text  # behind `not` it stays
    assert with_term(text, "peak", "") == "wipe not outcome:failure"
    assert with_term("a or b", "outcome", "outcome:success") == "(a or b) outcome:success"
    assert with_term("task:wipe and seed:3", "task", "") == "seed:3"
    assert with_term("(((", "task", "task:wipe") == "task:wipe"
    query = parse("peak > 3 N task:wipe")
    term = plain_term(query, "peak")
    assert term is not None
    assert query.text[term.start : term.end] == "peak > 3 N"
    assert plain_term(query, "outcome") is None


@settings(max_examples=150, deadline=None)
@given(expressions(), st.sampled_from(["outcome", "length", "task"]))
def test_taking_out_a_condition_leaves_a_text_that_can_be_meant(
    expression: tuple[str, Oracle], name: str
) -> None:
    rest = with_term(expression[0], name, "")
    query = parse(rest)
    assert query.alternatives or plain_term(query, name) is None


def test_completions_are_names_and_values_that_occur() -> None:
    values = values_of(ROWS)
    assert complete("pe", 2, values).words == ("peak > ",)
    assert complete("wipe outc", 9, values) == complete("outc", 4, values).__class__(5, 9, ("outcome:",))
    assert set(complete("operator:", 9, values).words) == {"operator:Ann", "operator:bob"}
    assert complete("tag:pa", 6, values).words == ('tag:"for paper"',)
    assert complete("is:tr", 5, values).words == ("is:trashed", "is:trimmed")
    assert complete("date:2026-1", 11, values).words == ("date:2026-10-02", "date:2026-11-20")
    assert complete("je", 2, values, MEASURES).words == ("jerk > ",)
    assert complete("", 0, values).words == ()
    assert parse("") is EVERYTHING
