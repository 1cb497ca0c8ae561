"""The episodes of a folder as a Qt model, and the filter over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QImage

from app.core.episodes import EpisodeRow
from app.review.search import EVERYTHING, Query

Index = QModelIndex | QPersistentModelIndex
ITEM = int(Qt.ItemDataRole.UserRole)
THUMBNAIL = ITEM + 1


class EpisodeModel(QAbstractListModel):
    """Rows in the order in which they are given.

    Signals:
        thumbnail_wanted(str): A row came into view whose small picture is not known: its uuid.
    """

    thumbnail_wanted = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.items: list[EpisodeRow] = []
        self._rows: dict[str, int] = {}
        self._thumbnails: dict[str, QImage | None] = {}

    def set_items(self, items: list[EpisodeRow]) -> None:
        """Show these episodes; if only their values differ, the view keeps its place."""
        if [item.uuid for item in items] == [item.uuid for item in self.items]:
            self.items = items
            if items:
                self.dataChanged.emit(self.index(0), self.index(len(items) - 1))
            return
        self.beginResetModel()
        self.items = items
        self._rows = {item.uuid: row for row, item in enumerate(items)}
        self.endResetModel()

    def set_thumbnail(self, uuid: str, image: QImage) -> None:
        """Take over a small picture that was wanted."""
        self._thumbnails[uuid] = image
        row = self.row_of(uuid)
        if row >= 0:
            self.dataChanged.emit(self.index(row), self.index(row))

    def row_of(self, uuid: str) -> int:
        """Return the row of an episode, −1 if it is not there."""
        return self._rows.get(uuid, -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Return how many episodes there are."""
        return 0 if parent.isValid() else len(self.items)

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        """Return the item, its small picture, or its words for screen readers."""
        if not index.isValid():
            return None
        item = self.items[index.row()]
        if role == ITEM:
            return item
        if role == THUMBNAIL:
            if item.uuid not in self._thumbnails and not item.broken:
                self._thumbnails[item.uuid] = None
                self.thumbnail_wanted.emit(item.uuid)
            return self._thumbnails.get(item.uuid)
        if role == Qt.ItemDataRole.DisplayRole:
            return f"seed {item.seed}, {item.outcome or 'broken'}, {item.seconds:.1f} s"
        if role == Qt.ItemDataRole.ToolTipRole:
            return item.broken or item.label_problem or item.text or f"{item.created}\n{item.uuid}"
        return None


class EpisodeFilter(QSortFilterProxyModel):
    """Lets through what the search asks for; what lies in the trash only if it asks for that."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._query, self._trash = EVERYTHING, False
        self._ranks: dict[str, int] | None = None

    def choose(self, query: Query) -> None:
        """Set the filter."""
        self.beginFilterChange()
        self._query, self._trash = query, query.names("is", "trashed")
        self.endFilterChange()

    def only(self, uuids: Sequence[str] | None) -> None:
        """Show only these episodes, in this order; None shows all again, in the order of the model."""
        self.beginFilterChange()
        self._ranks = None if uuids is None else {uuid: rank for rank, uuid in enumerate(uuids)}
        self.endFilterChange()
        self.sort(-1 if uuids is None else 0)

    def lessThan(self, left: Index, right: Index) -> bool:
        """Return the order of `only`."""
        ranks = self._ranks or {}
        return ranks.get(left.data(ITEM).uuid, 0) < ranks.get(right.data(ITEM).uuid, 0)

    def filterAcceptsRow(self, row: int, parent: Index) -> bool:
        """Return whether a row is shown."""
        model = self.sourceModel()
        assert isinstance(model, EpisodeModel)
        item = model.items[row]
        if self._ranks is not None and item.uuid not in self._ranks:
            return False
        return (self._trash or not item.trashed_at) and self._query.matches(item)
