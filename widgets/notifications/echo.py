"""One message for one event: that the enabling input is gone is told by the governor, and by the hand with the reason.

The governor's words are kept back for a moment, and dropped if the hand's come. Used by `widgets.notifications.hooks`.
"""

from __future__ import annotations

import time
from collections import deque

from PySide6.QtCore import QObject, QTimer

from app.core.safety.reasons import WORDS, Reason
from widgets.notifications.centre import Level, Notification, Notifications

WAIT_MS = 500
HANDS = ("hand", "deploy")  # where the window itself says why nobody holds it any more
LET_GO = f"Motion was stopped: {WORDS[Reason.NOT_ENABLED]}."


class Echo(QObject):
    """Posts notices; one that says no more than what the hand has just said is left out."""

    def __init__(self, notifications: Notifications) -> None:
        super().__init__(notifications)
        self._notifications = notifications
        self._held: deque[tuple[Level, str, str]] = deque()
        self._hand_at = float("-inf")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WAIT_MS)
        self._timer.timeout.connect(self._give_out)
        notifications.added.connect(self._on_added)

    def post(self, level: Level, text: str, source: str) -> None:
        """Post a notice, at once unless the hand may have better words for it."""
        if text != LET_GO:
            self._notifications.post(level, text, source)
        elif time.monotonic() - self._hand_at > WAIT_MS * 1e-3:
            self._held.append((level, text, source))
            self._timer.start()

    def _on_added(self, item: Notification) -> None:
        if item.source in HANDS and item.level == "warning":
            self._hand_at = time.monotonic()
            self._held.clear()

    def _give_out(self) -> None:
        while self._held:
            self._notifications.post(*self._held.popleft())
