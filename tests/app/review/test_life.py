"""The reader's commands about parts, bulk changes and the trash, without a socket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.core.errors import EpisodeError
from app.exchange.exporting import why_not
from app.review.answers import Answers
from app.review.arrays import unpack
from recorders.exchange.gridding import grid_of
from recorders.library import list_episodes
from recorders.parts import SHORTEST_NS
from recorders.reader import EpisodeFile
from tests.recorders.takes import make_episode


@pytest.fixture
def answers(tmp_path: Path) -> Any:
    made = Answers(tmp_path)
    yield made
    made.close()


def test_a_part_is_asked_about_by_its_own_uuid(tmp_path: Path, answers: Answers) -> None:
    path = make_episode(tmp_path, 2000)
    (whole,) = list_episodes(tmp_path)
    middle = whole.start_ns + 3 * SHORTEST_NS
    told = answers.answer("split", {"episode": whole.uuid, "t_ns": middle})
    one, two = (part["uuid"] for part in told["parts"])
    about = answers.answer("describe", {"episode": two})
    assert (about["start_ns"], about["end_ns"]) == (middle, whole.end_ns)
    assert answers.answer("describe", {"episode": one})["end_ns"] == middle
    assert answers.answer("describe", {"episode": whole.uuid})["end_ns"] == whole.end_ns
    times = unpack(answers.answer("times", {"episode": two, "topic": "scene/color"})["t_ns"])
    with EpisodeFile(path) as file:
        assert list(times) == list(file.times_ns("scene/color"))  # a picture keeps its number
        index = int(abs(times - (middle + whole.end_ns) // 2).argmin())
        shown = answers.answer("frame", {"episode": two, "topic": "scene/color", "t_ns": int(times[index])})
        assert shown["jpeg"] == file.picture("scene/color", index)
        grid = grid_of(file, list_episodes(tmp_path)[1], 50.0)
    assert grid[0] >= middle
    assert grid[-1] <= whole.end_ns
    undone = answers.answer("undo", {"episode": two})
    assert (undone["episode"], undone["can_redo"], undone["moved"]) == (whole.uuid, True, [whole.uuid])
    with pytest.raises(EpisodeError, match="it is not in"):
        answers.answer("describe", {"episode": two})


def test_rejecting_trashing_and_restoring(tmp_path: Path, answers: Answers) -> None:
    uuids = [make_episode(tmp_path, 20).stem for _ in range(3)]
    args = type("Args", (), {"outcome": "success", "with_damaged": False})

    def reasons() -> list[str]:
        rows = {row.uuid: row for row in list_episodes(tmp_path)}
        return [why_not(rows[uuid], args) for uuid in uuids]  # type: ignore[arg-type]

    assert [*answers.answer("reject", {"episodes": uuids[:1]})["changed"]] == uuids[:1]
    answers.answer("trash", {"episodes": uuids[1:]})
    assert reasons() == ["it was rejected", "it lies in the trash", "it lies in the trash"]
    assert [*answers.answer("restore", {"episodes": uuids[2:]})["changed"]] == uuids[2:]
    assert reasons() == ["it was rejected", "it lies in the trash", ""]
    assert set(answers.answer("purge", {"episodes": uuids})["kept"]) == {uuids[0], uuids[2]}
    assert [*answers.answer("restore", {"episodes": uuids[:1], "reject": True})["changed"]] == uuids[:1]
    assert {row.uuid for row in list_episodes(tmp_path)} == {uuids[0], uuids[2]}


def test_many_are_changed_with_a_reason_for_each_that_fails(tmp_path: Path, answers: Answers) -> None:
    uuids = [make_episode(tmp_path, 20).stem for _ in range(2)]
    told = answers.answer(
        "change_many", {"episodes": [*uuids, "../x"], "change": {"outcome": "failure"}, "add_tags": ["wet"]}
    )
    assert [*told["changed"]] == uuids
    assert "no name of an episode" in told["failed"]["../x"]
    assert [(row.outcome, row.tags) for row in list_episodes(tmp_path)] == [("failure", ("wet",))] * 2
    assert set(answers.answer("undo_many", {"episodes": uuids[:1]})["moved"]) == set(uuids)
    redone = answers.answer("redo_many", {"episodes": uuids})
    assert (set(redone["moved"]), set(redone["failed"])) == (set(uuids), {"../x"})
    for wrong in (
        {"episodes": uuids, "paint": 1}, {"episodes": "abc"}, {"episodes": [1]}, {"episodes": uuids, "add_tags": 3},
    ):  # fmt: skip
        with pytest.raises(EpisodeError):
            answers.answer("change_many", wrong)
