"""The attempts that were not kept, and why."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal

from app.session.take import SUCCESS_SCORE
from widgets.parts.table import Table
from widgets.theme.tokens import Theme

COLUMNS = ("Attempt", "Score", "Why", "Demonstration")
NOTHING = "Attempts that the task's score does not accept are listed here, with the reason."
BROKEN_OFF = {
    "fault": "The replay was broken off by a fault",
    "stop": "It was stopped",
    "interrupted": "It was stopped",
}


def reason(score: float, why: str) -> str:
    """Return why an attempt was not kept, in words."""
    if why in BROKEN_OFF:
        return BROKEN_OFF[why]
    if score < 0:
        return f"Score {score:.2f}: it pressed harder than the task allows"
    return f"Score {score:.2f} is below {SUCCESS_SCORE:g}: the task was not finished"


class Failures(Table):
    """A row per failed attempt.

    Signals:
        pointed(object): The person selected an attempt: its number from 0, or None.
    """

    pointed = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, COLUMNS, 2, (0, 1), NOTHING)
        self._attempts: list[int] = []
        self.setAccessibleName("Failed attempts")
        self.itemSelectionChanged.connect(self._on_selected)

    def clear_rows(self) -> None:
        """Forget all attempts."""
        self._attempts.clear()
        self.setRowCount(0)

    def add(self, number: int, progress: dict[str, Any], parent: str) -> None:
        """Add attempt `number` (from 0) as `augment` told it."""
        score = float(progress["score"])
        self._attempts.append(number)
        why = reason(score, str(progress.get("why", "")))
        self.put(self.rowCount(), (str(number + 1), f"{score:.2f}", why, parent))
        self.scrollToBottom()

    def _on_selected(self) -> None:
        rows = self.selected_rows()
        self.pointed.emit(self._attempts[rows[0]] if rows else None)
