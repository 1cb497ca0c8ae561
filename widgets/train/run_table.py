"""The runs of the project: how far each came, from how much data, and which of their curves are drawn."""

from __future__ import annotations

import time

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPixmap, QResizeEvent
from PySide6.QtWidgets import QTableWidgetItem

from app.learning.runs import RunRow
from widgets.parts.table import Table
from widgets.theme.tokens import Theme

COLUMNS = ("Run", "State", "Steps", "Episodes", "Saved")
LIVE = "training"
SWATCH = QSize(12, 12)
NARROW = 620  # pixels: below this the names need the room of the number of episodes
EPISODES = 3


class RunTable(Table):
    """A row per run. Curves are drawn of the selected ones and of those that are ticked, whatever is selected.

    Signals:
        chosen(): The person selected or ticked other runs.
    """

    chosen = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, COLUMNS, 0, (2, 3), "No run yet.", several=True)
        self.rows: list[RunRow] = []
        self._ticked: set[str] = set()
        self._colours: dict[str, QColor] = {}
        self.setAccessibleName("Runs")
        self.setIconSize(SWATCH)
        self.horizontalHeader().setMinimumSectionSize(56)
        self.itemSelectionChanged.connect(self.chosen)
        self.itemChanged.connect(self._on_item)

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
        steps = f"{run.steps}" if run.finished else f"{run.step} / {run.steps}" if run.steps else "–"
        colour = "accent" if live else "bad" if run.problem else "good" if run.finished else "warning"
        texts = (run.name, LIVE if live else run.state, steps, str(run.episodes or "–"), saved)
        self.put(number, texts, {1: self.theme.colour(colour)}, run.path)
        name = self._name(number)
        name.setCheckState(Qt.CheckState.Checked if run.path in self._ticked else Qt.CheckState.Unchecked)
        name.setToolTip(f"{run.path}\nTicked, its curves stay in the plot whatever is selected.")
        self._paint_swatch(name, self._colours.get(run.path))

    def _select(self, numbers: list[int]) -> None:
        selection = QItemSelection()
        for number in numbers:
            selection.select(self.model().index(number, 0), self.model().index(number, len(COLUMNS) - 1))
        self.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give up the number of episodes where there is little room."""
        super().resizeEvent(event)
        self.setColumnHidden(EPISODES, self.width() < NARROW)

    def _name(self, number: int) -> QTableWidgetItem:
        item = self.item(number, 0)
        assert item is not None, "each row has been filled"
        return item

    def _paint_swatch(self, item: QTableWidgetItem, colour: QColor | None) -> None:
        swatch = QPixmap(SWATCH)
        swatch.fill(colour or Qt.GlobalColor.transparent)
        item.setIcon(QIcon(swatch))

    def show_colours(self, colours: dict[str, QColor]) -> None:
        """Show beside the names, by path, in which colour the curves of a run are drawn."""
        if colours == self._colours:
            return
        self._colours = colours
        self.blockSignals(True)
        for number, run in enumerate(self.rows):
            self._paint_swatch(self._name(number), colours.get(run.path))
        self.blockSignals(False)
        self.viewport().update()

    def _on_item(self, item: QTableWidgetItem) -> None:
        if item.column() != 0:
            return
        path, ticked = self.rows[item.row()].path, item.checkState() is Qt.CheckState.Checked
        if ticked != (path in self._ticked):
            self._ticked ^= {path}
            self.chosen.emit()

    def shown(self) -> list[RunRow]:
        """Return the runs whose curves are wanted: selected or ticked, in the order of the rows."""
        selected = {run.path for run in self.selected()}
        return [run for run in self.rows if run.path in selected or run.path in self._ticked]

    def selected(self) -> list[RunRow]:
        """Return the selected runs, in the order of the rows."""
        return [self.rows[row] for row in self.selected_rows()]

    def choose(self, path: str) -> None:
        """Select one run by its folder, without telling."""
        self.blockSignals(True)
        self._select([number for number, run in enumerate(self.rows) if run.path == path])
        self.blockSignals(False)
        self.viewport().update()
