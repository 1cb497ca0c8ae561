"""The window: header, rail, five workspaces, status strip, messages, key map, and Esc that stops everywhere."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from widgets.context import WindowContext
from widgets.frame.governor import GovernorWatch
from widgets.frame.header import Header
from widgets.frame.key_map import KeyMap
from widgets.frame.rail import Rail
from widgets.frame.strip import StatusStrip
from widgets.hand.hand import TYPING
from widgets.hand.keys import EVERYWHERE, with_dead_man
from widgets.layout_state import LayoutState
from widgets.notifications.panel import NotificationPanel
from widgets.notifications.toasts import Toasts
from widgets.page import Page
from widgets.rig_session import RigPhase

HEALTH_MS = 500


class MainWindow(QWidget):
    """Frame around the pages.

    Signals:
        theme_asked(): The person wants the other theme.

    Args:
        pages: Page classes in the order of the rail.
        layout_state: Remembers geometry and pages.
    """

    theme_asked = Signal()

    def __init__(
        self, context: WindowContext, pages: Sequence[type[Page]], layout_state: LayoutState
    ) -> None:
        super().__init__()
        self.context = context
        self.setObjectName("window")
        self.setWindowTitle(f"{context.project.root.name} · {context.rig.name} · Touchstone")
        self.setMinimumSize(1100, 680)
        self.resize(1600, 1000)
        self._layout_state = layout_state
        self._closing = False
        self._last_escape = 0
        self.pages = [page(context) for page in pages]
        self._header = Header(context)
        self._rail = Rail(pages, context.theme)
        self._stack = QStackedWidget()
        for page in self.pages:
            self._stack.addWidget(page)
        self.strip = StatusStrip(context.status, context.theme)
        self._build()
        self.toasts = Toasts(context.notifications, context.theme, self._stack, self._rail)
        self.panel = NotificationPanel(context.notifications, context.theme, self._stack)
        self.toasts.cover = self.panel
        self.key_map = KeyMap(context.theme, self)
        self._connect()
        self._remember()
        self.open_page(self._stack.currentIndex())

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._header)
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(self._rail)
        row.addWidget(self._stack, 1)
        column.addLayout(row, 1)
        column.addWidget(self.strip)

    def _connect(self) -> None:
        self._rail.chosen.connect(self.open_page)
        self._header.stop_pressed.connect(lambda: self.software_stop("the STOP button"))
        self._header.messages_pressed.connect(self.toggle_messages)
        self._header.keys_pressed.connect(self.show_keys)
        self._header.theme_pressed.connect(self.theme_asked)
        for index, page in enumerate(self.pages):
            self._shortcut(f"Ctrl+{page.key}", partial(self.open_page, index))
        self._shortcut("F1", self.show_keys)
        self._shortcut("Ctrl+M", self.toggle_messages)
        self._shortcut("Ctrl+Shift+M", self.context.tones.toggle)
        self._shortcut("Ctrl+Shift+T", self.theme_asked.emit)
        self._shortcut("Ctrl+Q", self.close)
        self.context.rig.freed.connect(self._on_freed)
        self.context.bridge.failed.connect(self.context.notifications.error)
        self.context.hand.lost.connect(
            lambda why: self.context.notifications.warning(
                f"Motion ended: {why}. Release the dead-man and hold it again to go on.", "hand"
            )
        )
        self._health = QTimer(self)
        self._health.timeout.connect(self._header.refresh)
        self._health.start(HEALTH_MS)
        self._governor = GovernorWatch(self.context.bridge, self.context.status, self)
        application = QApplication.instance()
        assert application is not None
        application.installEventFilter(self)

    def _shortcut(self, keys: str, slot: Any) -> None:
        QShortcut(QKeySequence(keys), self).activated.connect(slot)

    def _remember(self) -> None:
        state = self._layout_state
        state.add("geometry", self._save_geometry, self._restore_geometry)
        state.add("tones", self.context.tones.state, self.context.tones.restore)
        state.add("dead_man", lambda: self.context.hand.dead_man.value, self._restore_dead_man)
        state.add("page", self._stack.currentIndex, self._restore_page)
        for page in self.pages:
            state.add(f"page.{page.title.lower()}", page.save_state, page.restore_state)

    def _save_geometry(self) -> str:
        return base64.b64encode(self.saveGeometry().data()).decode()

    def _restore_geometry(self, text: Any) -> None:
        if not self.restoreGeometry(QByteArray(base64.b64decode(text, validate=True))):
            raise ValueError("it is no window geometry")

    def _restore_dead_man(self, number: Any) -> None:
        hindrance = self.context.hand.set_dead_man(Qt.Key(number))
        if hindrance:
            raise ValueError(hindrance)

    def _restore_page(self, index: Any) -> None:
        if not isinstance(index, int) or not 0 <= index < len(self.pages):
            raise ValueError(f"there is no page {index!r}")
        self._stack.setCurrentIndex(index)

    def open_page(self, index: int) -> None:
        """Bring a workspace to the front."""
        before = self._stack.currentIndex()
        if before != index:
            self.pages[before].vanish()
        self._stack.setCurrentIndex(index)
        self._rail.mark(index)
        self.toasts.set_beside(self.pages[index].watched)
        self._tell_idle()
        self.pages[index].appear()
        self.pages[index].setFocus()

    def _tell_idle(self) -> None:
        """Say how the rig is while no page moves it; a page that has the rig speaks for itself."""
        rig = self.context.rig
        if not rig.owner:
            words = {RigPhase.OFF: "NOT CONNECTED", RigPhase.STARTING: "CONNECTING", RigPhase.UP: "IDLE"}[
                rig.phase
            ]
            self.context.status.reset(words=words)

    def _on_freed(self) -> None:
        """Put the words of the workspace in front on the strip, in place of those of the one that had the rig."""
        self._tell_idle()
        self.page.tell()

    @property
    def page(self) -> Page:
        """The workspace in front."""
        return self.pages[self._stack.currentIndex()]

    def show_keys(self) -> None:
        """Show the key map, or hide it."""
        if self.key_map.isVisible():
            self.key_map.hide()
            return
        self.context.hand.drop("the key map is open")
        dead_man = self.context.hand.dead_man
        rows = (*self.page.key_help, *EVERYWHERE)
        self.key_map.open("Keys", _groups(with_dead_man(rows, dead_man)))

    def toggle_messages(self) -> None:
        """Open or close the list of messages."""
        if self.panel.isVisible():
            self.panel.hide()
            return
        height = self._stack.height() - self.context.theme.grid(4)
        width = self._stack.width() - self.panel.width() - self.context.theme.grid(2)
        self.panel.setGeometry(width, self.context.theme.grid(2), self.panel.width(), height)
        self.toasts.clear()
        self.panel.open()

    def software_stop(self, why: str) -> None:
        """End all motion: the device server is told to stop, and the hand is dropped."""
        self.context.rig.software_stop(why)
        self.context.hand.drop("")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Esc stops, wherever the focus is, dialogs included; the key goes on to where it was bound."""
        if event.type() in (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride) and isinstance(
            event, QKeyEvent
        ):
            if event.key() == Qt.Key.Key_Escape and not event.isAutoRepeat():
                self._on_escape(event)
            elif event.text() == "?" and event.type() == QEvent.Type.KeyPress and self._may_show_keys():
                self.show_keys()
                return True
        return False

    def _may_show_keys(self) -> bool:
        typing = QApplication.focusWidget()
        return (
            not self.key_map.isVisible()
            and QApplication.activeModalWidget() is None
            and not isinstance(typing, TYPING)
        )

    def _on_escape(self, event: QKeyEvent) -> None:
        if event.timestamp() and self._last_escape == event.timestamp():
            return  # one key press reaches the window, its shortcut map and the widget
        self._last_escape = event.timestamp()
        self.software_stop("the Esc key")
        self.panel.hide()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Let children finish first: a recorder commits what it holds. A second request does not wait."""
        self._layout_state.save()
        jobs = self.context.jobs
        running = jobs.running()
        if not running:
            self._leave()
            event.accept()
            return
        event.ignore()
        if self._closing:
            jobs.hurry()
            return
        self._closing = True
        self.context.notifications.info(
            "Closing: waiting for the other processes to finish. Close again to hurry."
        )
        self.context.hand.disengage()
        jobs.all_ended.connect(self.close)
        self._stop_next()

    def _stop_next(self) -> None:
        """Stop everything that uses the rig before the rig itself."""
        running = self.context.jobs.running()
        others = [job for job in running if job.role != "serve"]
        for job in others or running:
            job.ended.connect(self._stop_next)
            job.stop()

    def _leave(self) -> None:
        self._health.stop()
        self._governor.stop()
        application = QApplication.instance()
        if application is not None:
            application.removeEventFilter(self)
        self.page.vanish()


def _groups(rows: tuple[tuple[str, str], ...]) -> list[tuple[tuple[str, str], ...]]:
    """Split rows into groups at their headings."""
    groups: list[list[tuple[str, str]]] = []
    for row in rows:
        if not row[0] or not groups:
            groups.append([])
        groups[-1].append(row)
    return [tuple(group) for group in groups]
