"""The filter menu of Review, for people who do not type: it writes into the search field and shows what is there."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from app.core.episodes import EpisodeRow
from app.review.search_words import plain_term, quoted
from widgets.review.search_field import SearchField

Entry = tuple[str, str]  # words, condition
MOST = 12
FORCES_N = (2, 5, 10, 20, 40)
LENGTHS_S = (5, 10, 20, 60)
STATES = (
    ("Flagged", "flagged"), ("Trimmed", "trimmed"), ("Rejected", "rejected"), ("Recovered", "recovered"),
    ("Part of a split episode", "part"), ("With a note", "noted"), ("Broken file", "broken"),
)  # fmt: skip
FLAGS = (
    ("Stuck stream", "stuck"), ("Stalled stream", "stalled"), ("Gap", "gap"), ("Samples dropped", "dropped"),
    ("Recovered", "recovered"),
)  # fmt: skip
OUTCOMES = (("✓ Success", "success"), ("✕ Failure", "failure"), ("– Discarded", "discarded"))


class FilterMenu(QMenu):
    """Built anew each time it opens, from the values that occur."""

    def __init__(self, search: SearchField) -> None:
        super().__init__()
        self._search = search
        self.rows: Sequence[EpisodeRow] = ()
        self.aboutToShow.connect(self.build)

    def build(self) -> None:
        """Fill the menu."""
        self.clear()
        values = self._search.known_values()
        self._add("Outcome", "outcome", [(words, f"outcome:{value}") for words, value in OUTCOMES])
        self._add("Phase", "phase", self._of(values, "phase"))
        self._add("Flags", "flag", [(words, f"flag:{value}") for words, value in FLAGS])
        self._add("Peak force", "peak", [(f"> {n} N", f"peak > {n} N") for n in FORCES_N], "peak > ")
        lengths = [(f"< {s} s", f"length < {s} s") for s in LENGTHS_S[:3]]
        lengths += [(f"> {s} s", f"length > {s} s") for s in LENGTHS_S]
        self._add("Length", "length", lengths, "length > ")
        self._add("Score", "score", [(f"≥ {s}", f"score >= {s}") for s in (0.5, 0.8, 0.9)], "score >= ")
        for title, name in (("Operator", "operator"), ("Task", "task"), ("Tag", "tag")):
            self._add(title, name, self._of(values, name))
        days = sorted(values.get("date", []), reverse=True)
        months = list(dict.fromkeys(day[:7] for day in days))
        self._add("Date", "date", [(day, f"date:{day}") for day in (*months[:3], *days[: MOST - 3])])
        self._add("State", "is", [(words, f"is:{value}") for words, value in STATES])
        self._build_end()

    def _build_end(self) -> None:
        self.addSeparator()
        trashed = sum(1 for row in self.rows if row.trashed_at)
        trash = self._entry(self, "is", (f"Trash ({trashed})", "is:trashed"))
        trash.setEnabled(trashed > 0 or trash.isChecked())
        nothing = self.addAction("No filter")
        nothing.setEnabled(bool(self._search.text()))
        nothing.triggered.connect(self._search.clear)

    @staticmethod
    def _of(values: dict[str, list[str]], name: str) -> list[Entry]:
        return [(value, f"{name}:{quoted(value)}") for value in values.get(name, [])[:MOST]]

    def _add(self, title: str, name: str, entries: Sequence[Entry], begin: str = "") -> None:
        menu = self.addMenu(title)
        menu.setEnabled(bool(entries))
        for entry in entries:
            self._entry(menu, name, entry)
        if begin:
            menu.addSeparator()
            menu.addAction("Type a number …").triggered.connect(lambda: self._search.begin(begin))

    def _entry(self, menu: QMenu, name: str, entry: Entry) -> QAction:
        words, condition = entry
        term = plain_term(self._search.query, name)
        holds = term is not None and self._search.query.text[term.start : term.end] == condition
        action = menu.addAction(words)
        action.setCheckable(True)
        action.setChecked(holds)
        action.triggered.connect(lambda: self._search.put(name, "" if holds else condition))
        return action
