"""The table of episodes in Choose data: one row per episode, with what becomes of it. Quick with 10,000 of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.core.episodes import EpisodeRow
from app.learning.choosing import DataReport, kinds_of, unusable
from widgets.theme.tokens import Theme

COLUMNS = (
    ("Recorded", 164),
    ("Outcome", 92),
    ("Score", 72),
    ("Length", 80),
    ("Quality", 240),
    ("Learned from", 200),
)
STRETCHED = 4
LEARNED = "yes"
_Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()


class EpisodeModel(QAbstractTableModel):
    """Episodes with their fate."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self._rows: list[EpisodeRow] = []
        self._fate: dict[str, str] = {}
        self._column, self._order = 0, Qt.SortOrder.DescendingOrder

    def show(self, rows: list[EpisodeRow], report: DataReport) -> None:
        """Show other episodes, or another fate of the same."""
        self.beginResetModel()
        out = {entry.uuid: entry.why for entry in report.left_out}
        self._fate = {item.uuid: unusable(item) or out.get(item.uuid, LEARNED) for item in rows}
        self._rows = list({item.uuid: item for item in rows}.values())
        self._sort()
        self.endResetModel()

    def rowCount(self, parent: _Index = ROOT) -> int:
        """Return the number of episodes."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = ROOT) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return the titles of the columns."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section][0]
        return None

    def texts(self, item: EpisodeRow) -> tuple[str, ...]:
        """Return what stands of an episode, by column."""
        score = "–" if item.score is None else f"{item.score:.2f}"
        return (
            recorded(item.created), item.outcome or "–", score, f"{item.seconds:.1f} s", quality(item),
            self._fate.get(item.uuid, ""),
        )  # fmt: skip

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return words, colour, font and tool tip of a cell."""
        item, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self.texts(item)[column]
        if role == Qt.ItemDataRole.ToolTipRole:
            return item.uuid if column == 0 else self.texts(item)[column]
        if role == Qt.ItemDataRole.FontRole and column in (2, 3):
            return self._theme.number_font()
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._colour(item, column)
        return None

    def _colour(self, item: EpisodeRow, column: int) -> Any:
        fate = self._fate.get(item.uuid)
        if column == len(COLUMNS) - 1:
            return self._theme.colour("good" if fate == LEARNED else "muted")
        if column == 4 and kinds_of(item):
            return self._theme.colour("warning")
        return self._theme.colour("text" if fate == LEARNED else "muted")

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column."""
        self.beginResetModel()
        self._column, self._order = column, order
        self._sort()
        self.endResetModel()

    def _sort(self) -> None:
        keys: tuple[Any, ...] = (
            lambda item: item.created,
            lambda item: item.outcome,
            lambda item: -1.0 if item.score is None else item.score,
            lambda item: item.seconds,
            lambda item: (len(kinds_of(item)), quality(item)),
            lambda item: self._fate.get(item.uuid, ""),
        )
        descending = self._order is Qt.SortOrder.DescendingOrder
        self._rows.sort(key=keys[self._column], reverse=descending)


def recorded(created: str) -> str:
    """Return when an episode was recorded, in local time."""
    try:
        return f"{datetime.fromisoformat(created).astimezone():%d %b %H:%M:%S}"
    except ValueError:
        return created or "–"


def quality(item: EpisodeRow) -> str:
    """Return the kinds of an episode's flags in words."""
    kinds = kinds_of(item)
    if kinds:
        return ", ".join(kinds)
    return "no flags" if item.measures else "not measured"
