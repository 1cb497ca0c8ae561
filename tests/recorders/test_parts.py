"""Splitting and joining: labels only, every step can be undone and made again, across restarts."""

from __future__ import annotations

import hashlib
import tempfile
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.episodes import EpisodeRow
from app.core.errors import EpisodeError
from recorders.history import can_step, redo_labels, undo_labels
from recorders.labels import change_labels, kept_successes, read_labels
from recorders.library import find_episode, list_episodes
from recorders.parts import SHORTEST_NS, join_parts, split_episode
from tests.recorders.fake_device import PERIOD_NS
from tests.recorders.takes import make_episode

TICKS = 2000


def spans(folder: Path) -> list[tuple[int, int]]:
    return [(row.start_ns, row.end_ns) for row in list_episodes(folder)]


@pytest.fixture
def whole(tmp_path: Path) -> EpisodeRow:
    make_episode(tmp_path, TICKS)
    (row,) = list_episodes(tmp_path)
    assert row.end_ns - row.start_ns > 6 * SHORTEST_NS
    return row


def digest(row: EpisodeRow) -> str:
    return hashlib.sha256(Path(row.path).read_bytes()).hexdigest()


def test_parts_stand_in_place_of_the_whole_and_training_takes_them(tmp_path: Path, whole: EpisodeRow) -> None:
    before = digest(whole)
    middle = whole.start_ns + 3 * SHORTEST_NS
    marks = [[whole.start_ns + 1, "approach"], [middle - 5, "contact"], [middle + SHORTEST_NS, "slide"]]
    cut = whole.end_ns - SHORTEST_NS
    change_labels(
        tmp_path, whole.uuid, {"phases": marks, "trim_end_ns": cut, "tags": ["b", "a"], "notes": "n"}
    )
    wiping = (middle - 9, middle + 9, "wipe")
    change_labels(tmp_path, whole.uuid, {"subtasks": [wiping]})
    split_episode(tmp_path, whole.uuid, middle)
    one, two = list_episodes(tmp_path)
    assert one.part_of == two.part_of == whole.uuid
    assert len({one.uuid, two.uuid, whole.uuid}) == 3
    assert (one.span_ns, two.span_ns) == ((whole.start_ns, middle), (middle, cut))
    assert one.path == two.path == whole.path
    assert one.seconds == pytest.approx((middle - whole.start_ns) * 1e-9)
    assert (one.tags, one.notes) == (("a", "b"), "n")
    assert (one.phase_names, two.phase_names) == (("approach", "contact"), ("contact", "slide"))
    assert read_labels(tmp_path, two.uuid).labels.phases[0] == (middle, "contact")  # it went on
    assert read_labels(tmp_path, one.uuid).labels.subtasks == ((middle - 9, middle, "wipe"),)
    join_parts(tmp_path, one.uuid)
    assert read_labels(tmp_path, whole.uuid).labels.subtasks == (wiping,)
    undo_labels(tmp_path, whole.uuid)
    assert [row.uuid for row in kept_successes(tmp_path)] == [one.uuid, two.uuid]
    change_labels(tmp_path, one.uuid, {"outcome": "failure"})
    change_labels(tmp_path, two.uuid, {"rejected": True})
    assert kept_successes(tmp_path) == []
    assert digest(whole) == before


def test_undo_goes_through_the_parts_own_steps_and_then_the_split(tmp_path: Path, whole: EpisodeRow) -> None:
    split_episode(tmp_path, whole.uuid, whole.start_ns + 3 * SHORTEST_NS)
    one, two = list_episodes(tmp_path)
    change_labels(tmp_path, one.uuid, {"notes": "mine"})
    assert undo_labels(tmp_path, one.uuid).uuid == one.uuid
    assert can_step(tmp_path, read_labels(tmp_path, one.uuid), -1)
    assert undo_labels(tmp_path, one.uuid).uuid == whole.uuid
    assert list_episodes(tmp_path) == [whole]
    assert not can_step(tmp_path, read_labels(tmp_path, whole.uuid), -1)
    redo_labels(tmp_path, whole.uuid)
    assert list_episodes(tmp_path) == [one, two]
    assert redo_labels(tmp_path, one.uuid).labels.notes == "mine"


def test_joining_the_last_two_gives_the_whole_with_what_was_said(tmp_path: Path, whole: EpisodeRow) -> None:
    middle = whole.start_ns + 3 * SHORTEST_NS
    split_episode(tmp_path, whole.uuid, middle)
    one, two = list_episodes(tmp_path)
    change_labels(tmp_path, one.uuid, {"rejected": True, "tags": ["x"], "outcome": "failure"})
    change_labels(
        tmp_path, two.uuid, {"tags": ["y"], "phases": [[middle + 1, "slide"]], "outcome": "success"}
    )
    assert join_parts(tmp_path, two.uuid).uuid == whole.uuid
    (row,) = list_episodes(tmp_path)
    assert (row.uuid, row.tags, row.phase_names) == (whole.uuid, ("x", "y"), ("slide",))
    assert row.outcome == row.recorded_outcome  # they differed
    assert row.span_ns == (middle, whole.end_ns)  # what was rejected stays out
    undo_labels(tmp_path, row.uuid)
    assert [each.uuid for each in list_episodes(tmp_path)] == [one.uuid, two.uuid]


def test_what_cannot_be_is_refused(tmp_path: Path, whole: EpisodeRow) -> None:
    for t_ns in (whole.start_ns, whole.end_ns - PERIOD_NS, whole.end_ns + 10**9, -1):
        with pytest.raises(EpisodeError, match=r"0\.1 s or more from both ends"):
            split_episode(tmp_path, whole.uuid, t_ns)
    with pytest.raises(EpisodeError, match="not part of a split"):
        join_parts(tmp_path, whole.uuid)
    split_episode(tmp_path, whole.uuid, whole.start_ns + 3 * SHORTEST_NS)
    one, two = list_episodes(tmp_path)
    with pytest.raises(EpisodeError, match="it is not in"):
        split_episode(tmp_path, whole.uuid, whole.start_ns + 2 * SHORTEST_NS)
    change_labels(tmp_path, two.uuid, {"trashed_at": "2026-11-20T10:00:00+00:00"})
    with pytest.raises(EpisodeError, match="Restore it first"):
        join_parts(tmp_path, one.uuid)
    for parts in ([["a", 1, 2], ["b", 3, 4]], [["a", 2, 1]], [["a", 1, 2], ["a", 2, 3]], [["../a", 1, 2]]):
        wrong = [dict(zip(("uuid", "start_ns", "end_ns"), part, strict=True)) for part in parts]
        with pytest.raises(EpisodeError):
            change_labels(tmp_path, whole.uuid, {"parts": wrong})
    assert [row.uuid for row in list_episodes(tmp_path)] == [one.uuid, two.uuid]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["split", "join", "undo", "redo"]), st.floats(0, 1)), max_size=10))
def test_parts_always_cover_the_take_and_history_is_a_line(
    whole: EpisodeRow, steps: list[tuple[str, float]]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        target = folder / "episodes" / Path(whole.path).name
        target.parent.mkdir()
        target.hardlink_to(whole.path)
        states, at = [spans(folder)], 0
        for word, share in steps:
            rows = list_episodes(folder)
            row = rows[int(share * (len(rows) - 1))]
            sheet = read_labels(folder, row.uuid)
            if word in ("undo", "redo"):
                by = -1 if word == "undo" else 1
                assert can_step(folder, sheet, by) == (0 <= at + by < len(states))
                (undo_labels if by < 0 else redo_labels)(folder, row.uuid)
                at = min(max(at + by, 0), len(states) - 1)
            else:
                try:
                    if word == "split":
                        split_episode(
                            folder, row.uuid, row.start_ns + int((row.end_ns - row.start_ns) * share)
                        )
                    else:
                        join_parts(folder, row.uuid)
                except EpisodeError:
                    assert spans(folder) == states[at]
                    continue
                states, at = [*states[: at + 1], spans(folder)], at + 1
            now = spans(folder)
            assert now == states[at]
            assert (now[0][0], now[-1][1]) == (whole.start_ns, whole.end_ns)
            assert all(one[1] == two[0] for one, two in pairwise(now))
            assert all(find_episode(folder, each.uuid) == each for each in list_episodes(folder)[:2])
