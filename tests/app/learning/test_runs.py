"""Runs as the window lists them, without torch."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.learning.runs import list_runs, name_problem, read_losses, read_run
from tests.app.learning.runs_on_disk import write_run


def test_it_tells_how_far_each_run_came(tmp_path: Path) -> None:
    write_run(tmp_path / "done", finished=True, stage="planner", step=60)
    write_run(tmp_path / "half", stage="planner", step=10)
    write_run(tmp_path / "begun", stage="tokenizer", step=10)
    (tmp_path / "no run").mkdir()
    rows = {row.name: row for row in list_runs(tmp_path)}
    assert set(rows) == {"done", "half", "begun"}
    assert (rows["done"].step, rows["done"].state, rows["done"].resumable) == (100, "finished", False)
    assert (rows["half"].state, rows["half"].resumable) == ("stopped at 50 of 100", True)
    assert rows["begun"].step == 10
    assert (rows["done"].rig, rows["done"].seed, rows["done"].episodes) == ("sim/wipe", 3, 1)


def test_broken_runs_say_what_is_wrong(tmp_path: Path) -> None:
    write_run(tmp_path / "old", schema_version=99)
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "config.json").write_text("{")
    (tmp_path / "early").mkdir()
    (tmp_path / "early" / "losses.csv").write_text("stage,step,loss,val_loss,lr,seconds\n")
    rows = {row.name: row.problem for row in list_runs(tmp_path)}
    assert rows["old"] == "schema version 99 is not known here"
    assert "cannot be read" in rows["cut"]
    assert rows["early"] == "it ended before its first checkpoint"
    assert not read_run(tmp_path / "early").resumable


def test_losses_leave_out_a_line_that_is_being_written(tmp_path: Path) -> None:
    (tmp_path / "losses.csv").write_text(
        "stage,step,loss,val_loss,lr,seconds\ntokenizer,10,0.5,nan,0.001,1.0\ntokenizer,20,0.4,0.45,0.001,2.0\nplanner,1"
    )
    rows = read_losses(tmp_path)
    assert [(row.stage, row.step, row.loss, row.val_loss) for row in rows] == [
        ("tokenizer", 10, 0.5, None), ("tokenizer", 20, 0.4, 0.45)
    ]  # fmt: skip
    assert read_losses(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    ("name", "part"),
    [("", "needs a name"), ("a/b", "cannot"), ("..", "cannot"), (" a", "cannot"), ("taken", "already")],
)
def test_names_that_cannot_be(tmp_path: Path, name: str, part: str) -> None:
    write_run(tmp_path / "taken")
    assert part in name_problem(tmp_path, name)
    assert name_problem(tmp_path, "free") == ""
