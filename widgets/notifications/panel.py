"""The list of all messages since the window opened: a panel at the right that opens from the bell."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from widgets.notifications.centre import Notification, Notifications
from widgets.notifications.toasts import COLOURS
from widgets.theme.icons import picture
from widgets.theme.tokens import Theme

SHOWN = 100


class NotificationPanel(QFrame):
    """The newest messages, newest first. Hidden until the bell is pressed."""

    def __init__(self, notifications: Notifications, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._notifications = notifications
        self._theme = theme
        self.setProperty("role", "card")
        self.setFixedWidth(theme.grid(52))
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.grid(2), theme.grid(2), theme.grid(2), theme.grid(2))
        column.addLayout(self._head())
        self._list = QWidget()
        self._rows = QVBoxLayout(self._list)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(theme.grid())
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self._list)
        column.addWidget(area, 1)
        notifications.changed.connect(self._on_changed)
        self.hide()

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        title = QLabel("Messages")
        title.setProperty("role", "title")
        row.addWidget(title, 1)
        for words, slot in (
            ("Copy all", self._copy),
            ("Clear", self._notifications.clear),
            ("Close", self.hide),
        ):
            button = QPushButton(words)
            button.setProperty("role", "quiet")
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(slot)
            row.addWidget(button)
        return row

    def open(self) -> None:
        """Show the list and count its messages as seen."""
        self.show()
        self.raise_()
        self._notifications.mark_seen()
        self._fill()

    def recolour(self, _colours: object = None) -> None:
        """Draw the signs in the colours of the theme."""
        self._on_changed()

    def _on_changed(self) -> None:
        if self.isVisible():
            self._fill()

    def _fill(self) -> None:
        while (item := self._rows.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        items = list(self._notifications.items)[-SHOWN:]
        for notification in reversed(items):
            self._rows.addWidget(self._row(notification))
        if not items:
            empty = QLabel(
                "Nothing yet. What goes wrong, and what the processes have to say, is listed here."
            )
            empty.setProperty("role", "muted")
            empty.setWordWrap(True)
            self._rows.addWidget(empty)
        self._rows.addStretch(1)

    def _row(self, item: Notification) -> QWidget:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(self._theme.grid())
        sign = QLabel()
        sign.setPixmap(picture(item.level, self._theme.colour(COLOURS[item.level]).name(), 20))
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(2)
        times = f" ×{item.count}" if item.count > 1 else ""
        head = QLabel(f"{time.strftime('%H:%M:%S', time.localtime(item.when))} · {item.source}{times}")
        head.setProperty("role", "small")
        words = QLabel(item.text)
        words.setWordWrap(True)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if item.detail:
            words.setToolTip("“Copy all” also copies the details of this error for the developers.")
        column.addWidget(head)
        column.addWidget(words)
        row.addLayout(column, 1)
        return box

    def _copy(self) -> None:
        lines = []
        for item in self._notifications.items:
            stamp = time.strftime("%H:%M:%S", time.localtime(item.when))
            lines.append(
                f"{stamp} {item.level} {item.source}: {item.text}"
                + (f"\n{item.detail}" if item.detail else "")
            )
        QApplication.clipboard().setText("\n".join(lines))
