"""The workspace Train: choose data and budget, watch the loss, stop, resume, compare runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget

from app.learning.runs import LossRow, list_runs, read_choice
from widgets.bridge.jobs import Job
from widgets.context import WindowContext
from widgets.notifications.hooks import how_it_ended
from widgets.page import Page
from widgets.parts.elided import ElidedLabel
from widgets.parts.empty import Empty
from widgets.parts.key_button import KeyButton
from widgets.parts.library import Library
from widgets.parts.progress_line import ProgressLine
from widgets.parts.settings_form import side_by_side
from widgets.parts.strip import tell_strip
from widgets.parts.text import label, row
from widgets.train.comparison import ComparisonView
from widgets.train.curves import LossCurves
from widgets.train.estimating import Estimating
from widgets.train.run_curves import CurveStore, RunCurves
from widgets.train.run_table import RunTable
from widgets.train.settings import TrainSettings

TABLE_EVERY = 60  # events of the trainer: every ten seconds or so the table shows what was saved
ACTIONS_EVERY = 10


class TrainPage(Page):
    """Settings at the left; curves, progress and runs at the right."""

    title = "Train"
    icon = "train"
    key = 4
    key_help = (
        ("", "Train"),
        ("Ctrl+Return", "Start a new run"),
        ("Ctrl+.", "Stop softly: save and end; it can be resumed"),
        ("Ctrl+Shift+.", "Cancel: end at once; what was saved last stays"),
        ("R", "Resume the selected run"),
        ("D", "Take over the settings of the selected run"),
        ("Ctrl or Shift and click", "Select several runs: compare their curves"),
        ("Tick a run", "Its curves stay in the plot whatever is selected"),
        ("A", "Actions instead of losses: what the run would do beside what was recorded"),
    )

    def __init__(self, context: WindowContext) -> None:
        super().__init__(context)
        theme = context.theme
        self.library = Library.of(context)
        self.settings = TrainSettings(context, self.library)
        self.start = KeyButton("Train", "Ctrl+Return", theme, "primary", "Ctrl ↵", "Start a new run")
        self.stop = KeyButton("Stop", "Ctrl+.", theme, "", "Ctrl .", "Save and end; the run can be resumed")
        self.cancel = KeyButton(
            "Cancel",
            "Ctrl+Shift+.",
            theme,
            "",
            "Ctrl ⇧ .",
            "End at once; the checkpoint that was saved last stays",
        )
        self.resume = KeyButton(
            "Resume", "R", theme, tip="Go on with the selected run, exactly where it was stopped"
        )
        self.again = KeyButton(
            "Duplicate", "D", theme, tip="Take over the selected run's settings, to start another like it"
        )
        self.curves, self.table, self.progress = LossCurves(theme), RunTable(theme), ProgressLine(theme)
        self.comparison = ComparisonView(theme)
        self.compare = KeyButton(
            "Actions",
            "A",
            theme,
            tip="Draw what the run would do beside what was recorded, instead of losses",
        )
        self.compare.setCheckable(True)
        self.empty, self._store = Empty(theme), CurveStore()
        self.job: Job | None = None
        self.estimating = Estimating(context, self.settings, self)
        self._run, self._live = Path(), RunCurves("")
        self._soft = False
        self._told = 0
        self._build()
        self._connect()
        self._show_state()

    def _build(self) -> None:
        theme = self.context.theme
        right = QVBoxLayout()
        right.setSpacing(theme.grid())
        self.heading = ElidedLabel("Loss", "title")
        top = row(self.heading, self.compare)
        top.setStretch(0, 1)
        right.addLayout(top)
        place = QWidget()
        self._stack = QStackedLayout(place)
        self._stack.addWidget(self.curves)
        self._stack.addWidget(self.comparison)
        self._stack.addWidget(self.empty)
        right.addWidget(place, 3)
        right.addLayout(row(self.progress, self.stop, self.cancel, spacing=theme.grid(1)))
        right.addLayout(row(label("Runs", "heading"), 1, self.again, self.resume))
        right.addWidget(self.table, 2)
        side_by_side(self, self.context, self.settings.column(self.start), right)

    def _connect(self) -> None:
        self.settings.changed.connect(self._show_state)
        self.start.clicked.connect(self._on_start)
        self.stop.clicked.connect(self._on_stop)
        self.cancel.clicked.connect(self._on_cancel)
        self.resume.clicked.connect(self._on_resume)
        self.again.clicked.connect(self._on_again)
        self.settings.measure.clicked.connect(self.estimating.press)
        self.estimating.changed.connect(self._show_state)
        self.table.chosen.connect(self._on_chosen)
        self.compare.toggled.connect(self._on_chosen)
        self.library.changed.connect(lambda _folder: self.settings.refresh() if self.isVisible() else None)

    def appear(self) -> None:
        """Count the episodes and list the runs again."""
        if not self.settings.name.text():
            self.settings.suggest_name()
        self.settings.refresh()
        self._refresh_runs()

    def vanish(self) -> None:
        """Nobody waits for an estimate any more."""
        self.estimating.rest()

    def tell(self) -> None:
        """Say how things stand here."""
        self._show_state()

    def save_state(self) -> dict[str, object]:
        """Return the settings."""
        return self.settings.state()

    def restore_state(self, state: dict[str, object]) -> None:
        """Take over the settings."""
        self.settings.restore(state)

    def _refresh_runs(self, choose: bool = False) -> None:
        """List the runs again; `choose` selects the one that was started last."""
        self.table.show_runs(list_runs(self.context.project.runs), str(self._run) if self.job else "")
        if choose:
            self.table.choose(str(self._run))
        elif not self.table.selected() and self.table.rows:
            self.table.selectRow(0)
        self._draw()
        self._show_state()

    def _draw(self) -> None:
        """Draw the curves of the run that trains and of those that are selected or ticked; or one run's actions."""
        shown = self.table.shown()
        paths = [run.path for run in shown]
        curves = [
            self._live if self.job is not None and run.path == str(self._run) else
            self._store.of(Path(run.path), run.policy) for run in shown
        ]  # fmt: skip
        if self.job is not None and str(self._run) not in paths:
            curves, paths = [self._live, *curves], [str(self._run), *paths]
        self.curves.show_runs(curves)
        several = len(curves) > 1
        colours = {path: self.curves.colours_of(run)[0] for path, run in zip(paths, curves, strict=True)}
        self.table.show_colours(colours if several else {})
        self._draw_actions()
        what = "Actions" if self.compare.isChecked() else "Loss"
        named = f"{len(curves)} runs" if several else curves[0].name if curves else ""
        if self.compare.isChecked():
            named = self.comparison.run_name
        self.heading.setText(f"{what} · {named}" if named else what)

    def _draw_actions(self) -> None:
        if self.compare.isChecked():
            chosen = self.table.selected()
            one = Path(chosen[0].path) if len(chosen) == 1 else self._run if self.job is not None else None
            self.comparison.show_run(one)

    def _show_state(self) -> None:
        running = self.job is not None
        ending = self._soft or (self.job is not None and self.job.stopping)
        idle = "Nothing is training." if not running else ""
        self.start.allow("A run is training already." if running else self.settings.hindrance())
        self.stop.allow(idle or ("It ends after this step." if ending else ""))
        self.cancel.allow(
            idle or ("It is being ended." if self.job is not None and self.job.stopping else "")
        )
        self.resume.allow(self._resume_hindrance())
        self.again.allow(self._again_hindrance())
        measuring = "It is being measured." if self.estimating.job is not None else ""
        busy = "A run is training: its time is told beside it." if running else measuring
        self.settings.measure.allow(busy or self.settings.hindrance())
        self.settings.set_editable(not running)
        if self.isVisible():
            hint = (
                f"{self._run.name} learns; it goes on in every workspace."
                if running
                else "The rig is not needed."
            )
            tell_strip(self.context, "TRAINING" if running else "TRAIN", hint)
        shown = bool(self.curves.runs)
        if not shown:
            hindrance = self.settings.hindrance()
            self.empty.say(
                "No curves yet", hindrance or "Start a run: its losses are drawn here while it learns."
            )
        drawn = self.comparison if self.compare.isChecked() else self.curves
        self._stack.setCurrentWidget(drawn if shown else self.empty)

    def _resume_hindrance(self) -> str:
        if self.job is not None:
            return "A run is training already."
        chosen = self.table.selected()
        if len(chosen) != 1:
            return "Select one run that was stopped."
        if chosen[0].finished:
            return "This run is finished: there is nothing to resume."
        return f"This run cannot be resumed: {chosen[0].problem}." if chosen[0].problem else ""

    def _again_hindrance(self) -> str:
        if self.job is not None:
            return "A run is training already."
        chosen = self.table.selected()
        if len(chosen) != 1 or chosen[0].problem:
            return "Select one sound run."
        return ""

    def _on_again(self) -> None:
        chosen = self.table.selected()[0]
        self.settings.take_over(read_choice(Path(chosen.path)))
        self.settings.tell(f"As {chosen.name}. Change what is to be different, and train.")

    def _on_start(self) -> None:
        self._run = self.context.project.runs / self.settings.name.text()
        live = RunCurves(self._run.name, str(self.settings.policy.currentData()))
        self._launch(self.settings.words(), live, "Reading the episodes …")

    def _on_resume(self) -> None:
        chosen = self.table.selected()[0]
        self._run = Path(chosen.path)
        live = self._store.of(self._run, chosen.policy)
        self._launch(["--out", chosen.path, "--resume"], live, "Reading the checkpoint …")

    def _launch(self, words: list[str], curves: RunCurves, say: str) -> None:
        self._soft = False
        self.estimating.rest()
        job = self.job = self.context.jobs.start("train", *words)
        job.ready.connect(lambda _body: self._refresh_runs(choose=True))
        job.progress.connect(self._on_progress)
        job.result.connect(self._on_result)
        job.ended.connect(self._on_ended)
        self._live = curves
        self.table.clearSelection()
        self._draw()
        self.progress.begin(say)
        self._show_state()

    def _on_progress(self, body: dict[str, Any]) -> None:
        validation = body.get("val_loss")
        stage, step = str(body["stage"]), int(body.get("stage_step", body["step"]))
        row_told = LossRow(
            stage, step, float(body["loss"]), None if validation is None else float(validation)
        )
        self.curves.add_row(self._live.name, row_told)
        self._told += 1
        if self._told % TABLE_EVERY == 0:
            self._refresh_runs()
        elif self._told % ACTIONS_EVERY == 0:
            self._draw_actions()
        words = f"{stage.capitalize()} · step {body['step']} of {body['steps']}"
        self.progress.advance(int(body["step"]), int(body["steps"]), words, float(body["seconds_left"]))

    def _on_result(self, body: dict[str, Any]) -> None:
        finished = bool(body.get("finished", True))
        told = "" if body.get("loss") is None else f", loss {float(body['loss']):.4f}"
        end = f"Finished: {body['steps']} steps" if finished else f"Stopped after {body['steps']} steps"
        more = "Let it drive in Deploy (Ctrl+5)." if finished else "Resume it whenever you like (R)."
        self.progress.rest(f"{end}{told}. {more}")

    def _on_ended(self, status: int, words: str) -> None:
        if self.job is not None and self.job.result_body is None:
            self.progress.rest(
                "Cancelled."
                if self.job.stopping
                else words or f"It {how_it_ended(status)}. Resume it (R), or train anew."
            )
        self.job = None
        self._soft = False
        self.settings.suggest_name()
        self._refresh_runs(choose=True)

    def _on_stop(self) -> None:
        if self.job is not None:
            self._soft = True
            self.job.intent("stop")
            self._show_state()

    def _on_cancel(self) -> None:
        if self.job is not None:
            self.job.stop()
            self.context.jobs.hurry()
            self._show_state()

    def _on_chosen(self) -> None:
        self._draw()
        self._show_state()
