"""Train with real demonstrations and the real trainer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QItemSelectionModel
from pytestqt.qtbot import QtBot

from app.learning.config import PlannerConfig, RdpConfig
from app.learning.keeping import KeepConfig
from app.learning.runs import LossRow, list_runs, read_losses
from tests.app.learning.runs_on_disk import write_run
from widgets.parts.progress_line import ProgressLine, duration
from widgets.session import Session
from widgets.theme.tokens import Theme
from widgets.train.curves import LossCurves
from widgets.train.more import MoreSettings, put
from widgets.train.page import TrainPage
from widgets.train.run_curves import RunCurves

LONG_MS = 120_000
Open = Callable[..., Session]


def open_train(qtbot: QtBot, open_window: Open) -> TrainPage:
    session = open_window()
    session.window.open_page(3)
    page = session.window.page
    assert isinstance(page, TrainPage)
    qtbot.waitUntil(lambda: None not in page.settings.usable.values(), timeout=LONG_MS)
    return page


def last_step(page: TrainPage) -> int:
    steps = page.curves.runs[0].train("tokenizer")[0]
    return int(steps[-1]) if len(steps) else 0


def test_without_data_it_refuses_and_says_why(qtbot: QtBot, open_window: Open) -> None:
    page = open_train(qtbot, open_window)
    assert not page.start.isEnabled()
    assert "record demonstrations in Collect" in page.start.toolTip()
    for box in page.settings.boxes.values():
        box.setChecked(False)
    assert page.start.toolTip() == "Choose at least one folder of episodes."
    assert page.resume.toolTip() == "Select one run that was stopped."
    assert page.stop.toolTip() == "Nothing is training."


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_it_draws_the_progress_and_stops_softly_and_resumes(
    qtbot: QtBot, open_window: Open, demonstrations: Path
) -> None:
    page = open_train(qtbot, open_window)
    assert page.settings.total.text().startswith("2 episodes to learn from")
    page.settings.name.setText("first")
    page.settings.steps.setValue(2000)
    page.start.click()
    run = page.context.project.runs / "first"
    qtbot.waitUntil(lambda: len(page.curves.runs[0].train("tokenizer")[0]) >= 3, timeout=LONG_MS)
    drawn = dict(zip(*(values.tolist() for values in page.curves.runs[0].train("tokenizer")), strict=True))
    x, y = page.curves._lines[0, "tokenizer", "train"].getOriginalDataset()
    assert dict(zip(x.tolist(), y.tolist(), strict=True)) == pytest.approx(drawn)
    assert "of 2000" in page.progress.text()
    assert "left" in page.progress.text()
    on_disk = {row.step: row.loss for row in read_losses(run)}
    assert all(on_disk[step] == pytest.approx(loss, rel=1e-6) for step, loss in drawn.items())

    page.stop.click()
    assert page.stop.toolTip() == "It ends after this step."
    qtbot.waitUntil(lambda: page.job is None, timeout=LONG_MS)
    assert page.progress.text().startswith("Stopped after")
    row = list_runs(page.context.project.runs)[0]
    assert row.resumable
    assert 0 < row.step < 2000
    assert page.table.texts(0)[1] == f"stopped at {row.step} of 2000"

    page.resume.click()
    qtbot.waitUntil(lambda: last_step(page) > row.step, timeout=LONG_MS)
    steps = page.curves.runs[0].train("tokenizer")[0].tolist()
    assert steps == sorted(set(steps))
    assert steps[0] <= min(drawn)
    page.cancel.click()
    qtbot.waitUntil(lambda: page.job is None, timeout=LONG_MS)
    assert list_runs(page.context.project.runs)[0].resumable


def test_two_runs_are_drawn_side_by_side(qtbot: QtBot, open_window: Open, tmp_path: Path) -> None:
    for name, loss in (("a", 0.5), ("b", 0.25)):
        folder = write_run(tmp_path / "project" / "runs" / name, finished=True, stage="planner", step=60)
        lines = [
            f"{stage},{step},{loss},nan,0.001,1.0" for stage in ("tokenizer", "planner") for step in (10, 20)
        ]
        (folder / "losses.csv").write_text("\n".join(["stage,step,loss,val_loss,lr,seconds", *lines]))
    page = open_train(qtbot, open_window)
    assert page.table.rowCount() == 2
    flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
    for row in range(2):
        page.table.selectionModel().select(page.table.model().index(row, 0), flags)
    assert {run.name for run in page.curves.runs} == {"a", "b"}
    heights = [page.curves._lines[number, "planner", "train"].getOriginalDataset()[1] for number in range(2)]
    assert sorted(float(values[0]) for values in heights) == [0.25, 0.5]
    assert page.resume.toolTip() == "Select one run that was stopped."
    page.table.choose(page.table.rows[0].path)
    page.table.chosen.emit()
    assert page.resume.toolTip() == "This run is finished: there is nothing to resume."


def test_a_setting_of_the_form_becomes_a_word_of_the_trainer_and_a_run_is_taken_over(
    qtbot: QtBot, open_window: Open, demonstrations: Path, tmp_path: Path
) -> None:
    keep = KeepConfig(best="loss", patience=5)
    settings = RdpConfig(planner=PlannerConfig(blocks=2))
    write_run(tmp_path / "project" / "runs" / "made", finished=True, seed=9, keep=keep, rdp=settings)
    page = open_train(qtbot, open_window)
    assert not page.settings.patience.isEnabled()
    form = MoreSettings(page.context, "rdp", "RDP", {}, page)
    assert form.changes() == {}
    put(form.editors["planner.width"], "96")
    put(form.editors["touch.field"], "false")
    put(form.editors["optimiser.clip"], "much")
    assert form.changes() == {"planner.width": "96", "touch.field": "false"}
    assert not form.editors["grid.chunk"].isVisibleTo(form)
    form.folds["grid"].click()
    assert form.editors["grid.chunk"].isVisibleTo(form)
    form.deleteLater()

    page.table.choose(page.table.rows[0].path)
    page.table.chosen.emit()
    page.again.click()
    words = page.settings.words()
    for name, value in (("--steps", "100"), ("--seed", "9"), ("--best", "loss"), ("--patience", "5")):
        assert words[words.index(name) + 1] == value
    assert words[-2:] == ["--set", "planner.blocks=2"]
    assert page.settings.more.text() == "All settings … (1 changed)"
    assert page.settings.patience.isEnabled()
    assert page.settings.told.text().startswith("As made.")


def test_a_name_that_is_taken_is_refused(
    qtbot: QtBot, open_window: Open, demonstrations: Path, tmp_path: Path
) -> None:
    write_run(tmp_path / "project" / "runs" / "taken")
    page = open_train(qtbot, open_window)
    page.settings.name.setText("taken")
    assert not page.start.isEnabled()
    assert page.start.toolTip() == "There is a run 'taken' already: choose another name, or resume it."
    page.settings.name.setText("fresh")
    assert page.start.isEnabled()


def test_curves_drop_what_a_resume_does_again(qtbot: QtBot) -> None:
    run = RunCurves("r")
    for step in (10, 20, 30, 20):
        run.add(LossRow("planner", step, 1.0 / step, None))
    assert run.train("planner")[0].tolist() == [10, 20]
    for step, value in ((30, 0.5), (40, 0.5), (50, 0.4)):
        run.add(LossRow("planner", step, 0.1, value))
    assert run.validation("planner")[0].tolist() == [30, 50]


def test_one_run_has_the_colours_of_the_signals(qtbot: QtBot) -> None:
    theme = Theme.load("dark")
    curves = LossCurves(theme)
    qtbot.addWidget(curves)
    run = RunCurves("r")
    run.add(LossRow("planner", 10, 0.5, 0.7))
    assert run.newest() == (0.5, 0.7)
    curves.show_runs([run])
    line = curves._lines[0, "planner", "train"]
    assert line.opts["pen"].color() == theme.signal("train.loss")
    assert curves.legend.values() == ["0.5000", "0.7000"]
    assert np.isclose(line.getData()[1][0], np.log10(0.5))


def test_time_left_is_told_from_the_pace(qtbot: QtBot) -> None:
    times = [0.0]
    line = ProgressLine(Theme.load("dark"), now=lambda: times[0])
    qtbot.addWidget(line)
    line.begin("Starting")
    times[0] = 20.0
    line.advance(2, 10, "2 of 10")
    assert line.text() == "2 of 10 about 80 s left"
    line.advance(10, 10, "10 of 10")
    assert line.text() == "10 of 10"
    assert [duration(seconds) for seconds in (0.2, 40, 200, 8000)] == [
        "a moment",
        "40 s",
        "3 min",
        "2 h 13 min",
    ]
