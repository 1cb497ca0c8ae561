"""How far a long action is: a bar, counts in words, and the time that is left."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from widgets.parts.elided import ElidedLabel
from widgets.parts.text import label
from widgets.theme.tokens import Theme


def duration(seconds: float) -> str:
    """Return a duration in words that are as exact as an estimate deserves ("40 s", "3 min", "2 h 10 min")."""
    if seconds < 1:
        return "a moment"
    if seconds < 90:
        return f"{round(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


class ProgressLine(QWidget):
    """A progress bar over a line of words; keeps its place while nothing runs."""

    def __init__(
        self, theme: Theme, now: Callable[[], float] = time.monotonic, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._now = now
        self._since = now()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setStyleSheet("min-height: 6px; max-height: 6px; border-radius: 3px;")
        self._words, self._left = ElidedLabel("", "muted"), label("", "number")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.grid(0.5))
        layout.addWidget(self.bar)
        line = QHBoxLayout()
        line.addWidget(self._words, 1)
        line.addWidget(self._left)
        layout.addLayout(line)
        self.rest("")

    def begin(self, words: str) -> None:
        """Show that something began whose end cannot be told yet."""
        self._since = self._now()
        self.bar.setRange(0, 0)
        self._words.setText(words)
        self._left.setText("")

    def advance(self, done: int, total: int, words: str, left_s: float | None = None) -> None:
        """Show `done` of `total`; without `left_s` the time left is estimated from the pace so far."""
        self.bar.setRange(0, max(1, total))
        self.bar.setValue(min(done, total))
        self._words.setText(words)
        if left_s is None and done > 0:
            left_s = (self._now() - self._since) / done * (total - done)
        self._left.setText("" if left_s is None or done >= total else f"about {duration(left_s)} left")

    def rest(self, words: str) -> None:
        """Show that nothing runs, and how the last action ended."""
        self.bar.setRange(0, 1)
        self.bar.setValue(0)
        self._words.setText(words)
        self._left.setText("")

    def text(self) -> str:
        """Return the words that are shown."""
        return f"{self._words.text()} {self._left.text()}".strip()
