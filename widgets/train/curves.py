"""Loss over steps, logarithmic, one plot per stage. One run has the colours of the signals, several one colour each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.learning.config import STAGES
from app.learning.runs import LossRow
from widgets.parts.plot import Plot, pen
from widgets.parts.readout import Readout
from widgets.parts.text import label
from widgets.theme.tokens import Theme

RUN_COLOURS = ("orange", "sky", "green", "purple", "blue", "vermillion", "yellow")
LEAST = 1e-9
TITLES = {"tokenizer": "Tokenizer (fast decoder)", "planner": "Planner (denoiser)"}


@dataclass
class RunCurves:
    """The curves of one run: for each stage steps and losses, and the same where validation was measured."""

    name: str
    rows: dict[str, list[LossRow]] = field(default_factory=lambda: {stage: [] for stage in STAGES})

    def add(self, row: LossRow) -> None:
        """Append a row; of an unknown stage it is left out, of an old step it replaces what came later."""
        rows = self.rows.get(row.stage)
        if rows is None:
            return
        while rows and rows[-1].step >= row.step:
            rows.pop()
        rows.append(row)

    def train(self, stage: str) -> tuple[np.ndarray, np.ndarray]:
        """Return steps and training losses of a stage."""
        rows = [row for row in self.rows[stage] if row.loss > 0]
        return np.array([row.step for row in rows]), np.array([max(row.loss, LEAST) for row in rows])

    def validation(self, stage: str) -> tuple[np.ndarray, np.ndarray]:
        """Return steps and validation losses of a stage, each measurement once."""
        steps: list[int] = []
        losses: list[float] = []
        for row in self.rows[stage]:
            if row.val_loss is not None and row.val_loss > 0 and (not losses or losses[-1] != row.val_loss):
                steps.append(row.step)
                losses.append(max(row.val_loss, LEAST))
        return np.array(steps), np.array(losses)


class LossCurves(QWidget):
    """Plots of any number of runs."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.runs: list[RunCurves] = []
        self.plots = {stage: Plot(theme, "Loss", "Step", log_y=True) for stage in STAGES}
        self.legend = Readout(theme, [], width=184)
        self._curves: list[tuple[Plot, Any]] = []
        self._lines: dict[tuple[int, str, str], Any] = {}
        self._build()
        self.show_runs([])

    def _build(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(self._theme.grid())
        for stage, plot in self.plots.items():
            column = QVBoxLayout()
            column.setSpacing(self._theme.grid(0.5))
            plot.getAxis("bottom").setStyle(maxTextLevel=0)  # numbers of steps are wide
            column.addWidget(label(TITLES[stage], "small"))
            column.addWidget(plot, 1)
            layout.addLayout(column, 1)
        layout.addWidget(self.legend, 0, Qt.AlignmentFlag.AlignTop)

    def show_runs(self, runs: list[RunCurves]) -> None:
        """Draw these runs and no others."""
        self.runs = runs
        for plot, curve in self._curves:
            plot.removeItem(curve)
        self._curves.clear()
        self._lines.clear()
        entries = []
        for number, run in enumerate(runs):
            train, valid = self._colours(number)
            for stage, plot in self.plots.items():
                self._lines[number, stage, "train"] = self._line(plot, train, Qt.PenStyle.SolidLine, None)
                self._lines[number, stage, "valid"] = self._line(plot, valid, Qt.PenStyle.DashLine, "o")
            if len(runs) > 1:
                entries.append((run.name, train, Qt.PenStyle.SolidLine))
        if len(runs) == 1:
            train, valid = self._colours(0)
            entries = [("train", train, Qt.PenStyle.SolidLine), ("validation", valid, Qt.PenStyle.DashLine)]
        self.legend.set_entries(entries)
        for number in range(len(runs)):
            self._fill(number)

    def _colours(self, number: int) -> tuple[QColor, QColor]:
        if len(self.runs) == 1:
            return self._theme.signal("train.loss"), self._theme.signal("valid.loss")
        colour = self._theme.colour(RUN_COLOURS[number % len(RUN_COLOURS)])
        return colour, colour

    def _line(self, plot: Plot, colour: QColor, style: Qt.PenStyle, symbol: str | None) -> Any:
        line = plot.curve(
            colour, 1.8, style, symbol=symbol, symbolSize=5, symbolBrush=colour, symbolPen=pen(colour, 1)
        )
        self._curves.append((plot, line))
        return line

    def add_row(self, row: LossRow) -> None:
        """Append a live row to the first run."""
        self.runs[0].add(row)
        self._fill(0)

    def _fill(self, number: int) -> None:
        run = self.runs[number]
        for stage in STAGES:
            self._lines[number, stage, "train"].setData(*run.train(stage))
            self._lines[number, stage, "valid"].setData(*run.validation(stage))
        if len(self.runs) == 1:
            self.legend.show_values(newest(run))


def newest(run: RunCurves) -> list[str]:
    """Return the newest training and validation loss of the stage that came last, as text."""
    stage = next((stage for stage in reversed(STAGES) if run.rows[stage]), "")
    if not stage:
        return ["", ""]
    losses = [run.train(stage)[1], run.validation(stage)[1]]
    return [f"{values[-1]:.4f}" if len(values) else "–" for values in losses]
