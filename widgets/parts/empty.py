"""What a workspace shows while there is nothing: what to do next, large enough to read from afar."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLayout, QVBoxLayout, QWidget

from widgets.parts.text import label
from widgets.theme.tokens import Theme


class Empty(QWidget):
    """A heading and a sentence, in the middle of the space."""

    def __init__(
        self, theme: Theme, heading: str = "", words: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._heading, self._words = label(heading, "title", wrap=True), label(words, "muted", wrap=True)
        layout = self._layout = QVBoxLayout(self)
        layout.setSpacing(theme.grid())
        layout.addStretch(1)
        for line in (self._heading, self._words):
            line.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(line)
        layout.addStretch(1)

    def add_below(self, more: QLayout) -> None:
        """Put something below the words."""
        self._layout.insertLayout(self._layout.count() - 1, more)

    def say(self, heading: str, words: str = "") -> None:
        """Change the words."""
        self._heading.setText(heading)
        self._words.setText(words)

    def text(self) -> str:
        """Return all words."""
        return f"{self._heading.text()} {self._words.text()}".strip()
