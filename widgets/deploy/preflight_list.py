"""The preflight as lines with a sign, a name and words; the sign says it without colour."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from app.deploy.preflight import Line, Verdict
from widgets.parts.elided import ElidedLabel
from widgets.parts.text import label, set_role
from widgets.theme.tokens import Theme

LOOKS = {Verdict.GOOD: ("✓", "good"), Verdict.NOTE: ("•", "warning"), Verdict.STOP: ("✕", "error")}
MOST = 5


class Words(ElidedLabel):
    """Words in as many lines as they need where there is room for these, else one line that is cut with …."""

    def __init__(self) -> None:
        super().__init__("", "small")
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.setContentsMargins(0, 2, 0, 0)  # its letters are smaller than those of the name beside it
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def sizeHint(self) -> QSize:
        """Return the room that all lines take in the present width."""
        return QSize(super().sizeHint().width(), self.heightForWidth(self.width()))

    def minimumSizeHint(self) -> QSize:
        """Return the room of one line."""
        return QSize(super().minimumSizeHint().width(), self.fontMetrics().height() + 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Ask for other room if the words break elsewhere now."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    @property
    def is_whole(self) -> bool:
        """Whether there is room for all lines."""
        return self.height() >= self.heightForWidth(self.width())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw all lines, or one."""
        if self.is_whole:
            self.setToolTip("")
            QLabel.paintEvent(self, event)
        else:
            super().paintEvent(event)


class PreflightList(QWidget):
    """Shows lines; keeps room for all of them."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.lines: list[Line] = []
        self._rows: list[tuple[QLabel, QLabel, Words]] = []
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.grid())
        grid.setVerticalSpacing(theme.grid(0.5))
        grid.setColumnStretch(2, 1)
        for number in range(MOST):
            sign, name, words = label(), label("", "muted"), Words()
            for column, widget in enumerate((sign, name)):
                grid.addWidget(widget, number, column, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(words, number, 2)  # not aligned: an aligned one gets a single line
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
