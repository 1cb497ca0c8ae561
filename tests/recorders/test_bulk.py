"""Steps over many episodes, and the trash: what fails is named, one undo takes all back, nothing goes silently."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.core.errors import EpisodeError
from recorders import history
from recorders.bulk import Edit, change_many
from recorders.history import step_labels, step_many, undo_labels
from recorders.labels import change_labels, kept_successes, read_labels
from recorders.library import list_episodes
from recorders.parts import SHORTEST_NS, split_episode
from recorders.trash import due, purge
from tests.recorders.takes import make_episode

UUIDS = [f"e{number}" for number in range(4)]


def notes(folder: Path) -> list[str]:
    return [read_labels(folder, uuid).labels.notes for uuid in UUIDS]


def test_one_undo_takes_the_whole_step_back(tmp_path: Path) -> None:
    change_labels(tmp_path, "e0", {"notes": "own", "tags": ["old"]})
    done = change_many(
        tmp_path, UUIDS, Edit({"outcome": "failure"}, "both", ("new", " two  words "), ("old",))
    )
    assert (done.changed, done.same, done.failed) == (tuple(UUIDS), (), {})
    assert notes(tmp_path) == ["own; both", "both", "both", "both"]
    assert read_labels(tmp_path, "e0").labels.tags == ("new", "two words")
    step = step_labels(tmp_path, "e2", -1)
    assert set(step.moved) == set(UUIDS)
    assert notes(tmp_path) == ["own", "", "", ""]
    assert set(step_many(tmp_path, ["e1"], +1).moved) == set(UUIDS)
    assert notes(tmp_path) == ["own; both", "both", "both", "both"]


def test_what_was_changed_since_stays_and_is_told(tmp_path: Path) -> None:
    change_many(tmp_path, UUIDS[:3], Edit({"notes": "x"}))
    change_labels(tmp_path, "e1", {"notes": "later"})
    step = step_many(tmp_path, UUIDS, -1)
    assert (set(step.moved), step.stayed) == ({"e0", "e2"}, ("e1",))
    assert notes(tmp_path) == ["", "later", "", ""]
    assert undo_labels(tmp_path, "e1").labels.notes == "x"  # its own step first
    assert undo_labels(tmp_path, "e1").labels.notes == ""
    with pytest.raises(EpisodeError, match="no step over several"):
        step_many(tmp_path, UUIDS, -1)


def test_lists_of_steps_go_when_no_history_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "KEPT_GROUPS", 2)
    here = tmp_path / "labels" / "groups"
    first = change_many(tmp_path, UUIDS, Edit({"notes": "first"})).group
    gone = change_many(tmp_path, UUIDS[:2], Edit({"notes": "gone"})).group
    half = change_many(tmp_path, UUIDS[1:], Edit({"notes": "half"})).group
    step_many(tmp_path, UUIDS[1:], -1)
    step_many(tmp_path, UUIDS[:2], -1)
    change_labels(
        tmp_path, "e0", {"notes": "own"}
    )  # what was undone can be redone no more: of e0, then of e1
    change_labels(tmp_path, "e1", {"notes": "own"})
    for number in range(3):
        change_many(tmp_path, ["e0", "e1"], Edit({"notes": str(number)}))
    left = {path.stem for path in here.iterdir()}
    assert gone not in left
    assert {first, half} <= left  # e2 still has both, one to undo and one to redo
    assert set(step_labels(tmp_path, "e2", +1).moved) == {"e2", "e3"}
    assert len(left) == 5


def test_the_latest_of_several_steps_goes_first(tmp_path: Path) -> None:
    change_many(tmp_path, UUIDS[:2], Edit({"notes": "first"}))
    change_many(tmp_path, UUIDS[2:], Edit({"notes": "second"}))
    assert set(step_many(tmp_path, UUIDS, -1).moved) == {"e2", "e3"}
    assert set(step_many(tmp_path, UUIDS, -1).moved) == {"e0", "e1"}
    assert set(step_many(tmp_path, UUIDS, +1).moved) == {"e0", "e1"}


def test_one_that_fails_keeps_none_of_the_others(tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "e1.json").write_bytes(b"{")
    done = change_many(tmp_path, [*UUIDS, "../out"], Edit({"notes": "x"}))
    assert set(done.changed) == {"e0", "e2", "e3"}
    assert "e1.json" in done.failed["e1"]
    assert "no name of an episode" in done.failed["../out"]
    refused = change_many(tmp_path, UUIDS, Edit({"outcome": "great"}))
    assert (refused.group, refused.changed) == ("", ())
    assert "success, failure, discarded" in refused.failed["e0"]


def test_the_trash_is_emptied_only_of_what_lies_in_it(tmp_path: Path) -> None:
    old, new, kept, split = (make_episode(tmp_path, 1000) for _ in range(4))
    (row,) = (row for row in list_episodes(tmp_path) if row.uuid == split.stem)
    split_episode(tmp_path, row.uuid, row.start_ns + 3 * SHORTEST_NS)
    one, two = (row for row in list_episodes(tmp_path) if row.part_of)
    change_many(tmp_path, [old.stem, new.stem, one.uuid], Edit(trash=True))
    now = datetime.now(UTC)
    long_ago = (now - timedelta(days=31)).isoformat()
    change_labels(tmp_path, old.stem, {"trashed_at": long_ago})
    assert due(list_episodes(tmp_path), now, 30) == [old.stem]
    assert {row.uuid for row in kept_successes(tmp_path)} == {kept.stem, two.uuid}
    found = purge(tmp_path, [old.stem, kept.stem, one.uuid, "nobody"])
    assert found.episodes == (old.stem,)
    assert set(found.kept) == {kept.stem, one.uuid, "nobody"}
    assert "other parts" in found.kept[one.uuid]
    assert not old.exists()
    assert not (tmp_path / "labels" / f"{old.stem}.json").exists()
    assert all(path.exists() for path in (new, kept, split))
    change_many(tmp_path, [two.uuid, new.stem], Edit(trash=True))
    change_many(tmp_path, [new.stem], Edit(trash=False))
    found = purge(tmp_path, [one.uuid, two.uuid])
    assert set(found.episodes) == {one.uuid, two.uuid}
    assert found.bytes > 0
    assert {row.uuid for row in list_episodes(tmp_path)} == {new.stem, kept.stem}
    assert {path.stem for path in (tmp_path / "labels").glob("*.json")} <= {new.stem, kept.stem}
