"""Which episodes a run learns from: the choice in the form, on the command line and in the run's provenance."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.episodes import EpisodeRow, Flag
from app.core.errors import LearningError
from app.learning.choosing import DataChoice, DataReport, LeftOut, kinds_of, sift
from app.learning.config import RunConfig
from app.learning.data.sources import choose, load_folders
from app.learning.runs import read_choice
from app.learning.settings import GridConfig
from recorders.measures import Measured, MeasureStore, QualityFlag
from tests.app.learning.contact import write_episode
from tests.app.learning.runs_on_disk import write_run

GAP = Flag("finger/wrench", "gap", 0, 1, "Samples were lost.")


def row(uuid: str, **more: object) -> EpisodeRow:
    return msgspec.structs.replace(EpisodeRow(uuid, outcome="success", score=0.9), **more)


def test_flagged_and_poor_episodes_are_left_out_with_the_reason() -> None:
    rows = [
        row("good"), row("lossy", flags=(GAP,)), row("odd", doubts=("outlier",)), row("poor", score=0.4),
        row("unscored", score=None), row("failed", outcome="failure"), row("bad", rejected=True),
        row("copy", provenance={"parent": "lossy"}), row("torn", broken="It ends too early."),
    ]  # fmt: skip
    kept, report = sift(rows, DataChoice(("gap", "outlier"), 0.5))
    assert [each.uuid for each in kept] == ["good"]
    assert {entry.uuid: entry.why for entry in report.left_out} == {
        "lossy": "flagged: gap", "odd": "flagged: outlier", "poor": "score 0.40", "unscored": "no score",
        "copy": "made from a flagged episode",
    }  # fmt: skip
    assert report.unusable == {"cannot be read": 1, "failure": 1, "rejected": 1}
    assert len(sift(rows, DataChoice())[0]) == 6


ROWS = st.builds(
    row, st.text("abc", min_size=1, max_size=3), outcome=st.sampled_from(["success", "failure"]),
    score=st.none() | st.floats(0, 1), doubts=st.sets(st.sampled_from(["gap", "idle"])).map(tuple),
)  # fmt: skip


@given(st.lists(ROWS), st.sets(st.sampled_from(["gap", "idle"])).map(tuple), st.none() | st.floats(0, 1))
def test_every_episode_has_one_fate(
    rows: list[EpisodeRow], without: tuple[str, ...], least: float | None
) -> None:
    kept, report = sift(rows, DataChoice(without, least))
    names = [each.uuid for each in kept] + [entry.uuid for entry in report.left_out]
    assert len(set(names)) == len(names)
    assert len(names) + sum(report.unusable.values()) == len({each.uuid for each in rows})
    for each in kept:
        assert not set(kinds_of(each)) & set(without)
        assert least is None or (each.score is not None and each.score >= least)


def test_it_comes_back_from_the_provenance_of_a_run(tmp_path: Path) -> None:
    choice = DataChoice(("gap",), 0.8)
    data = DataReport(choice, (LeftOut("u", "score 0.40"),), {"failure": 2})
    folder = write_run(tmp_path / "run", data=data)
    assert read_choice(folder).data == choice
    assert msgspec.json.decode((folder / "config.json").read_bytes(), type=RunConfig).data == data


def test_the_trainer_takes_the_same_and_refuses_when_nothing_is_left(tmp_path: Path) -> None:
    for seed in range(2):
        write_episode(tmp_path, seed)
    write_episode(tmp_path, 2, "failure")
    rows, report = choose([tmp_path, tmp_path], DataChoice())
    assert (len(rows), report.left_out, report.unusable) == (2, (), {"failure": 1})
    spike = QualityFlag("spike", "warning", "A spike of 9 N.", 0, 1)
    with MeasureStore(tmp_path) as store:
        store.put(Measured(rows[0].uuid, "v", {"spikes": 1.0}, flags=(spike,)), np.zeros(0, np.int64))
    kept, report = choose([tmp_path], DataChoice(("spike",)))
    assert [each.uuid for each in kept] == [rows[1].uuid]
    assert report.left_out == (LeftOut(rows[0].uuid, "flagged: spike"),)
    grid = GridConfig(chunk=24, history=2)
    assert len(load_folders([tmp_path], grid, 0)) == 2
    with pytest.raises(LearningError, match="all 2 kept successes are left out by choice"):
        load_folders([tmp_path], grid, 0, choice=DataChoice(least_score=2.0))
