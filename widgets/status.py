"""What the status strip says: the state of the whole session. Set by the page that runs it, shown by the frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QObject, Signal

from widgets.theme.tokens import State


@dataclass(frozen=True)
class Status:
    """One picture of the session. None means "not known now" and is shown as a dash.

    Attributes:
        state: Gives the colour.
        words: Says the same in words ("RECORDING", "READY").
        hint: What to do next, or what is going on.
        governor: What the safety governor changes at present, in words; shown in place of the hint.
        seconds: Length of the present take or rollout.
        kept, plan: Count against plan.
        disk_s: Recording time that the disk still holds.
        dropped: Samples lost in the present session.
        latency_ms: Age of the newest sample when it arrives.
        hand: What the person holds, in a word or two; empty while nobody drives by hand.
    """

    state: State = State.IDLE
    words: str = "NOT CONNECTED"
    hint: str = ""
    governor: str = ""
    seconds: float | None = None
    kept: int | None = None
    plan: int | None = None
    disk_s: float | None = None
    dropped: int | None = None
    latency_ms: float | None = None
    hand: str = ""


class StatusModel(QObject):
    """Holds the status; `changed` comes only when something differs."""

    changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.value = Status()

    def set(self, **changes: Any) -> None:
        """Change some fields of the status."""
        new = replace(self.value, **changes)
        if new != self.value:
            self.value = new
            self.changed.emit(new)

    def reset(self, **changes: Any) -> None:
        """Start from an empty status: another page or session takes over."""
        new = Status(**{"governor": self.value.governor, **changes})
        if new != self.value:
            self.value = new
            self.changed.emit(new)
