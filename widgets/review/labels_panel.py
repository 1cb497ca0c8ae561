"""What the person says of the open episode: outcome, trim, phases, instruction, notes; with undo and redo."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QWidget

from app.core.episodes import EpisodeRow
from widgets.parts.key_button import CaptionButton, KeyButton
from widgets.parts.text import label, row
from widgets.theme.tokens import Theme

OUTCOME_KEYS = (("success", "✓ Success", "S"), ("failure", "✕ Failure", "F"), ("discarded", "– Discard", "D"))
PHASES = (("approach", "1"), ("contact", "2"), ("slide", "3"), ("release", "4"))
NO_EPISODE = "Choose an episode first."


def tags_of(text: str) -> list[str]:
    """Return the tags of a text in which commas stand between them, sorted."""
    return sorted({" ".join(word.split()) for word in text.split(",")} - {""})


class LabelsPanel(QWidget):
    """Buttons and fields of the labels; everything goes out as a signal, and comes back with `show_labels`.

    Signals:
        changed(dict): Fields of the labels with their new values.
        undo_asked(), redo_asked(): One step back or forward in the history.
        trim_asked(str): Set "start" or "end" at the playhead, or "clear" both.
        life_asked(str): Reject, restore, trash, split or join the open episode.
        phase_asked(str): Mark a phase at the playhead; empty takes the last mark away.
    """

    changed = Signal(dict)
    undo_asked = Signal()
    redo_asked = Signal()
    trim_asked = Signal(str)
    life_asked = Signal(str)
    phase_asked = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._item: EpisodeRow | None = None
        self._labels: dict[str, Any] = {}
        self.outcome_buttons = {
            name: KeyButton(words, key, theme, tip=f"This take counts as {name}")
            for name, words, key in OUTCOME_KEYS
        }
        self.phase_buttons = {
            name: KeyButton(name.capitalize(), key, theme, tip=f"Mark here: {name} begins")
            for name, key in PHASES
        }
        self.unmark = KeyButton(
            "", "Backspace", theme, caption="⌫", tip="Take the phase at the playhead away"
        )
        self.trim_in = KeyButton("In", "I", theme, tip="Cut off everything before the playhead")
        self.trim_out = KeyButton("Out", "O", theme, tip="Cut off everything after the playhead")
        self.trim_clear = KeyButton("Whole", "Shift+X", theme, caption="⇧X", tip="Cut nothing off")
        self.undo = CaptionButton("Undo", "Ctrl+Z", theme)
        self.redo = CaptionButton("Redo", "Ctrl+Shift+Z", theme)
        self.reject = KeyButton("Reject", "X", theme, tip="Keep it out of training and export; it stays here")
        self.trash = CaptionButton(
            "Trash", "Del", theme, tip="Put it into the trash; Filter shows what lies there"
        )
        self.split = KeyButton(
            "Split", "C", theme, tip="Split at the playhead into two episodes; can be undone"
        )
        self.join = KeyButton("Join", "Shift+C", theme, caption="⇧C", tip="Join this part with the next one")
        self.instruction, self.notes, self.tags = QLineEdit(), QLineEdit(), QLineEdit()
        self._build()
        self._connect()
        self.open(None)

    def _build(self) -> None:
        for button in self.outcome_buttons.values():
            button.setCheckable(True)
        self.reject.setCheckable(True)
        self.notes.setPlaceholderText("Anything worth knowing")
        self.tags.setPlaceholderText("wet board, for paper")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(self._theme.grid())
        grid.setVerticalSpacing(self._theme.grid(0.5))
        rows = (
            ("Outcome", row(*self.outcome_buttons.values(), 1, self.reject)),
            ("Phases", row(*self.phase_buttons.values(), self.unmark, 1)),
            ("Trim", row(self.trim_in, self.trim_out, self.trim_clear, 1, self.split, self.join)),
        )
        for number, (name, layout) in enumerate(rows):
            grid.addWidget(label(name, "muted"), number, 0)
            grid.addLayout(layout, number, 1)
        words = label("Notes", "muted")
        words.setBuddy(self.notes)
        self.notes.setAccessibleName("Notes")
        self.instruction.setAccessibleName("Instruction")
        tags = label("Tags", "muted")
        tags.setBuddy(self.tags)
        self.tags.setAccessibleName("Tags")
        texts = row(label("Instruction", "muted"), self.instruction, words, self.notes, tags, self.tags)
        for column, share in ((1, 3), (3, 3), (5, 2)):
            texts.setStretch(column, share)
        grid.addLayout(texts, len(rows), 0, 1, 2)
        grid.setColumnStretch(1, 1)

    def _connect(self) -> None:
        for name, button in self.outcome_buttons.items():
            button.clicked.connect(lambda _checked, name=name: self._on_outcome(name))
        for name, button in self.phase_buttons.items():
            button.clicked.connect(lambda _checked, name=name: self.phase_asked.emit(name))
        self.unmark.clicked.connect(lambda: self.phase_asked.emit(""))
        self.trim_in.clicked.connect(lambda: self.trim_asked.emit("start"))
        self.trim_out.clicked.connect(lambda: self.trim_asked.emit("end"))
        self.trim_clear.clicked.connect(lambda: self.trim_asked.emit("clear"))
        self.reject.clicked.connect(lambda on: self.life_asked.emit("reject" if on else "accept"))
        self.trash.clicked.connect(self._on_trash)
        self.split.clicked.connect(lambda: self.life_asked.emit("split"))
        self.join.clicked.connect(lambda: self.life_asked.emit("join"))
        self.tags.editingFinished.connect(self._on_tags)
        self.undo.clicked.connect(self.undo_asked)
        self.redo.clicked.connect(self.redo_asked)
        self.instruction.editingFinished.connect(
            lambda: self._on_text("instruction", self.instruction.text())
        )
        self.notes.editingFinished.connect(lambda: self._on_text("notes", self.notes.text()))

    def lead(self, alone: bool) -> None:
        """Show the buttons beside the names while one episode is selected, and only then."""
        for button in self.beside:
            button.setVisible(alone)

    def open(self, item: EpisodeRow | None) -> None:
        """Show an episode whose labels are not known yet, or none."""
        self._item, self._labels = item, {}
        hindrance = (
            NO_EPISODE
            if item is None
            else "This file is broken: it cannot be labelled."
            if item.broken
            else ""
        )
        for button in (
            *self.outcome_buttons.values(),
            *self.phase_buttons.values(),
            self.trim_in,
            self.trim_out,
            self.reject,
            self.split,
        ):
            button.allow(hindrance)
        self.trash.allow(NO_EPISODE if item is None else hindrance)
        part = item is not None and bool(item.part_of)
        self.join.allow(hindrance or ("" if part else "Only a part of a split episode can be joined."))
        self._show_life(item is not None and item.rejected, item is not None and bool(item.trashed_at))
        for field in (self.instruction, self.notes, self.tags):
            field.setEnabled(not hindrance)
            field.setToolTip(hindrance)
            field.setText(
                ""
            )  # not clear(): that counts as typed by the person, and what was said would not be shown
        self._show_outcome("" if item is None else item.outcome)
        self._show_history(hindrance, False, False)

    def show_labels(self, result: dict[str, Any]) -> None:
        """Show the labels as the reader has them."""
        if self._item is None:
            return
        self._labels = labels = result["labels"]
        self._show_outcome(labels["outcome"] or self._item.recorded_outcome)
        self._fill(self.instruction, self._said_instruction())
        self._fill(self.notes, labels["notes"])
        self._fill(self.tags, ", ".join(labels["tags"]))
        self._show_life(labels["rejected"], bool(labels["trashed_at"]))
        self._show_history("", result["can_undo"], result["can_redo"])

    def _said_instruction(self) -> str:
        said = self._labels.get("instruction")
        return str(said if said is not None else self._item.instruction if self._item else "")

    @staticmethod
    def _fill(field: QLineEdit, text: str) -> None:
        if field.text() != text and not field.isModified():
            field.setText(text)
            field.setCursorPosition(0)  # the beginning is what is read
        field.setModified(False)

    def _show_outcome(self, outcome: str) -> None:
        for name, button in self.outcome_buttons.items():
            button.setChecked(name == outcome)

    def _show_history(self, hindrance: str, can_undo: bool, can_redo: bool) -> None:
        self.undo.allow(hindrance or ("" if can_undo else "Nothing was changed yet."))
        self.redo.allow(hindrance or ("" if can_redo else "Nothing was undone."))
        labels = self._labels
        cut = labels.get("trim_start_ns") is not None or labels.get("trim_end_ns") is not None
        self.trim_clear.allow(hindrance or ("" if cut else "Nothing is cut off."))
        self.unmark.allow(hindrance or ("" if labels.get("phases") else "There is no phase mark."))

    def _show_life(self, rejected: bool, trashed: bool) -> None:
        self.reject.setChecked(rejected)
        self.trash.setText("Restore" if trashed else "Trash")

    @property
    def beside(self) -> tuple[CaptionButton, ...]:
        """Buttons that are of use whatever panel is shown: they stand in the row of names."""
        return self.undo, self.redo, self.trash

    def _on_trash(self) -> None:
        self.life_asked.emit("restore" if self._labels.get("trashed_at") else "trash")

    def _on_tags(self) -> None:
        tags = tags_of(self.tags.text())
        if self._labels and tags != list(self._labels.get("tags", ())):
            self.changed.emit({"tags": tags})

    def _on_outcome(self, name: str) -> None:
        self._show_outcome(name)
        self.changed.emit({"outcome": name})

    def _on_text(self, name: str, text: str) -> None:
        known = self._said_instruction() if name == "instruction" else self._labels.get("notes")
        if self._labels and text != known:
            self.changed.emit({name: text})
