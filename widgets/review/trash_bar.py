"""Beneath the list while it shows the trash: how long things are kept, restore, and empty now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMessageBox, QVBoxLayout, QWidget

from app.core.episodes import TRASH_DAYS, EpisodeRow
from widgets.parts.episodes import plural
from widgets.parts.key_button import KeyButton
from widgets.parts.text import label, row
from widgets.theme.tokens import Theme


def days_left(item: EpisodeRow, now: datetime | None = None) -> int:
    """Return for how many days an episode is still kept in the trash, at least 0."""
    if not item.trashed_at:
        return TRASH_DAYS
    left = datetime.fromisoformat(item.trashed_at) + timedelta(days=TRASH_DAYS) - (now or datetime.now(UTC))
    return max(0, -(-left // timedelta(days=1)))


def size_text(items: Sequence[EpisodeRow]) -> str:
    """Return what files take on the disk; the parts of one file count once."""
    size = sum({item.path: item.bytes for item in items}.values())
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


class TrashBar(QWidget):
    """Says what lies in the trash and what can be done with it.

    Signals:
        asked(str, object): "restore" or "purge", and the uuids.
    """

    asked = Signal(str, object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selected: list[EpisodeRow] = []
        self._trashed: list[EpisodeRow] = []
        self.about = label("", "small", wrap=True)
        self.restore = KeyButton(
            "Restore", "Shift+Del", theme, caption="⇧Del", tip="Take the selected ones out of the trash"
        )
        self.empty = KeyButton("Empty now …", "", theme, tip="Delete what lies in the trash for good")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.grid())
        layout.addWidget(self.about)
        layout.addLayout(row(self.restore, 1, self.empty))
        self.restore.clicked.connect(
            lambda: self.asked.emit("restore", [item.uuid for item in self._selected])
        )
        self.empty.clicked.connect(self._on_empty)
        self.hide()

    def show_items(self, items: Sequence[EpisodeRow]) -> None:
        """Take over the rows of the folder."""
        self._trashed = [item for item in items if item.trashed_at]
        over = sum(1 for item in self._trashed if days_left(item) == 0)
        told = f"{plural(len(self._trashed), 'episode')} in the trash, {size_text(self._trashed)}. "
        told += f"Kept {TRASH_DAYS} days"
        due = f"; {over} are due. Nothing is deleted by itself." if over else " and until you empty it."
        self.about.setText(told + due)
        self.empty.allow("" if self._trashed else "The trash is empty.")

    def show_selection(self, items: Sequence[EpisodeRow]) -> None:
        """Take over what is selected."""
        self._selected = [item for item in items if item.trashed_at]
        self.restore.allow("" if self._selected else "Select what lies in the trash first.")

    def question(self) -> str:
        """Return what is asked before anything is deleted: how many, and how much."""
        files = len({item.path for item in self._trashed})
        parts = sum(1 for item in self._trashed if item.part_of)
        amount = f"{plural(files, 'file')}, {size_text(self._trashed)}"
        told = f"Delete {plural(len(self._trashed), 'episode')} ({amount}) and their labels for good?"
        return told + ("\n\nA file whose other parts are not in the trash stays." if parts else "")

    def _on_empty(self) -> None:
        box = QMessageBox(QMessageBox.Icon.Warning, "Empty the trash", self.question(), parent=self.window())
        delete = box.addButton("Delete for good", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        if box.clickedButton() is delete:
            self.asked.emit("purge", [item.uuid for item in self._trashed])
