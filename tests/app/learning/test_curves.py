"""Losses as arrays: the same as line by line, for files that are whole, being written, or odd."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from app.learning.curves import read_curves
from app.learning.runs import read_losses

HEAD = "stage,step,loss,val_loss,lr,seconds"


def write(folder: Path, *lines: str, end: str = "\r\n") -> Path:
    (folder / "losses.csv").write_text("\r\n".join([HEAD, *lines]) + end)
    return folder


def test_it_reads_what_is_read_line_by_line(tmp_path: Path) -> None:
    lines = [f"tokenizer,{step},{1 / step},nan,0.001,1.0" for step in (10, 20, 30)]
    lines += [f"planner,{step},{2 / step},{3 / step},0.001,1.0" for step in (10, 20)]
    found = read_curves(write(tmp_path, *lines))
    told = read_losses(tmp_path)
    for stage, rows in found.items():
        same = [row for row in told if row.stage == stage]
        assert rows[:, 0].tolist() == [row.step for row in same]
        assert rows[:, 1].tolist() == [row.loss for row in same]
        for value, row in zip(rows[:, 2], same, strict=True):
            assert math.isnan(value) if row.val_loss is None else value == row.val_loss
    assert set(found) == {"tokenizer", "planner"}


def test_a_line_that_is_being_written_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, "planner,10,0.5,nan,0.001,1.0", "planner,20,0.123", end="")
    assert read_curves(tmp_path)["planner"][:, 0].tolist() == [10.0]


def test_odd_files_give_what_makes_sense(tmp_path: Path) -> None:
    assert read_curves(tmp_path) == {}
    write(tmp_path, "planner,10,0.5,nan,0.001,1.0", "planner,much,0.5,nan,0.001,1.0")
    assert np.array_equal(read_curves(tmp_path)["planner"][:, :2], [[10.0, 0.5]])
    (tmp_path / "losses.csv").write_bytes(b"\xff\xfe\x00")
    assert read_curves(tmp_path) == {}
    (tmp_path / "losses.csv").write_text("a,b\n1,2\n")
    assert read_curves(tmp_path) == {}
