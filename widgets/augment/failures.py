"""The attempts that were not kept, and why."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from app.session.take import SUCCESS_SCORE
from widgets.theme.tokens import Theme

COLUMNS = ("Attempt", "Score", "Why", "Demonstration")
ENDS = {
    "fault": "the replay was broken off by a fault",
    "stop": "it was stopped",
    "time": "it was over in time",
    "end": "it was ended",
}


def reason(score: float, why: str) -> str:
    """Return why an attempt was not kept, in words."""
    if why in ("fault", "stop"):
        return ENDS[why].capitalize()
    if score < 0:
        return f"Score {score:.2f}: it pressed harder than the task allows"
    return f"Score {score:.2f} is below {SUCCESS_SCORE:g}: the task was not finished"


class Failures(QTableWidget):
    """A row per failed attempt.

    Signals:
        pointed(object): The person selected an attempt: its number from 0, or None.
    """

    pointed = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__(0, len(COLUMNS))
        self._theme = theme
        self._numbers: list[int] = []
        self.setHorizontalHeaderLabels(list(COLUMNS))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(32)
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        self.setAccessibleName("Failed attempts")
        self.itemSelectionChanged.connect(self._on_selected)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the rows; without any, what will stand here."""
        super().paintEvent(event)
        if self.rowCount() == 0:
            painter = QPainter(self.viewport())
            painter.setPen(self._theme.colour("muted"))
            words = "Attempts that the task's score does not accept are listed here, with the reason."
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.viewport().rect().adjusted(16, 8, -16, -8), flags, words)
            painter.end()

    def clear_rows(self) -> None:
        """Forget all attempts."""
        self._numbers.clear()
        self.setRowCount(0)

    def add(self, number: int, progress: dict[str, Any], parent: str) -> None:
        """Add attempt `number` (from 0) as `augment` told it."""
        score = float(progress["score"])
        row = self.rowCount()
        self.insertRow(row)
        self._numbers.append(number)
        texts = (str(number + 1), f"{score:.2f}", reason(score, str(progress.get("why", ""))), parent)
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            if column < 2:
                item.setFont(self._theme.number_font())
            self.setItem(row, column, item)
        self.scrollToBottom()

    def _on_selected(self) -> None:
        rows = {index.row() for index in self.selectedIndexes()}
        self.pointed.emit(self._numbers[rows.pop()] if rows else None)
