"""The notification centre: takes messages from every source in the window, on any thread, and keeps the list."""

from __future__ import annotations

import re
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal, Slot

from app.core.errors import TouchstoneError

Level = Literal["info", "warning", "error"]
MOST = 500
AGAIN_S = 60.0  # a message that comes again so soon is the same one, also when others came between
RECENT = 8  # messages among which it is looked for


@dataclass
class Notification:
    """One message.

    Attributes:
        source: Who says it ("collect", "window").
        count: How often it came, each time soon after the last, whatever the numbers in it; the newest text is kept.
        unseen: It counts at the bell; a message that repeats counts once.
        detail: What a developer wants to see (a traceback); shown only in the panel, on demand.
    """

    level: Level
    source: str
    text: str
    detail: str = ""
    count: int = 1
    unseen: bool = False
    when: float = field(default_factory=time.time)


def _kind(item: Notification) -> tuple[str, str, str]:
    """What makes two messages the same: everything but the numbers in them."""
    return item.level, item.source, re.sub(r"\d+(\.\d+)?", "#", item.text)


class Notifications(QObject):
    """List of messages, newest last.

    Signals:
        added(Notification): A message came; `count` > 1 if it repeats a recent one, which is the newest then.
        changed(): The list or the number of unseen errors changed.
    """

    added = Signal(object)
    changed = Signal()
    _posted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.items: deque[Notification] = deque(maxlen=MOST)
        self.unseen = 0
        self._posted.connect(self._take, Qt.ConnectionType.AutoConnection)

    def post(self, level: Level, text: str, source: str = "window", detail: str = "") -> None:
        """Add a message; may be called from any thread."""
        self._posted.emit(Notification(level, source, text.strip(), detail))

    def info(self, text: str, source: str = "window") -> None:
        """Add something worth knowing."""
        self.post("info", text, source)

    def warning(self, text: str, source: str = "window") -> None:
        """Add something that should be looked at."""
        self.post("warning", text, source)

    def error(self, text: str | TouchstoneError, source: str = "window") -> None:
        """Add something that failed."""
        self.post("error", text.sentence() if isinstance(text, TouchstoneError) else text, source)

    @Slot(object)
    def _take(self, item: Notification) -> None:
        last = self._recent(item)
        if last is not None:
            last.count += 1
            last.when, last.text, last.detail = item.when, item.text, item.detail
            item = last
        self.items.append(item)
        if item.level != "info" and not item.unseen:
            item.unseen = True
            self.unseen += 1
        self.added.emit(item)
        self.changed.emit()

    def _recent(self, item: Notification) -> Notification | None:
        """Take the message that this one repeats out of the list and return it; None if it is new."""
        kind = _kind(item)
        for place in range(len(self.items) - 1, max(-1, len(self.items) - 1 - RECENT), -1):
            last = self.items[place]
            if item.when - last.when > AGAIN_S:
                return None
            if _kind(last) == kind:
                del self.items[place]
                return last
        return None

    def mark_seen(self) -> None:
        """Note that the person has looked at the list."""
        self.unseen = 0
        for item in self.items:
            item.unseen = False
        self.changed.emit()

    def clear(self) -> None:
        """Empty the list."""
        self.items.clear()
        self.mark_seen()
