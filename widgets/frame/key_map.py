"""The key map: an overlay with every key of the open page and of the window. Any key or click closes it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from widgets.theme.tokens import Theme

Row = tuple[str, str]
COLUMN_WIDTH = 410


def balanced(groups: Sequence[tuple[Row, ...]], columns: int) -> list[list[tuple[Row, ...]]]:
    """Return the groups in their order, spread over columns of about equal length."""
    total = sum(len(group) + 1 for group in groups)
    stacks: list[list[tuple[Row, ...]]] = [[]]
    filled = 0
    for group in groups:
        middle = filled + (len(group) + 1) / 2
        if stacks[-1] and len(stacks) < columns and middle > total * len(stacks) / columns:
            stacks.append([])
        stacks[-1].append(group)
        filled += len(group) + 1
    return stacks


class KeyCap(QLabel):
    """A key drawn as a key."""

    def __init__(self, words: str, theme: Theme) -> None:
        super().__init__(words)
        self.setStyleSheet(
            f"background: {theme.colours['raised']}; border: 1px solid {theme.colours['line']};"
            f"border-bottom-width: 3px; border-radius: 4px; padding: 2px 8px; font-weight: 600;"
        )


class KeyMap(QWidget):
    """Covers its host while it is shown."""

    def __init__(self, theme: Theme, host: QWidget) -> None:
        super().__init__(host)
        self._theme = theme
        self._host = host
        self._card: QFrame | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        host.installEventFilter(self)
        self.hide()

    def open(self, title: str, groups: Sequence[tuple[Row, ...]]) -> None:
        """Show these rows; a row ("", heading) starts a group."""
        if self._card is not None:
            self._card.deleteLater()
        self._card = self._make_card(title, groups)
        self.resize(self._host.size())
        self.show()
        self.raise_()
        self._place()
        self.setFocus()

    def _make_card(self, title: str, groups: Sequence[tuple[Row, ...]]) -> QFrame:
        theme = self._theme
        card = QFrame(self)
        card.setProperty("role", "card")
        column = QVBoxLayout(card)
        column.setContentsMargins(theme.grid(4), theme.grid(3), theme.grid(4), theme.grid(3))
        column.setSpacing(theme.grid(2))
        head = QLabel(title)
        head.setProperty("role", "title")
        column.addWidget(head)
        row = QHBoxLayout()
        row.setSpacing(theme.grid(4))
        columns = max(1, min(3, self._host.width() // COLUMN_WIDTH))
        for stack in balanced([group for group in groups if group], columns):
            column_of_groups = QVBoxLayout()
            column_of_groups.setSpacing(theme.grid(2))
            for group in stack:
                column_of_groups.addLayout(self._make_group(group))
            column_of_groups.addStretch(1)
            row.addLayout(column_of_groups)
        column.addLayout(row)
        foot = QLabel("Press any key to close")
        foot.setProperty("role", "muted")
        column.addWidget(foot)
        return card

    def _make_group(self, rows: tuple[Row, ...]) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(self._theme.grid(2))
        grid.setVerticalSpacing(self._theme.grid(0.75))
        for index, (key, words) in enumerate(rows):
            if not key:
                heading = QLabel(words)
                heading.setProperty("role", "heading")
                grid.addWidget(heading, index, 0, 1, 2)
                continue
            grid.addWidget(KeyCap(key, self._theme), index, 0, Qt.AlignmentFlag.AlignLeft)
            text = QLabel(words)
            text.setWordWrap(True)
            text.setMinimumWidth(self._theme.grid(26))
            grid.addWidget(text, index, 1)
        return grid

    def _place(self) -> None:
        if self._card is not None:
            self._card.adjustSize()
            self._card.move(
                (self.width() - self._card.width()) // 2, max(0, (self.height() - self._card.height()) // 2)
            )
            self._card.show()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Dim what lies below."""
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), self._theme.colour("overlay_ground", 0.6))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close on any key."""
        self.hide()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Close on any click."""
        self.hide()
        event.accept()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the host's size."""
        if watched is self._host and event.type() == QEvent.Type.Resize and self.isVisible():
            self.resize(self._host.size())
            self._place()
        return False
