"""What the reader answers while somebody scrubs, and about phases: on real files, without a process between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.core.errors import EpisodeError
from app.review.answers import Answers
from app.review.arrays import unpack
from app.review.phase_settings import read_thresholds, write_thresholds
from recorders.history import step_labels
from recorders.labels import read_labels
from recorders.reader import EpisodeFile
from tests.recorders.fake_device import PERIOD_NS, make_jpeg
from tests.recorders.takes import make_episode


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("moments")
    make_episode(folder, 100)
    return folder


@pytest.fixture
def answers(folder: Path) -> Iterator[Answers]:
    answers = Answers(folder)
    yield answers
    answers.close()


@pytest.fixture
def uuid(folder: Path) -> str:
    return next((folder / "episodes").iterdir()).stem


def test_frames_are_the_pictures_of_these_numbers(answers: Answers, uuid: str) -> None:
    found = answers.answer("frames", {"episode": uuid, "topic": "scene/color", "indices": [7, 3, 4]})
    assert found["indices"] == [7, 3, 4]
    assert found["jpegs"] == [make_jpeg(7), make_jpeg(3), make_jpeg(4)]
    with pytest.raises(EpisodeError, match="has pictures 0 to"):
        answers.answer("frames", {"episode": uuid, "topic": "scene/color", "indices": [10**6]})


def test_a_moment_holds_nothing_that_came_later(answers: Answers, folder: Path, uuid: str) -> None:
    t_ns = 50 * PERIOD_NS + 1
    arguments = {"episode": uuid, "t_ns": t_ns, "since_ns": t_ns - 10 * PERIOD_NS, "pictures_ns": []}
    found = answers.answer("moment", arguments)
    with EpisodeFile(folder / "episodes" / f"{uuid}.h5") as episode:
        for topic in ("finger/wrench", "finger/field"):
            times, data = episode.times_ns(topic), episode.data(topic)
            chosen = (times > t_ns - 10 * PERIOD_NS) & (times <= t_ns)
            np.testing.assert_array_equal(unpack(found["streams"][topic]["t_ns"]), times[chosen])
            np.testing.assert_array_equal(unpack(found["streams"][topic]["data"]), data[chosen])
        applied = unpack(found["streams"]["arm/applied"]["t_ns"])
        assert list(applied) == [episode.times_ns("arm/applied")[episode.times_ns("arm/applied") <= t_ns][-1]]
    assert "scene/color" not in found["streams"]


def test_before_the_first_sample_a_moment_is_empty(answers: Answers, uuid: str) -> None:
    found = answers.answer("moment", {"episode": uuid, "t_ns": 0, "since_ns": -10})
    assert all(len(unpack(each["t_ns"])) == 0 for each in found["streams"].values())


def test_unknown_and_impossible_thresholds_are_named(answers: Answers, uuid: str) -> None:
    with pytest.raises(EpisodeError, match="'strength' is none"):
        answers.answer("phases", {"episode": uuid, "thresholds": {"strength": 1.0}})
    with pytest.raises(EpisodeError, match="enter cannot be -1"):
        answers.answer("phases", {"episode": uuid, "thresholds": {"enter": -1.0}})
    with pytest.raises(EpisodeError, match="neither a wrench nor a touch field"):
        answers.answer("phases", {"episode": uuid, "topic": "arm/applied"})


def test_a_field_has_thresholds_in_millimetres(answers: Answers, uuid: str) -> None:
    force = answers.answer("phases", {"episode": uuid})
    touch = answers.answer("phases", {"episode": uuid, "topic": "finger/field"})
    assert (force["topic"], force["unit"], touch["unit"]) == ("finger/wrench", "N", "mm")
    assert touch["thresholds"]["enter"] < 0.1 < force["thresholds"]["enter"]


def test_marks_of_many_are_one_step(tmp_path: Path) -> None:
    for _ in range(2):
        make_episode(tmp_path, 20)
    uuids = [path.stem for path in (tmp_path / "episodes").iterdir()]
    answers = Answers(tmp_path)
    marks = {uuid: [[1, "approach"], [2, "contact"]] for uuid in uuids}
    found = answers.answer("mark_phases", {"marks": marks})
    assert sorted(found["changed"]) == sorted(uuids)
    assert found["failed"] == {}
    assert [read_labels(tmp_path, uuid).labels.phases for uuid in uuids] == [
        ((1, "approach"), (2, "contact"))
    ] * 2
    step_labels(tmp_path, uuids[0], -1)
    assert [read_labels(tmp_path, uuid).labels.phases for uuid in uuids] == [(), ()]
    answers.close()


def test_thresholds_are_remembered_for_force_and_touch_apart(tmp_path: Path) -> None:
    assert read_thresholds(tmp_path, "finger/wrench") == {}
    write_thresholds(tmp_path, "finger/wrench", {"enter": 3.0})
    write_thresholds(tmp_path, "left/field", {"enter": 0.2})
    assert read_thresholds(tmp_path, "wrist/wrench") == {"enter": 3.0}
    assert read_thresholds(tmp_path, "finger/field") == {"enter": 0.2}
    (tmp_path / "phases.json").write_text("[")
    with pytest.raises(EpisodeError, match="cannot be read"):
        read_thresholds(tmp_path, "finger/field")
