"""Loss over steps, logarithmic, one plot per stage. One run has the colours of the signals, several one colour each."""

from __future__ import annotations

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
from widgets.train.run_curves import RunCurves

RUN_COLOURS = ("orange", "sky", "green", "purple", "blue", "vermillion", "yellow")
TITLES = {"tokenizer": "Tokenizer (fast decoder)", "planner": "Planner (denoiser)"}
LEGEND_WIDTH = 208
SYMBOLS_UP_TO = 100  # measurements of a stage: more lie too close together
LONG = 2000  # points from which on a curve is thinned to what the plot can show, and smoothed
SMOOTHED_SHARE = 0.01
FAINT = 0.06  # strokes lie over each other about ten times


class LossCurves(QWidget):
    """Plots of any number of runs: training solid, validation dashed.

    The training loss of a long run is smoothed; where it is drawn alone, what it was made of lies faintly behind it.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.runs: list[RunCurves] = []
        self.plots = {stage: Plot(theme, "Loss", "Step", log_y=True, count_ticks=True) for stage in STAGES}
        self.legend = Readout(theme, [], width=LEGEND_WIDTH)
        self._places: dict[str, QWidget] = {}
        self._curves: list[tuple[Plot, Any]] = []
        self._lines: dict[tuple[int, str, str], Any] = {}
        self._numbers: dict[str, int] = {}
        self._build()
        self.show_runs([])

    def _build(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(self._theme.grid())
        for stage, plot in self.plots.items():
            place = self._places[stage] = QWidget()
            column = QVBoxLayout(place)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(self._theme.grid(0.5))
            plot.getAxis("bottom").setStyle(maxTextLevel=0)
            column.addWidget(label(TITLES[stage], "small"))
            column.addWidget(plot, 1)
            layout.addWidget(place, 1)
        layout.addWidget(self.legend, 0, Qt.AlignmentFlag.AlignTop)

    def show_runs(self, runs: list[RunCurves]) -> None:
        """Draw these runs and no others; a run that was drawn before keeps its colour."""
        self.runs = runs
        for plot, curve in self._curves:
            plot.removeItem(curve)
        self._curves.clear()
        self._lines.clear()
        self._number()
        for index, run in enumerate(runs):
            train, valid = self.colours_of(run)
            for stage in run.stages:
                plot = self.plots[stage]
                self._lines[index, stage, "train"] = self._line(plot, train, Qt.PenStyle.SolidLine)
                self._lines[index, stage, "smooth"] = self._line(plot, train, Qt.PenStyle.SolidLine)
                self._lines[index, stage, "train"].setZValue(-1)
                self._lines[index, stage, "valid"] = self._line(plot, valid, Qt.PenStyle.DashLine)
            self._fill(index)
        stages = {stage for run in runs for stage in run.stages} or set(STAGES)
        for stage, place in self._places.items():
            place.setVisible(stage in stages)
        self._show_legend()

    def _number(self) -> None:
        """Give each run that is new the first colour that is free."""
        names = [run.name for run in self.runs]
        self._numbers = {name: number for name, number in self._numbers.items() if name in names}
        for name in names:
            taken = set(self._numbers.values())
            free = next(number for number in range(len(names) + len(taken) + 1) if number not in taken)
            self._numbers.setdefault(name, free)

    def colours_of(self, run: RunCurves) -> tuple[QColor, QColor]:
        """Return the colours of a drawn run's training and validation losses."""
        if len(self.runs) == 1:
            return self._theme.signal("train.loss"), self._theme.signal("valid.loss")
        colour = self._theme.colour(RUN_COLOURS[self._numbers[run.name] % len(RUN_COLOURS)])
        return colour, colour

    def _show_legend(self) -> None:
        solid, dashed = Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine
        if len(self.runs) == 1:
            train, valid = self.colours_of(self.runs[0])
            entries = [("training", train, solid), ("validation", valid, dashed)]
        else:
            entries = [(run.name, self.colours_of(run)[0], solid) for run in self.runs]
            muted = self._theme.colour("muted")
            entries += [("training", muted, solid), ("validation", muted, dashed)] if entries else []
        self.legend.set_entries(entries)
        self._show_newest()

    def _show_newest(self) -> None:
        """Tell the newest losses of one run; of several the newest validation, or training, loss of each."""
        newest = [run.newest() for run in self.runs]
        if len(newest) == 1:
            self.legend.show_values([number(loss) for loss in newest[0]])
        elif newest:
            told = [number(train if valid is None else valid) for train, valid in newest]
            self.legend.show_values([*told, "", ""])

    def _line(self, plot: Plot, colour: QColor, style: Qt.PenStyle) -> Any:
        look = {"symbolBrush": colour, "symbolPen": pen(colour, 1), "symbolSize": 5}
        line = plot.curve(colour, 1.8, style, symbol=None, **look)  # a brush alone would bring signs with it
        self._curves.append((plot, line))
        return line

    def add_row(self, name: str, row: LossRow) -> None:
        """Append a live row to a run that is drawn."""
        index = next(index for index, run in enumerate(self.runs) if run.name == name)
        self.runs[index].add(row)
        self._fill(index)
        self._show_newest()

    def _fill(self, index: int) -> None:
        run = self.runs[index]
        colour = self.colours_of(run)[0]
        for stage in run.stages:
            steps, losses = run.train(stage)
            long = len(steps) > LONG
            line, smooth = self._lines[index, stage, "train"], self._lines[index, stage, "smooth"]
            for item in (line, smooth):  # a short curve beside a long one would be thinned to nothing
                item.setDownsampling(ds=1, auto=long, method="peak")
            line.setPen(pen(with_alpha(colour, FAINT), 1.0) if long else pen(colour, 1.8))
            hidden = long and len(self.runs) > 1  # the noise of several runs would cover everything
            line.setData(*(([], []) if hidden else (steps, losses)))
            smooth.setData(*(smoothed(steps, losses) if long else ([], [])))
            measured, values = run.validation(stage)
            symbol = "o" if len(measured) <= SYMBOLS_UP_TO else None
            self._lines[index, stage, "valid"].setData(measured, values, symbol=symbol)


def smoothed(steps: np.ndarray, losses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return steps and the geometric mean of the losses around each, over a hundredth of the curve."""
    half = max(1, round(SMOOTHED_SHARE * len(steps) / 2))
    total = np.concatenate([[0.0], np.cumsum(np.log(losses))])
    at = np.arange(len(losses))
    first, last = np.maximum(at - half, 0), np.minimum(at + half + 1, len(losses))
    return steps, np.exp((total[last] - total[first]) / (last - first))


def with_alpha(colour: QColor, alpha: float) -> QColor:
    """Return a colour that lets through what is behind it."""
    faint = QColor(colour)
    faint.setAlphaF(alpha)
    return faint


def number(loss: float | None) -> str:
    """Return a loss as the legend shows it."""
    return "–" if loss is None else f"{loss:.4f}"
