"""How the policy runs, and what the governor makes of it: rates, delays, interventions in words."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.core.safety.reasons import words
from widgets.context import WindowContext
from widgets.parts.elided import ElidedLabel
from widgets.parts.text import Figure, set_role

REASONS_TOPIC = "arm/reasons"
LINGER_S = 1.5  # a limit that held for one period is read by nobody
FIGURES = (
    ("slow_hz", "planner", "{:.1f} Hz", "How often a new plan was made"),
    ("plan_ms", "one plan", "{:.0f} ms", "How long the newest plan took"),
    ("fast_hz", "decoder", "{:.0f} Hz", "How often touch corrected the motion"),
    ("touch_ms", "age of touch", "{:.0f} ms", "How old the newest touch was when it corrected the motion"),
    ("fast_ms", "one step", "{:.1f} ms", "How long the newest step took"),
)


class Motion(QWidget):
    """A row of figures, and what the governor changed."""

    def __init__(self, context: WindowContext, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._context, self._now = context, now
        self.figures = {key: Figure(name) for key, name, _, _ in FIGURES}
        self.governor = ElidedLabel("–")
        self._said, self._said_at = "", float("-inf")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(context.theme.grid(3))
        for key, _, _, tip in FIGURES:
            self.figures[key].setToolTip(tip)
            self.figures[key].setMinimumWidth(64)
            layout.addWidget(self.figures[key])
        self.governor.setAlignment(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
        layout.addWidget(self.governor, 1)

    def show_told(self, body: dict[str, Any]) -> None:
        """Show the rates that the policy told; what it did not measure yet stays a dash."""
        for key, _, form, _ in FIGURES:
            value = body.get(key)
            self.figures[key].show_text(form.format(float(value)) if value else None)

    def refresh(self, driving: bool) -> None:
        """Show what the governor does with the policy's commands now."""
        history = self._context.bridge.history(REASONS_TOPIC)
        if not driving or history is None or history.last is None:
            self._say("", "muted")
            return
        found = words(int(history.last[0]))
        now = self._now()
        if found:
            self._said, self._said_at = "; ".join(found), now
        if now - self._said_at < LINGER_S:
            self._say(f"Governor: {self._said}", "warning")
        else:
            self._say("The arm follows the policy", "good")

    def rest(self) -> None:
        """Nothing drives any more."""
        for figure in self.figures.values():
            figure.show_text(None)
        self._say("", "muted")

    def _say(self, text: str, role: str) -> None:
        self.governor.setText(text)
        set_role(self.governor, role)
