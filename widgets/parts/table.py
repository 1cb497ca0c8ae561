"""A plain table: whole rows are selected, nothing is edited, and an empty one says what will stand in it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from widgets.theme.tokens import Theme

ROW = 32


class Table(QTableWidget):
    """A table in the window's look.

    Args:
        columns: Titles.
        stretch: Number of the column that takes the room that is left.
        numbers: Columns in tabular figures.
        nothing: Words while there is no row.
        several: More than one row can be selected.
    """

    def __init__(
        self, theme: Theme, columns: Sequence[str], stretch: int, numbers: Sequence[int] = (), nothing: str = "",
        several: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(0, len(columns))
        self.theme, self.numbers, self.nothing = theme, tuple(numbers), nothing
        modes = QAbstractItemView.SelectionMode
        self.setSelectionMode(modes.ExtendedSelection if several else modes.SingleSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalHeaderLabels(list(columns))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setStyleSheet("QTableView::item { padding: 0 8px; }")
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(72)

    def put(
        self, row: int, texts: Sequence[str], colours: dict[int, QColor] | None = None, tip: str = ""
    ) -> None:
        """Fill a row; it is added if it is the next one."""
        if row == self.rowCount():
            self.insertRow(row)
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            item.setToolTip(tip or text)
            if column in self.numbers:
                item.setFont(self.theme.number_font())
            if colours and column in colours:
                item.setForeground(colours[column])
            self.setItem(row, column, item)

    def selected_rows(self) -> list[int]:
        """Return the numbers of the selected rows, from the top."""
        return sorted({index.row() for index in self.selectedIndexes()})

    def texts(self, row: int) -> list[str]:
        """Return what a row says."""
        items = [self.item(row, column) for column in range(self.columnCount())]
        return [item.text() if item is not None else "" for item in items]

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the rows; without any, what will stand here."""
        super().paintEvent(event)
        if self.rowCount() == 0:
            painter = QPainter(self.viewport())
            painter.setPen(self.theme.colour("muted"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.viewport().rect().adjusted(16, 8, -16, -8), flags, self.nothing)
            painter.end()
