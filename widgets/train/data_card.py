"""The card Data of Train: folders of episodes with their counts, what is left out of them, and how much is left."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from app.core.episodes import EpisodeRow
from app.learning.choosing import DataChoice, DataReport, sift
from widgets.context import WindowContext
from widgets.parts.episodes import plural
from widgets.parts.key_button import KeyButton
from widgets.parts.library import Library
from widgets.parts.progress_line import duration
from widgets.parts.text import label, row


class DataCard(QObject):
    """Folders to learn from, and the choice within them.

    Signals:
        changed(): Counts, folders or the choice are others.
    """

    changed = Signal()

    def __init__(self, context: WindowContext, library: Library, parent: QObject) -> None:
        super().__init__(parent)
        self._context, self._library = context, library
        project = context.project
        self.folders: dict[str, Path] = {
            "Demonstrations": project.demonstrations, "Augmented": project.augmented, "Rollouts": project.rollouts
        }  # fmt: skip
        self.rows: dict[str, list[EpisodeRow]] = {}
        self.usable: dict[str, int | None] = dict.fromkeys(self.folders)
        self.choice = DataChoice()
        self.kept: list[EpisodeRow] = []
        self.report = DataReport()
        self.boxes = {name: QCheckBox(name) for name in self.folders}
        self._counts = {name: label("", "small") for name in self.folders}
        self.total = label("", "small", wrap=True)
        self.choose = KeyButton(
            "Choose …",
            "",
            context.theme,
            tip="See the episodes, leave flagged or poor ones out, set the rate",
        )
        for name in ("Demonstrations", "Augmented"):
            self.boxes[name].setChecked(True)
        self.boxes["Rollouts"].setToolTip("A policy's own rollouts that the task's score accepted")
        for box in self.boxes.values():
            box.toggled.connect(lambda _on: self.count())

    def fill(self, inner: QVBoxLayout) -> None:
        """Put the fields into a card."""
        inner.setSpacing(0)
        for name, box in self.boxes.items():
            inner.addLayout(row(box, 1, self._counts[name]))
        told = row(self.total, self.choose)
        told.setStretch(0, 1)
        inner.addLayout(told)

    def refresh(self) -> None:
        """Ask for the episodes again."""
        for name, folder in self.folders.items():
            self._library.list(folder, partial(self._on_listed, name))

    def _on_listed(self, name: str, items: list[EpisodeRow], error: str) -> None:
        self.rows[name] = items
        self.usable[name] = None if error else sum(item.usable for item in items)
        if error:
            self._context.notifications.error(error, "train")
        self.count()

    def set_choice(self, choice: DataChoice) -> None:
        """Leave other episodes out."""
        self.choice = choice
        self.count()

    def take_over(self, choice: DataChoice, folders: Sequence[str]) -> None:
        """Choose as for another run; folders that are none of this project's change no tick."""
        known = {name: str(folder.resolve()) in folders for name, folder in self.folders.items()}
        if any(known.values()):
            for name, box in self.boxes.items():
                box.setChecked(known[name])
        self.set_choice(choice)

    def chosen(self) -> list[str]:
        """Return the names of the folders that are ticked."""
        return [name for name, box in self.boxes.items() if box.isChecked()]

    def chosen_rows(self) -> list[EpisodeRow]:
        """Return all episodes of the ticked folders."""
        return [item for name in self.chosen() for item in self.rows.get(name, ())]

    def count(self) -> None:
        """Find out again what is learned from, and say it."""
        for name, number in self.usable.items():
            words = "…" if number is None else plural(number, "success", "successes")
            self._counts[name].setText(words)
        self.kept, self.report = sift(self.chosen_rows(), self.choice)
        self.total.setText(sentence(self.kept, self.report))
        self.changed.emit()

    def hindrance(self) -> str:
        """Return why nothing can be learned from; empty if something can."""
        chosen = self.chosen()
        if not chosen:
            return "Choose at least one folder of episodes."
        if not any(self.usable.values()):
            return "There is no kept success to learn from: record demonstrations in Collect (Ctrl+1)."
        if not sum(self.usable[name] or 0 for name in chosen):
            return "The chosen folders hold no kept success: choose another, or judge episodes in Review (Ctrl+2)."
        if not self.kept:
            return "All kept successes are left out: leave fewer out (Choose …)."
        return ""

    def words(self) -> list[str]:
        """Return the arguments of `train`; folders without a success are left out."""
        words = [str(self.folders[name]) for name in self.chosen() if self.usable[name]]
        if self.choice.without:
            words += ["--without", ",".join(self.choice.without)]
        if self.choice.least_score is not None:
            words += ["--least-score", f"{self.choice.least_score:g}"]
        return words

    def fields(self) -> tuple[QWidget, ...]:
        """Return what locks while something runs."""
        return *self.boxes.values(), self.choose


def sentence(kept: list[EpisodeRow], report: DataReport) -> str:
    """Return how much there is to learn from, and how much was left out."""
    seconds = sum(end - start for start, end in (item.span_ns for item in kept)) / 1e9
    words = f"{plural(len(kept), 'episode')} to learn from"
    if kept:
        words += f", {duration(seconds)}"
    return f"{words}; {len(report.left_out)} left out." if report.left_out else f"{words}."
