"""The preflight as lines with a sign, a name and words; the sign says it without colour."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from app.deploy.preflight import Line, Verdict
from widgets.parts.elided import ElidedLabel
from widgets.parts.text import label, set_role
from widgets.theme.tokens import Theme

LOOKS = {Verdict.GOOD: ("✓", "good"), Verdict.NOTE: ("•", "warning"), Verdict.STOP: ("✕", "error")}
MOST = 5


class PreflightList(QWidget):
    """Shows lines; keeps room for all of them."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.lines: list[Line] = []
        self._rows: list[tuple[QLabel, QLabel, QLabel]] = []
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.grid())
        grid.setVerticalSpacing(theme.grid(0.5))
        grid.setColumnStretch(2, 1)
        for number in range(MOST):
            sign, name, words = label(), label("", "muted"), ElidedLabel("", "small")
            for column, widget in enumerate((sign, name, words)):
                grid.addWidget(widget, number, column, Qt.AlignmentFlag.AlignTop)
            self._rows.append((sign, name, words))

    def show_lines(self, lines: list[Line]) -> None:
        """Show the lines of a preflight."""
        self.lines = lines
        for (sign, name, words), line in zip(self._rows, lines, strict=True):
            mark, role = LOOKS[line.verdict]
            sign.setText(mark)
            set_role(sign, role)
            name.setText(line.name)
            words.setText(line.words)
            set_role(words, "error" if line.verdict is Verdict.STOP else "small")
