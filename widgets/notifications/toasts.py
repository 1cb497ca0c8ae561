"""Toasts: the newest messages for some seconds at the upper right, over the page, never in the way of the keyboard."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from widgets.notifications.centre import Notification, Notifications
from widgets.theme.icons import icon, picture
from widgets.theme.tokens import Theme

SECONDS = {"info": 5, "warning": 9, "error": 15}
MOST = 3
COLOURS = {"info": "accent", "warning": "warning", "error": "bad"}


class Toast(QFrame):
    """One message with its icon and a close button; `closed` when its time is over or the person hid it."""

    closed = Signal()

    def __init__(self, item: Notification, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.item = item
        self.setProperty("role", "card")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        colour = theme.colour(COLOURS[item.level]).name()
        self.setStyleSheet(f'QFrame[role="card"] {{ border-left: 4px solid {colour}; }}')
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.grid(1.5), theme.grid(), theme.grid(), theme.grid())
        row.setSpacing(theme.grid())
        sign = QLabel()
        sign.setPixmap(picture(item.level, colour))
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        self._words = QLabel()
        self._words.setWordWrap(True)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(self._words, 1)
        close = QToolButton()
        close.setProperty("role", "quiet")
        close.setIcon(icon("close", theme.colour("muted").name(), size=16))
        close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        close.setToolTip("Hide; the message stays in the list")
        close.clicked.connect(self.closed)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.closed)
        self.refresh()

    def refresh(self) -> None:
        """Show the message again with its count; only an error's time starts anew, a chatter must not stay for ever."""
        times = f"  (×{self.item.count})" if self.item.count > 1 else ""
        self._words.setText(self.item.text + times)
        if self.item.level == "error" or not self._timer.isActive():
            self._timer.start(SECONDS[self.item.level] * 1000)


class Toasts(QWidget):
    """The stack of toasts over a host widget; takes no room and no clicks beside its toasts."""

    def __init__(self, notifications: Notifications, theme: Theme, host: QWidget) -> None:
        super().__init__(host)
        self._theme = theme
        self._host = host
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.grid())
        self._toasts: list[Toast] = []
        self.cover: QWidget | None = None  # while this is open, it shows the messages itself
        host.installEventFilter(self)
        notifications.added.connect(self._on_added)
        self.hide()

    def clear(self) -> None:
        """Hide all toasts; the messages stay in the list."""
        while self._toasts:
            self._drop(self._toasts[0])

    def _on_added(self, item: Notification) -> None:
        if self.cover is not None and self.cover.isVisible():
            return
        for toast in self._toasts:
            if toast.item is item:
                toast.refresh()
                self.place()
                return
        while len(self._toasts) >= MOST:
            self._drop(self._toasts[0])
        toast = Toast(item, self._theme, self)
        toast.closed.connect(partial(self._drop, toast))
        self._toasts.append(toast)
        self._column.addWidget(toast)
        self.show()
        self.raise_()
        self.place()

    def _drop(self, toast: Toast) -> None:
        if toast in self._toasts:
            self._toasts.remove(toast)
            self._column.removeWidget(toast)
            toast.hide()
            toast.deleteLater()
        if self._toasts:
            self.place()
        else:
            self.hide()

    def place(self) -> None:
        """Move to the upper right of the host: what is pressed and watched most lies below."""
        width = min(self._theme.grid(52), self._host.width() - self._theme.grid(4))
        height = 0
        for toast in self._toasts:
            toast.setFixedSize(width, toast.heightForWidth(width))
            height += toast.height() + self._column.spacing()
        self.setFixedSize(width, max(1, height))
        margin = self._theme.grid(2)
        self.move(self._host.width() - width - margin, self._theme.grid(5))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the host's size."""
        if watched is self._host and event.type() == QEvent.Type.Resize and self._toasts:
            self.place()
        return False
