"""The search field of Review: text in the search language, completed while typing, a mistake told beneath."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCompleter, QLineEdit

from app.core.episodes import EpisodeRow
from app.review.search import EVERYTHING, Query, SearchError, parse, tokens_of
from app.review.search_words import Completions, complete, is_begun, values_of, with_term

PLACEHOLDER = "Search, peak > 12 N"


class SearchField(QLineEdit):
    """Holds the one text that says which episodes are listed; menus and charts write into it.

    Attributes:
        query: The last text that could be meant.
        values: Field to the values that occur in the list.
        measures: Names of the quality measures that occur.

    Signals:
        asked(object): Another `Query` holds.
        mistaken(str): What is wrong with the text; empty when nothing is.
    """

    asked = Signal(object)
    mistaken = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.query: Query = EVERYTHING
        self.values: dict[str, list[str]] = {}
        self.measures: tuple[str, ...] = ()
        self._found = Completions(0, 0, ())
        self._rows: Sequence[EpisodeRow] = ()
        self._stale = False
        self.setPlaceholderText(PLACEHOLDER)
        self.setClearButtonEnabled(True)
        self.setAccessibleName("Search")
        self._words = QStringListModel(self)
        self._completer = QCompleter(self._words, self)
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._completer.setWidget(self)
        self._completer.activated.connect(self._on_completion)
        self._typing = False
        self.textChanged.connect(lambda _text: self._on_typed() if self._typing else self.read())
        self.returnPressed.connect(self.read)
        self.textEdited.connect(lambda _text: self._offer())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Note that the text is typed, and not finished."""
        self._typing = True
        super().keyPressEvent(event)
        self._typing = False

    def know(self, rows: Sequence[EpisodeRow]) -> None:
        """Take over the rows whose values and measures can be searched; read when they are needed."""
        self._rows, self._stale = rows, True
        measures = {name for row in rows for name in row.measures}
        if measures != set(self.measures):
            self.measures = tuple(sorted(measures))
            self.read()

    def known_values(self) -> dict[str, list[str]]:
        """Return the values that occur, by field."""
        if self._stale:
            self.values, self._stale = values_of(self._rows), False
        return self.values

    def read(self) -> None:
        """Read the text; one that cannot be meant leaves the last good query as it is."""
        self._take(self.text())

    def _on_typed(self) -> None:
        """Read what was typed, but for a last word that may become the name of a field."""
        text = self.text()
        last = tokens_of(text)[-1:]
        if (
            last
            and last[0].kind == "word"
            and last[0].end == len(text)
            and is_begun(last[0].text, self.measures)
        ):
            text = text[: last[0].start]
        self._take(text)

    def _take(self, text: str) -> None:
        try:
            query = parse(text, self.measures)
        except SearchError as error:
            self.mistaken.emit(error.sentence())
            return
        self.mistaken.emit("")
        self.query = query
        self.asked.emit(query)

    def put(self, name: str, term: str) -> None:
        """Replace the condition on a field by another; an empty one takes it out."""
        self.setText(with_term(self.text(), name, term, self.measures))

    def begin(self, text: str) -> None:
        """Put the beginning of a condition behind the text, for the person to go on."""
        self.setText(f"{self.text().strip()} {text}".lstrip())
        self.setFocus()
        self.end(False)

    def _offer(self) -> None:
        at = self.cursorPosition()
        self._found = complete(self.text(), at, self.known_values(), self.measures)
        typed = self.text()[self._found.start : self._found.end]
        if not self._found.words or self._found.words == (typed,):
            if (popup := self._completer.popup()) is not None:
                popup.hide()
            return
        self._words.setStringList(list(self._found.words))
        self._completer.complete()

    def _on_completion(self, word: str) -> None:
        text, found = self.text(), self._found
        self.setText(text[: found.start] + word + text[found.end :])
        self.setCursorPosition(found.start + len(word))
        if word.endswith(":"):
            self._offer()
