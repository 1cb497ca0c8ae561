"""The runs of the project: how far each came, from how much data."""

from __future__ import annotations

import time

from PySide6.QtCore import QItemSelection, QItemSelectionModel, Signal

from app.learning.runs import RunRow
from widgets.parts.table import Table
from widgets.theme.tokens import Theme

COLUMNS = ("Run", "State", "Steps", "Episodes", "Saved")
LIVE = "training"


class RunTable(Table):
    """A row per run; several can be selected, to compare their curves.

    Signals:
        chosen(): The person selected other runs.
    """

    chosen = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, COLUMNS, 0, (2, 3), "No run yet.", several=True)
        self.rows: list[RunRow] = []
        self.setAccessibleName("Runs")
        self.itemSelectionChanged.connect(self.chosen)

    def show_runs(self, rows: list[RunRow], training: str = "") -> None:
        """Show runs; `training` is the path of the one that trains now. The selection is kept by path."""
        selected = {run.path for run in self.selected()}
        self.blockSignals(True)
        self.rows = rows
        self.setRowCount(len(rows))
        for number, run in enumerate(rows):
            self._fill(number, run, run.path == training)
        self._select([number for number, run in enumerate(rows) if run.path in selected])
        self.blockSignals(False)
        self.viewport().update()

    def _fill(self, number: int, run: RunRow, live: bool) -> None:
        saved = time.strftime("%d %b %H:%M", time.localtime(run.changed)) if run.changed else "–"
        steps = f"{run.step} / {run.steps}" if run.steps else "–"
        colour = "accent" if live else "bad" if run.problem else "good" if run.finished else "warning"
        texts = (run.name, LIVE if live else run.state, steps, str(run.episodes or "–"), saved)
        self.put(number, texts, {1: self.theme.colour(colour)}, run.path)

    def _select(self, numbers: list[int]) -> None:
        selection = QItemSelection()
        for number in numbers:
            selection.select(self.model().index(number, 0), self.model().index(number, len(COLUMNS) - 1))
        self.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def selected(self) -> list[RunRow]:
        """Return the selected runs, in the order of the rows."""
        return [self.rows[row] for row in self.selected_rows()]

    def choose(self, path: str) -> None:
        """Select one run by its folder, without telling."""
        self.blockSignals(True)
        self._select([number for number, run in enumerate(self.rows) if run.path == path])
        self.blockSignals(False)
        self.viewport().update()
