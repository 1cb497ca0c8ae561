"""Train with real demonstrations and the real trainer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from pytestqt.qtbot import QtBot

from app.learning.choosing import DataChoice, DataReport
from app.learning.comparing import ComparedChunk, Comparison, write_comparison
from app.learning.config import PlannerConfig, RdpConfig
from app.learning.keeping import KeepConfig
from app.learning.runs import LossRow, list_runs, read_losses
from tests.app.learning.runs_on_disk import SOURCE, write_run
from widgets.parts.plot import CountAxis, short_count
from widgets.parts.progress_line import ProgressLine, duration
from widgets.session import Session
from widgets.theme.tokens import Theme
from widgets.train.curves import LossCurves
from widgets.train.data_dialog import DataDialog
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


def test_a_ticked_run_stays_in_the_plot_and_actions_are_drawn(
    qtbot: QtBot, open_window: Open, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        folder = write_run(tmp_path / "project" / "runs" / name, finished=True, stage="planner", step=60)
        lines = [f"planner,{step},0.5,0.6,0.001,1.0" for step in (10, 20)]
        (folder / "losses.csv").write_text("\n".join(["stage,step,loss,val_loss,lr,seconds", *lines]) + "\n")
    for step, off in ((10, 0.004), (20, 0.001)):
        chunk = ComparedChunk(0, ((0.001, 0.0),) * 5, ((0.001 + off, 0.0),) * 5)
        made = Comparison(
            "planner", step, "u", True, ("dx", "over"), 20_000_000, (off * 1e3, None), (chunk,) * 2
        )
        write_comparison(folder, made)
    page = open_train(qtbot, open_window)
    rows = [run.name for run in page.table.rows]
    page.table.choose(page.table.rows[rows.index("b")].path)
    page.table.chosen.emit()
    assert [run.name for run in page.curves.runs] == ["b"]
    cell = page.table.item(rows.index("a"), 0)
    assert cell is not None
    cell.setCheckState(Qt.CheckState.Checked)
    assert {run.name for run in page.curves.runs} == {"a", "b"}
    colours = [page.curves.colours_of(run)[0].name() for run in page.curves.runs]
    assert len(set(colours)) == 2
    page.table.clearSelection()
    assert [run.name for run in page.curves.runs] == ["a"]
    cell.setCheckState(Qt.CheckState.Unchecked)
    assert page.curves.runs == []

    page.table.selectRow(rows.index("b"))
    page.compare.click()
    view = page.comparison
    assert view.isVisible()
    assert page.heading.text() == "Actions · b"
    assert view.entries == [("planner", 10), ("planner", 20)]
    assert view.caption.text() == "Planner, step 20 · held-out episode · never varying: over"
    (drawn,) = [dimension for dimension in view.dimensions if not dimension.isHidden()]
    assert drawn.title.text() == "dx [mm] · off by 1.00 σ"
    x, y = drawn.predicted.getOriginalDataset()
    assert np.nanmax(y) == pytest.approx(2.0)
    assert np.isnan(y).sum() == 2
    assert np.nanmax(x) == pytest.approx(0.08)
    view.slider.setValue(0)
    assert np.nanmax(drawn.predicted.getOriginalDataset()[1]) == pytest.approx(5.0)


def test_a_short_curve_beside_a_long_one_is_drawn_and_the_long_one_is_thinned(qtbot: QtBot) -> None:
    curves = LossCurves(Theme.load("dark"))
    qtbot.addWidget(curves)
    curves.resize(700, 300)
    curves.show()
    steps = np.arange(1.0, 50_001) * 10
    losses = 1.0 / np.sqrt(steps)
    long = RunCurves("long", "flow", {"planner": np.column_stack([steps, losses, np.full(50_000, np.nan)])})
    short = RunCurves("short", "flow", {"planner": np.array([[10, 5.0, np.nan], [20, 4.0, 6.0]])})
    curves.show_runs([long])
    qtbot.waitUntil(lambda: curves.plots["planner"].viewRange()[0][1] > 400_000)
    curves.show_runs([long, short])
    qtbot.waitUntil(lambda: curves.plots["planner"].viewRange()[1][1] > np.log10(4.9))
    assert len(curves._lines[1, "planner", "train"].getData()[0]) == 2
    assert curves._lines[1, "planner", "valid"].getData()[0].tolist() == [20.0]
    assert 100 < len(curves._lines[0, "planner", "smooth"].getData()[0]) < 10_000
    assert curves._lines[0, "planner", "train"].opts["symbol"] is None
    _, y = curves._lines[0, "planner", "smooth"].getOriginalDataset()
    assert y[25_000] == pytest.approx(losses[25_000], rel=1e-3)
    assert not curves.plots["tokenizer"].isVisible()
    assert curves.legend.values() == [f"{losses[-1]:.4f}", "6.0000", "", ""]


def test_cameras_and_the_choice_of_data_become_words_of_the_trainer(
    qtbot: QtBot, open_window: Open, demonstrations: Path
) -> None:
    page = open_train(qtbot, open_window)
    settings = page.settings
    scores = sorted(item.score or 0.0 for item in settings.data.kept)
    assert set(settings.inputs.cameras) >= {"scene", "wrist"}
    settings.inputs.cameras["wrist"].setChecked(True)
    settings.inputs.size.setValue(96)
    words = settings.words()
    assert [words[at + 1] for at, word in enumerate(words) if word == "--set"] == [
        "cameras.names=wrist", "cameras.size=96"
    ]  # fmt: skip
    settings.policy.setCurrentIndex(settings.policy.findData("flow"))
    assert settings.inputs.ticked() == ["wrist"]

    settings.data.choose.click()
    dialog = settings.findChild(DataDialog)
    assert isinstance(dialog, DataDialog)
    shown = [dialog.model.index(row, 5).data() for row in range(dialog.model.rowCount())]
    assert shown.count("yes") == 2
    assert sum(settings.data.report.unusable.values()) == len(shown) - 2
    dialog.score.setValue(dialog.score.maximum())
    dialog.rate.setCurrentIndex(dialog.rate.findData(40_000_000))
    assert "48 ticks lasts 1.92 s" in dialog.resampled.text()
    dialog.accept()
    words = settings.words()
    assert words[words.index("--least-score") + 1] == f"{max(1.0, scores[-1]):g}"
    assert "grid.period_ns=40000000" in words
    expected = sum(score >= max(1.0, scores[-1]) for score in scores)
    assert len(settings.data.kept) == expected
    assert len(settings.data.report.left_out) == 2 - expected
    if not expected:
        assert "All kept successes are left out" in page.start.toolTip()


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
    file = tmp_path / "project" / "rollouts" / "episodes" / "u.h5"
    learned = (msgspec.structs.replace(SOURCE, file=str(file.resolve())),)
    data = DataReport(DataChoice(("gap",), 0.25))
    write_run(
        tmp_path / "project" / "runs" / "made", finished=True, seed=9, keep=keep, rdp=settings, data=data,
        episodes=learned,
    )  # fmt: skip
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
    assert page.settings.data.chosen() == ["Rollouts"]
    assert words[:4] == ["--without", "gap", "--least-score", "0.25"]
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


def test_numbers_of_steps_are_short_and_have_room(qtbot: QtBot) -> None:
    assert [short_count(value) for value in (0, 500, 20_000, 1_500_000)] == ["0", "500", "20k", "1.5M"]
    axis = CountAxis("bottom")
    axis.setRange(0, 300_000)
    values = [0.0, 100_000.0, 200_000.0, 300_000.0]
    axis.resize(300, 20)
    assert axis.tickStrings(values, 1.0, 100_000.0) == ["0", "100k", "200k", "300k"]
    axis.resize(80, 20)
    assert axis.tickStrings(values, 1.0, 100_000.0) == ["0", "", "200k", ""]
