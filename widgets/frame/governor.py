"""What the safety governor changes, on the status strip with the reason: read from its own stream ten times a second.

Every sample since the last look counts, so that a limit that held for one period is seen; it stays readable for a
moment. That nobody holds the enabling input is no news: the strip's words say it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject, QTimer

from app.core.safety.reasons import ROUTINE, words
from widgets.bridge.bridge import Bridge
from widgets.status import StatusModel

TOPIC = "arm/reasons"
LOOK_MS = 100
LINGER_S = 1.5


class GovernorWatch(QObject):
    """Puts the governor's reasons into the status."""

    def __init__(
        self, bridge: Bridge, status: StatusModel, parent: QObject, now: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(parent)
        self._bridge, self._status, self._now = bridge, status, now
        self._seen_ns, self._said_at = 0, float("-inf")
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.look)
        self._timer.start(LOOK_MS)

    def look(self) -> None:
        """Take in what came since the last look."""
        history = self._bridge.history(TOPIC)
        reasons = 0
        if history is not None and history.last_ns:
            if history.last_ns < self._seen_ns:
                self._seen_ns = 0  # another server, with a clock of its own
            _, rows = history.window(self._seen_ns)
            self._seen_ns = history.last_ns
            reasons = int(np.bitwise_or.reduce(rows[:, 0].astype(np.int64))) if len(rows) else 0
        found = words(reasons & ~int(ROUTINE))
        if found:
            self._said_at = self._now()
            self._status.set(governor="; ".join(found))
        elif self._now() - self._said_at >= LINGER_S:
            self._status.set(governor="")

    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()
