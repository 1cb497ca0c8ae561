"""The left side of Review: which folder, which filter, and the episodes it lets through."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QImage, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QListView,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from app.core.episodes import EpisodeRow
from app.review.search_order import ORDERS, arranged
from widgets.bridge.letters import Answer
from widgets.context import WindowContext
from widgets.parts.empty import Empty
from widgets.parts.episodes import plural
from widgets.parts.key_button import KeyButton
from widgets.parts.library import Library
from widgets.parts.text import label, row, set_role
from widgets.review.filter_menu import FilterMenu
from widgets.review.list_delegate import EpisodeDelegate
from widgets.review.list_model import ITEM, EpisodeFilter, EpisodeModel
from widgets.review.search_field import SearchField
from widgets.review.trash_bar import TrashBar

NOTHING = {
    "demonstrations": "Record your first demonstration in Collect (Ctrl+1).",
    "augmented": "Multiply your demonstrations in Augment (Ctrl+3).",
    "rollouts": "Let a trained policy drive in Deploy (Ctrl+5).",
}


class EpisodeList(QWidget):
    """Lists the episodes of one of the project's folders.

    Signals:
        chosen(object): Another `EpisodeRow` is the current one, or None.
        marked(object): The selected episodes, a list of `EpisodeRow`.
        asked(str, object): A command of the library (reject, trash, restore, purge) for these uuids.
        listed(int): A folder was listed: how many episodes it holds.
    """

    chosen = Signal(object)
    marked = Signal(object)
    asked = Signal(str, object)
    listed = Signal(int)

    def __init__(self, context: WindowContext, library: Library) -> None:
        super().__init__()
        self._context, self._library = context, library
        self._want = ""
        project = context.project
        self._folders: dict[str, Path] = {
            "demonstrations": project.demonstrations, "augmented": project.augmented, "rollouts": project.rollouts
        }  # fmt: skip
        self.folder_box, self.order_box, self.search = QComboBox(), QComboBox(), SearchField()
        self.filters = FilterMenu(self.search)
        self.mistake = label("", "small", wrap=True)
        self._marked: list[str] = []
        self.view, self.model, self.filter = QListView(), EpisodeModel(self), EpisodeFilter(self)
        self.count = label("", "small")
        theme = context.theme
        self.filter_button = KeyButton(
            "Filter", "Ctrl+F", theme, caption="▾", tip="Choose what is listed (Ctrl+F)"
        )
        self.trash = TrashBar(theme, self)
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
        for name, (words, _) in ORDERS.items():
            self.order_box.addItem(words, name)
        self.order_box.setAccessibleName("Order")
        self.filter_button.setAccessibleName("Filter")
        self.mistake.hide()
        self.mistake.setMaximumHeight(5 * self.mistake.fontMetrics().lineSpacing())
        self.filter.setSourceModel(self.model)
        self.view.setModel(self.filter)
        self.view.setItemDelegate(EpisodeDelegate(theme, self.view))
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.view.setMouseTracking(True)
        self.view.setUniformItemSizes(True)
        self.view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setAccessibleName("Episodes")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.grid())
        boxes = row(self.folder_box, self.order_box)
        self.order_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.order_box.setMinimumContentsLength(8)
        boxes.setStretch(0, 11)
        boxes.setStretch(1, 8)
        layout.addLayout(boxes)
        above = row(self.search, self.filter_button)
        above.setStretch(0, 1)
        layout.addLayout(above)
        layout.addWidget(self.mistake)
        place = QWidget()
        self._stack = QStackedLayout(place)
        self._stack.addWidget(self.view)
        self._stack.addWidget(self.empty)
        layout.addWidget(place, 1)
        layout.addWidget(self.trash)
        layout.addLayout(row(self.count, 1, self.import_button, self.export_button))

    def _connect(self) -> None:
        self.folder_box.currentIndexChanged.connect(self._on_folder)
        self.order_box.currentIndexChanged.connect(self._on_order)
        self._library.partly_listed.connect(self._on_part)
        self.search.asked.connect(lambda _query: self._on_filter())
        self.search.mistaken.connect(self._on_mistake)
        self.filter_button.clicked.connect(self._on_menu)
        self.trash.asked.connect(self.asked)
        self.view.selectionModel().currentChanged.connect(self._on_current)
        self.view.selectionModel().selectionChanged.connect(lambda _on, _off: self._on_selection())
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
        self.search.know(items)
        self.filters.rows = items
        self._fill(items, current)
        self.listed.emit(len(items))

    def _on_part(self, folder: str, items: list[EpisodeRow], pending: int) -> None:
        if folder == str(self.folder):
            self._fill(items, self.current())
            self.count.setText(f"{plural(len(items), 'episode')}, {plural(pending, 'file')} to be read")

    def _fill(self, items: list[EpisodeRow], current: EpisodeRow | None) -> None:
        """Put rows into the list in the chosen order; what was selected and seen stays so, as far as it is there."""
        marked, place = list(self._marked), self.view.verticalScrollBar().value()
        self.model.set_items(arranged(items, str(self.order_box.currentData())))
        self._show_counts()
        want, self._want = self._want or (current.uuid if current is not None else ""), ""
        if self.current() is None or self.row_of(want) >= 0:
            keep = self.row_of(want)
            if keep != self.view.currentIndex().row() or keep < 0:
                self.select_row(max(keep, 0))
                self.view.verticalScrollBar().setValue(place)
                self.view.scrollTo(self.view.currentIndex())
        if len(marked) > 1:
            self.mark(marked)

    def open_next(self, uuid: str) -> None:
        """Make an episode the current one as soon as the list knows it."""
        self._want = uuid
        if self.row_of(uuid) >= 0:
            self.select_row(self.row_of(uuid))

    def row_of(self, uuid: str) -> int:
        """Return the visible row of an episode, −1 if it is not shown."""
        return self.filter.mapFromSource(self.model.index(self.model.row_of(uuid))).row() if uuid else -1

    def mark(self, uuids: Sequence[str]) -> None:
        """Select these episodes, as far as they are shown."""
        selection = QItemSelection()
        for uuid in uuids:
            index = self.filter.index(self.row_of(uuid), 0)
            if index.isValid():
                selection.select(index, index)
        if not selection.isEmpty():
            self.view.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def marked_items(self) -> list[EpisodeRow]:
        """Return the selected episodes, in the order of the list."""
        rows = sorted(index.row() for index in self.view.selectionModel().selectedRows())
        return [self.filter.index(number, 0).data(ITEM) for number in rows]

    def _on_selection(self) -> None:
        items = self.marked_items()
        self._marked = [item.uuid for item in items]
        self.trash.show_selection(items)
        self.marked.emit(items)

    def _on_order(self) -> None:
        self._fill(self.model.items, self.current())

    def _on_mistake(self, text: str) -> None:
        self.mistake.setText(text)
        self.mistake.setToolTip(text)
        self.mistake.setVisible(bool(text))
        set_role(self.mistake, "warning" if text else "small")

    def _on_menu(self) -> None:
        self.filters.popup(self.filter_button.mapToGlobal(QPoint(0, self.filter_button.height())))

    def _on_filter(self) -> None:
        self.filter.choose(self.search.query)
        self.trash.setVisible(self.search.query.names("is", "trashed"))
        self._show_counts()
        if not self.view.currentIndex().isValid():
            self.select_row(0)

    def _show_counts(self) -> None:
        shown = self.filter.rowCount()
        trash = self.search.query.names("is", "trashed")
        total = sum(1 for item in self.model.items if trash or not item.trashed_at)
        if total == 0:
            gone = "All episodes are in the trash." if self.model.items else "No episodes in this folder yet."
            self.empty.say("", gone)
            self.count.setText("")
        elif shown == 0:
            self.empty.say("Nothing matches", "Clear the search.")
        self._stack.setCurrentWidget(self.empty if shown == 0 else self.view)
        if total:
            self.count.setText(plural(total, "episode") if shown == total else f"{shown} of {total}")
        self.trash.show_items(self.model.items)

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
