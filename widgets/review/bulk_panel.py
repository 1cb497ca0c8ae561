"""What can be done to several selected episodes at once; one undo takes the whole step back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QWidget

from app.core.episodes import EpisodeRow
from widgets.parts.episodes import plural
from widgets.parts.key_button import KeyButton
from widgets.parts.text import label, row
from widgets.review.labels_panel import OUTCOME_KEYS, tags_of
from widgets.theme.tokens import Theme


class BulkPanel(QWidget):
    """Stands in place of the labels while more than one episode is selected.

    Signals:
        asked(str, dict): A command of the reader (change_many, reject, trash, restore, undo_many, redo_many) and its
            arguments besides the episodes.
        export_asked(): Export the selected ones.
    """

    asked = Signal(str, dict)
    export_asked = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.count, self.about = label("", "heading"), label("", "muted")
        self.outcome_buttons = {
            name: KeyButton(words, key, theme, tip=f"All selected takes count as {name}")
            for name, words, key in OUTCOME_KEYS
        }
        self.reject = KeyButton("Reject", "X", theme, tip="Keep them out of training and export")
        self.accept = KeyButton(
            "Restore", "Shift+Del", theme, caption="⇧Del", tip="Take back: trash, or rejection"
        )
        self.trash = KeyButton("Trash", "Del", theme, tip="Put them into the trash")
        self.export = KeyButton(
            "Export …", "", theme, tip="Write the selected ones for another training code"
        )
        self.undo = KeyButton(
            "Undo", "Ctrl+Z", theme, caption="Ctrl Z", tip="Take the last step over several back"
        )
        self.redo = KeyButton("Redo", "Ctrl+Shift+Z", theme, caption="Ctrl ⇧ Z", tip="Make it again")
        self.instruction, self.notes, self.tags = QLineEdit(), QLineEdit(), QLineEdit()
        self._trashed = False
        self._build()
        self._connect()

    def _build(self) -> None:
        fields = (
            (self.instruction, "Instruction", "Said of all (Enter)"),
            (self.notes, "Notes", "Added to the notes (Enter)"),
            (self.tags, "Tags", "wet, -old (Enter)"),
        )
        for field, name, hint in fields:
            field.setAccessibleName(f"{name} of all selected")
            field.setPlaceholderText(hint)
        self.tags.setToolTip("Tags with commas between; a minus takes one away")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(self._theme.grid())
        grid.setVerticalSpacing(self._theme.grid(0.5))
        grid.addLayout(row(self.count, self.about, 1, self.trash), 0, 0, 1, 2)
        rows = (
            ("Outcome", row(*self.outcome_buttons.values(), 1, self.reject)),
            ("All", row(self.export, self.accept, 1, self.undo, self.redo)),
        )
        for number, (name, layout) in enumerate(rows, 1):
            grid.addWidget(label(name, "muted"), number, 0)
            grid.addLayout(layout, number, 1)
        names = [label(name, "muted") for _, name, _ in fields]
        texts = row(
            *(each for pair in zip(names, (field for field, *_ in fields), strict=True) for each in pair)
        )
        for column, share in ((1, 3), (3, 3), (5, 2)):
            texts.setStretch(column, share)
        grid.addLayout(texts, 3, 0, 1, 2)
        grid.setColumnStretch(1, 1)

    def _connect(self) -> None:
        for name, button in self.outcome_buttons.items():
            button.clicked.connect(lambda _on, name=name: self._change({"outcome": name}))
        self.reject.clicked.connect(lambda: self.asked.emit("reject", {}))
        self.trash.clicked.connect(lambda: self.asked.emit("trash", {}))
        self.accept.clicked.connect(
            lambda: self.asked.emit("restore", {} if self._trashed else {"reject": True})
        )
        self.undo.clicked.connect(lambda: self.asked.emit("undo_many", {}))
        self.redo.clicked.connect(lambda: self.asked.emit("redo_many", {}))
        self.export.clicked.connect(self.export_asked)
        self.instruction.returnPressed.connect(self._on_instruction)
        self.notes.returnPressed.connect(self._on_notes)
        self.tags.returnPressed.connect(self._on_tags)

    def show_items(self, items: Sequence[EpisodeRow]) -> None:
        """Show what is selected."""
        self.count.setText(f"{len(items)} selected")
        counts = {name: sum(item.outcome == name for item in items) for name, *_ in OUTCOME_KEYS}
        told = [f"{count} {name}" for name, count in counts.items() if count]
        rejected = sum(item.rejected for item in items)
        trashed = sum(bool(item.trashed_at) for item in items)
        told += [f"{rejected} rejected"] * bool(rejected) + [f"{trashed} in the trash"] * bool(trashed)
        seconds = sum(item.seconds for item in items)
        self.about.setText(" · ".join([*told, f"{seconds:.0f} s"]))
        self.about.setToolTip(plural(len(items), "episode"))
        self._trashed = trashed > 0
        self.accept.allow("" if trashed or rejected else "None of them is rejected or in the trash.")
        self.trash.allow("" if trashed < len(items) else "All of them are in the trash.")

    def _change(self, change: dict[str, Any]) -> None:
        self.asked.emit("change_many", {"change": change})

    def _on_instruction(self) -> None:
        if text := self.instruction.text().strip():
            self._change({"instruction": text})
            self.instruction.clear()

    def _on_notes(self) -> None:
        if text := self.notes.text().strip():
            self.asked.emit("change_many", {"append_notes": text})
            self.notes.clear()

    def _on_tags(self) -> None:
        words = tags_of(self.tags.text())
        gone = [word.lstrip("-−").strip() for word in words if word[0] in "-−"]
        fresh = [word for word in words if word[0] not in "-−"]
        if words:
            self.asked.emit("change_many", {"add_tags": fresh, "remove_tags": gone})
            self.tags.clear()
