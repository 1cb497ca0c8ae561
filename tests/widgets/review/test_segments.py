"""Phase marks and subtasks, as they are edited."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from widgets.review.segments import (
    SAME_NS,
    marked,
    moved_mark,
    stretched,
    subtask_made,
    subtask_moved,
    subtask_renamed,
    unmarked,
)

SECOND = 1_000_000_000
NAMES = st.sampled_from(["approach", "contact", "slide", "release"])


@given(st.lists(st.tuples(st.integers(0, 100), NAMES), max_size=30))
def test_marks_never_repeat_a_name_or_a_place(presses: list[tuple[int, str]]) -> None:
    marks: list[tuple[int, str]] = []
    for tenth, name in presses:
        marks = marked(marks, tenth * SECOND // 10, name)
        assert (tenth * SECOND // 10, name) in marks
    assert marks == sorted(marks)
    assert all(b[0] - a[0] > SAME_NS for a, b in pairwise(marks))
    whole = stretched(marks, 20 * SECOND)
    assert all(a[1] == b[0] for a, b in pairwise(whole))


def test_the_same_key_again_moves_the_begin_of_a_phase() -> None:
    marks = marked([(SECOND, "approach"), (2 * SECOND, "contact")], 3 * SECOND, "contact")
    assert marks == [(SECOND, "approach"), (3 * SECOND, "contact")]
    assert marked(marks, 2 * SECOND, "contact") == [(SECOND, "approach"), (2 * SECOND, "contact")]


def test_a_phase_may_come_again_later() -> None:
    marks = [(1, "approach"), (SECOND, "contact"), (2 * SECOND, "release")]
    assert marked(marks, 3 * SECOND, "contact") == [*marks, (3 * SECOND, "contact")]


def test_the_phase_at_the_playhead_goes() -> None:
    marks = [(SECOND, "approach"), (2 * SECOND, "contact")]
    assert unmarked(marks, SECOND + 5) == [(2 * SECOND, "contact")]
    assert unmarked(marks, 0) == [(2 * SECOND, "contact")]
    assert unmarked([], 5) == []
    assert moved_mark(marks, 1, 3 * SECOND) == [(SECOND, "approach"), (3 * SECOND, "contact")]


def test_a_subtask_takes_the_phase_that_it_is_written_on() -> None:
    phases = [(SECOND, 4 * SECOND, "slide")]
    made = subtask_made([], 2 * SECOND, "wipe the stain", phases, 9 * SECOND)
    assert made == [(SECOND, 4 * SECOND, "wipe the stain")]
    more = subtask_made(made, 5 * SECOND, "lift", [], 9 * SECOND)
    assert more[1] == (5 * SECOND, 6 * SECOND, "lift")
    assert subtask_made(more, 8_999_999_000, "too short", [], 9 * SECOND) == more


@given(st.lists(st.integers(0, 90), max_size=20))
def test_subtasks_never_lie_over_each_other(tenths: list[int]) -> None:
    subtasks: list[tuple[int, int, str]] = []
    for tenth in tenths:
        at = tenth * SECOND // 10
        if not any(start <= at < end for start, end, _ in subtasks):
            subtasks = subtask_made(subtasks, at, "word", [], 9 * SECOND)
    assert all(a[1] <= b[0] for a, b in pairwise(subtasks))
    assert all(start < end <= 9 * SECOND for start, end, _ in subtasks)


def test_words_and_edges_of_a_subtask_change() -> None:
    subtasks = [(0, SECOND, "reach"), (SECOND, 2 * SECOND, "press")]
    assert subtask_renamed(subtasks, 0, "come near")[0] == (0, SECOND, "come near")
    assert subtask_renamed(subtasks, 0, "") == [(SECOND, 2 * SECOND, "press")]
    assert subtask_moved(subtasks, 1, "end", 3 * SECOND)[1] == (SECOND, 3 * SECOND, "press")
