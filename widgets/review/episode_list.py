"""The left side of Review: which folder, which filter, and the episodes it lets through."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QImage, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QLineEdit,
    QListView,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from app.core.episodes import EpisodeRow
from widgets.bridge.letters import Answer
from widgets.context import WindowContext
from widgets.parts.empty import Empty
from widgets.parts.episodes import plural
from widgets.parts.key_button import KeyButton
from widgets.parts.library import Library
from widgets.parts.text import label, row
from widgets.review.list_delegate import EpisodeDelegate
from widgets.review.list_model import ITEM, EpisodeFilter, EpisodeModel

FILTERS = (
    ("All outcomes", ""), ("✓ Success", "success"), ("✕ Failure", "failure"), ("– Discarded", "discarded"),
    ("! Flagged", "flagged"),
)  # fmt: skip
NOTHING = {
    "demonstrations": "Record your first demonstration in Collect (Ctrl+1).",
    "augmented": "Multiply your demonstrations in Augment (Ctrl+3).",
    "rollouts": "Let a trained policy drive in Deploy (Ctrl+5).",
}


class EpisodeList(QWidget):
    """Lists the episodes of one of the project's folders.

    Signals:
        chosen(object): Another `EpisodeRow` is selected, or None.
        listed(int): A folder was listed: how many episodes it holds.
    """

    chosen = Signal(object)
    listed = Signal(int)

    def __init__(self, context: WindowContext, library: Library) -> None:
        super().__init__()
        self._context, self._library = context, library
        self._want = ""
        project = context.project
        self._folders: dict[str, Path] = {
            "demonstrations": project.demonstrations, "augmented": project.augmented, "rollouts": project.rollouts
        }  # fmt: skip
        self.folder_box, self.outcome_box, self.search = QComboBox(), QComboBox(), QLineEdit()
        self.view, self.model, self.filter = QListView(), EpisodeModel(self), EpisodeFilter(self)
        self.count = label("", "small")
        theme = context.theme
        self.import_button = KeyButton(
            "Import", "", theme, tip="Read another program's episodes into this folder"
        )
        self.export_button = KeyButton(
            "Export", "Ctrl+E", theme, tip="Write episodes for another training code"
        )
        self.empty = Empty(context.theme)
        self._build()
        self._connect()

    def _build(self) -> None:
        theme = self._context.theme
        for name in self._folders:
            self.folder_box.addItem(name.capitalize(), name)
        self.folder_box.setAccessibleName("Folder")
        for text, value in FILTERS:
            self.outcome_box.addItem(text, value)
        self.outcome_box.setAccessibleName("Filter by outcome")
        self.search.setPlaceholderText("Search seed, operator, notes  (/)")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search")
        self.filter.setSourceModel(self.model)
        self.view.setModel(self.filter)
        self.view.setItemDelegate(EpisodeDelegate(theme, self.view))
        self.view.setMouseTracking(True)
        self.view.setUniformItemSizes(True)
        self.view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setAccessibleName("Episodes")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.grid())
        boxes = row(self.folder_box, self.outcome_box)
        boxes.setStretch(0, 1)
        boxes.setStretch(1, 1)
        layout.addLayout(boxes)
        layout.addWidget(self.search)
        place = QWidget()
        self._stack = QStackedLayout(place)
        self._stack.addWidget(self.view)
        self._stack.addWidget(self.empty)
        layout.addWidget(place, 1)
        layout.addLayout(row(self.count, 1, self.import_button, self.export_button))

    def _connect(self) -> None:
        self.folder_box.currentIndexChanged.connect(self._on_folder)
        self.outcome_box.currentIndexChanged.connect(self._on_filter)
        self.search.textChanged.connect(self._on_filter)
        self.view.selectionModel().currentChanged.connect(self._on_current)
        self.model.thumbnail_wanted.connect(self._ask_thumbnail, Qt.ConnectionType.QueuedConnection)
        QShortcut(QKeySequence("/"), self).activated.connect(self.search.setFocus)

    def shown(self) -> list[EpisodeRow]:
        """Return the episodes that the filter lets through, in the order of the list."""
        return [self.filter.index(number, 0).data(ITEM) for number in range(self.filter.rowCount())]

    def show_only(self, uuids: Sequence[str] | None) -> None:
        """Show only these episodes, in this order (None: all again); the first one is opened."""
        self.filter.only(uuids)
        self._show_counts()
        if uuids is not None:
            self.select_row(0)

    @property
    def folder_name(self) -> str:
        """Which folder is shown: demonstrations, augmented or rollouts."""
        return str(self.folder_box.currentData())

    @property
    def folder(self) -> Path:
        """The folder that is shown."""
        return self._folders[self.folder_name]

    def choose_folder(self, name: str) -> None:
        """Show another folder."""
        self.folder_box.setCurrentIndex(max(0, self.folder_box.findData(name)))

    def refresh(self) -> None:
        """List the folder again; the selection stays where it is."""
        self._library.list(self.folder, partial(self._on_listed, self.folder))

    def _on_folder(self) -> None:
        self.model.set_items([])
        self.chosen.emit(None)
        self.refresh()

    def _on_listed(self, folder: Path, items: list[EpisodeRow], error: str) -> None:
        if folder != self.folder:
            return
        if error:
            self._context.notifications.error(error, "review")
        current = self.current()
        self.model.set_items(list(reversed(items)))  # the newest first
        self._show_counts()
        if self.current() is None:
            keep = self.model.row_of(current.uuid) if current is not None else -1
            self.select_row(self.filter.mapFromSource(self.model.index(max(keep, 0))).row())
        self.listed.emit(len(items))

    def _on_filter(self) -> None:
        self.filter.choose(str(self.outcome_box.currentData()), self.search.text())
        self._show_counts()
        if not self.view.currentIndex().isValid():
            self.select_row(0)

    def _show_counts(self) -> None:
        shown, total = self.filter.rowCount(), len(self.model.items)
        if total == 0:
            self.empty.say("", "No episodes in this folder yet.")
            self.count.setText("")
        elif shown == 0:
            self.empty.say("Nothing matches", "Clear the search or choose all outcomes.")
        self._stack.setCurrentWidget(self.empty if shown == 0 else self.view)
        if total:
            self.count.setText(f"{shown} of {plural(total, 'episode')}")

    def select_row(self, row_number: int) -> None:
        """Select a visible row."""
        index = self.filter.index(row_number, 0)
        if index.isValid():
            self.view.setCurrentIndex(index)

    def step(self, rows: int) -> None:
        """Select the row that lies `rows` below."""
        index = self.view.currentIndex()
        self.select_row(min(max(index.row() + rows, 0), self.filter.rowCount() - 1))

    def current(self) -> EpisodeRow | None:
        """Return the selected episode."""
        index = self.view.currentIndex()
        return index.data(ITEM) if index.isValid() else None

    def _on_current(self, index: QModelIndex, _before: QModelIndex) -> None:
        self.chosen.emit(index.data(ITEM) if index.isValid() else None)

    def _ask_thumbnail(self, uuid: str) -> None:
        self._library.ask(self.folder, "thumbnail", partial(self._on_thumbnail, uuid), episode=uuid)

    def _on_thumbnail(self, uuid: str, answer: Answer) -> None:
        if answer.ok:
            self.model.set_thumbnail(uuid, QImage.fromData(answer.result["jpeg"]))
