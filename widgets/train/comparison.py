"""What a run would do beside what was recorded: one plot per dimension of the action, for each time it was compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QSlider, QStackedLayout, QVBoxLayout, QWidget

from app.learning.comparing import Comparison, list_comparisons, read_comparison
from app.learning.config import STAGES
from widgets.parts.elided import ElidedLabel
from widgets.parts.empty import Empty
from widgets.parts.plot import Plot
from widgets.parts.text import label, row
from widgets.theme.tokens import Theme

MANY = 4  # dimensions from which on there are as many columns
AXIS_WIDTH = 44
UNITS = {
    "dx": ("mm", 1e3), "dy": ("mm", 1e3), "dz": ("mm", 1e3), "rx": ("mrad", 1e3), "ry": ("mrad", 1e3),
    "rz": ("mrad", 1e3), "x": ("mm", 1e3), "y": ("mm", 1e3), "z": ("mm", 1e3), "gripper": ("mm", 1e3),
}  # fmt: skip
NOTHING = "No comparison yet"
WHEN = "While a run trains, it writes here ten times per stage what it would do in an episode that it does not learn."


class Dimension(QWidget):
    """One dimension of the action over time."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.title = ElidedLabel("", "small")
        self.plot = Plot(theme, second_ticks=True)
        self.plot.lock_mouse()
        self.plot.getAxis("left").setWidth(AXIS_WIDTH)
        self.plot.getAxis("bottom").setStyle(maxTextLevel=0)
        self.recorded = self.plot.curve(theme.colour("muted"), 2.5, connect="finite")
        self.predicted = self.plot.curve(theme.colour("accent"), 1.5, connect="finite")
        self.begins = self.plot.curve(
            theme.colour("accent"), 0.0, Qt.PenStyle.NoPen, symbol="o", symbolSize=5,
            symbolBrush=theme.colour("accent"), symbolPen=None,
        )  # fmt: skip
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.title)
        column.addWidget(self.plot, 1)

    def show_side(self, found: Comparison, index: int) -> None:
        """Draw dimension `index` of a comparison."""
        name, error = found.names[index], found.errors[index]
        unit, factor = UNITS.get(name, ("", 1.0))
        measured = "" if error is None else f" · off by {error:.2f} σ"
        self.title.setText(f"{name}{f' [{unit}]' if unit else ''}{measured}")
        lines = chunk_lines(found, index, factor)
        self.recorded.setData(*lines["recorded"])
        self.predicted.setData(*lines["predicted"])
        self.begins.setData(*lines["begins"])


class ComparisonView(QWidget):
    """The comparisons of one run; a slider goes through the steps of its training."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._run: Path | None = None
        self.entries: list[tuple[str, int]] = []
        self.found: Comparison | None = None
        self.caption = ElidedLabel("", "muted")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Step of the training")
        self.slider.setToolTip("Back to how it was earlier in the training")
        self.slider.setFixedWidth(theme.grid(14))
        self.dimensions: list[Dimension] = []
        self.empty = Empty(theme, NOTHING, WHEN)
        self._build()
        self.slider.valueChanged.connect(self._on_slider)

    def _build(self) -> None:
        keys = [label("━ recorded", "small"), label("━ predicted", "small")]
        for words, colour in zip(keys, ("muted", "accent"), strict=True):
            words.setStyleSheet(f"color: {self._theme.colour(colour).name()};")
        drawn = QWidget()
        column = QVBoxLayout(drawn)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(self._theme.grid(0.5))
        top = row(self.caption, *keys, self.slider, spacing=self._theme.grid(1.5))
        top.setStretch(0, 1)
        column.addLayout(top)
        self._grid = QGridLayout()
        self._grid.setSpacing(self._theme.grid(0.5))
        column.addLayout(self._grid, 1)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(drawn)
        self._stack.addWidget(self.empty)

    @property
    def run_name(self) -> str:
        """Name of the run that is shown; empty for none."""
        return self._run.name if self._run is not None else ""

    def show_run(self, run: Path | None) -> None:
        """Show the comparisons of a run, the newest first seen; of the same run, those that are new."""
        at_end = run != self._run or self.slider.value() == self.slider.maximum()
        entries = list_comparisons(run, STAGES) if run is not None else []
        if run == self._run and entries == self.entries and self.found is not None:
            return
        self._run, self.entries = run, entries
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(0, len(self.entries) - 1))
        if at_end:
            self.slider.setValue(self.slider.maximum())
        self.slider.setEnabled(len(self.entries) > 1)
        self.slider.blockSignals(False)
        self._on_slider()

    def _on_slider(self) -> None:
        self.found = None
        if self._run is not None and self.entries:
            self.found = read_comparison(self._run, *self.entries[self.slider.value()])
        if self.found is None:
            self.empty.say(NOTHING, WHEN if self._run is not None else "Select one run.")
        else:
            self._show(self.found)
        self._stack.setCurrentIndex(1 if self.found is None else 0)

    def _show(self, found: Comparison) -> None:
        side = "held-out episode" if found.held_out else "an episode that it learns"
        steps = f"{found.stage.capitalize()}, step {found.step}"
        varying = [index for index, error in enumerate(found.errors) if error is not None]
        still = [name for name, error in zip(found.names, found.errors, strict=True) if error is None]
        more = f" · never varying: {', '.join(still)}" if still else ""
        self.caption.setText(f"{steps} · {side}{more}")
        self._arrange(len(varying))
        for dimension, index in zip(self.dimensions, varying, strict=False):
            dimension.show_side(found, index)

    def _arrange(self, count: int) -> None:
        """Make room for plots of `count` dimensions; few of them stand two beside each other."""
        while len(self.dimensions) < count:
            self.dimensions.append(Dimension(self._theme))
        columns = MANY if count > MANY else 2
        for number, dimension in enumerate(self.dimensions):
            dimension.setVisible(number < count)
            if number < count:
                self._grid.addWidget(dimension, number // columns, number % columns)


def chunk_lines(found: Comparison, index: int, factor: float) -> dict[str, tuple[Any, Any]]:
    """Return x in seconds and y of `recorded`, `predicted` (NaN between chunks) and of where the chunks begin.

    Recorded actions break off between chunks too: in a frame of the observation each chunk has one of its own.
    """
    seconds = found.period_ns / 1e9
    x, was, drawn, begins = [], [], [], []
    for chunk in found.chunks:
        if not chunk.recorded:
            continue
        times = (chunk.start + np.arange(len(chunk.recorded))) * seconds
        x.append(np.append(times, times[-1]))
        was.append(np.append([values[index] for values in chunk.recorded], np.nan))
        drawn.append(np.append([values[index] for values in chunk.predicted], np.nan))
        begins.append((times[0], chunk.predicted[0][index] * factor))
    if not x:
        return dict.fromkeys(("recorded", "predicted", "begins"), ([], []))
    along = np.concatenate(x)
    return {
        "recorded": (along, np.concatenate(was) * factor),
        "predicted": (along, np.concatenate(drawn) * factor),
        "begins": tuple(np.array(begins).T),
    }
