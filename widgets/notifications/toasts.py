"""Toasts: the newest messages for some seconds, never in the way of the keyboard.

At the upper right over the page; in the rail, below the names of the workspaces, where the page shows the robot as it
moves.
"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from widgets.frame.rail import Rail
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
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(theme.grid(1.5), theme.grid(), theme.grid(), theme.grid())
        self._grid.setSpacing(theme.grid())
        self._grid.setVerticalSpacing(theme.grid(0.5))
        self._grid.setColumnStretch(1, 1)
        self._sign = QLabel()
        self._grid.addWidget(self._sign, 0, 0, Qt.AlignmentFlag.AlignTop)
        self._words = QLabel()
        self._words.setWordWrap(True)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._grid.addWidget(self._words, 0, 1)
        self._below, self._theme = False, theme
        close = self._close = QToolButton()
        close.setProperty("role", "quiet")
        self.recolour()
        close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        close.setToolTip("Hide; the message stays in the list")
        close.setFixedSize(theme.grid(3), theme.grid(3))
        close.setStyleSheet("min-height: 0; padding: 0;")
        close.clicked.connect(self.closed)
        self._grid.addWidget(close, 0, 2, Qt.AlignmentFlag.AlignTop)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.closed)
        self.refresh()

    def recolour(self, _colours: object = None) -> None:
        """Draw sign and cross in the colours of the theme."""
        self._sign.setPixmap(picture(self.item.level, self._theme.colour(COLOURS[self.item.level]).name()))
        self._close.setIcon(icon("close", self._theme.colour("muted").name(), size=16))

    def set_narrow(self, narrow: bool) -> None:
        """Put the words below icon and button, and smaller, instead of between them."""
        if narrow != self._below:
            self._below = narrow
            self._words.setFont(self._theme.font("small" if narrow else "text"))
            self._grid.removeWidget(self._words)
            self._grid.addWidget(self._words, *((1, 0, 1, 3) if narrow else (0, 1, 1, 1)))

    def refresh(self) -> None:
        """Show the message again with its count; only an error's time starts anew, a chatter must not stay for ever."""
        times = f"  (×{self.item.count})" if self.item.count > 1 else ""
        self._words.setText(self.item.text + times)
        if self.item.level == "error" or not self._timer.isActive():
            self._timer.start(SECONDS[self.item.level] * 1000)


class Toasts(QWidget):
    """The stack of toasts over a host widget or in the rail; takes no room and no clicks beside its toasts.

    Args:
        host: The pages; its parent holds the stack.
        rail: Stands beside it.
    """

    def __init__(self, notifications: Notifications, theme: Theme, host: QWidget, rail: Rail) -> None:
        super().__init__(host.parentWidget())
        self._theme = theme
        self._host, self._rail = host, rail
        self._beside = False
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
        if item.level == "info" and item.count > 1:
            return  # it was shown a moment ago; the list counts on
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

    def set_beside(self, beside: bool) -> None:
        """Stand in the rail from now on, or over the page."""
        self._beside = beside
        if self._toasts:
            self.place()

    def place(self) -> None:
        """Move to the rail's free part, or to the upper right of the page: what is pressed most lies below."""
        width = min(self._theme.grid(52), self._host.width() - self._theme.grid(4))
        if self._beside:
            width = self._rail.width() - self._theme.grid(2)
        heights = []
        for toast in self._toasts:
            toast.set_narrow(self._beside)
            toast.setFixedWidth(width)
            toast.setFixedHeight(toast.heightForWidth(width))
            heights.append(toast.height() + self._column.spacing())
        if self._beside:
            self._place_beside(width, heights)
            return
        for toast in self._toasts:
            toast.show()
        self.setFixedSize(width, max(1, sum(heights)))
        margin = self._theme.grid(2)
        self.move(self._host.x() + self._host.width() - width - margin, self._host.y() + self._theme.grid(5))

    def _place_beside(self, width: int, heights: list[int]) -> None:
        """Stand at the foot of the rail; the oldest ones that do not fit are in the list of messages alone."""
        room = self._rail.free_area()
        used = 0
        fits: list[bool] = []
        for height in reversed(heights):
            fits.append(not fits or (fits[-1] and used + height <= room.height()))
            used += height if fits[-1] else 0
        for toast, shown in zip(self._toasts, reversed(fits), strict=True):
            toast.setVisible(shown)
        self.setFixedSize(width, max(1, used))
        self.move(self._rail.x() + self._theme.grid(), self._rail.y() + self._rail.height() - used)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the host's size."""
        if watched is self._host and event.type() == QEvent.Type.Resize and self._toasts:
            self.place()
        return False
