"""What a hand changes while it moves: the clutch, the fine scale, and what may move.

Used by the window's hand and by the devices beside it, each for itself; pure apart from the two latches.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Literal

import numpy as np

from app.teleop.shaping import strongest

ClutchMode = Literal["hold", "toggle"]


class Lock(IntEnum):
    """What may move."""

    ALL = 0
    MOVE = 1
    TURN = 2
    ONE = 3

    @property
    def words(self) -> str:
        """What the person reads; empty when everything may."""
        return {Lock.ALL: "", Lock.MOVE: "move only", Lock.TURN: "turn only", Lock.ONE: "one axis"}[self]

    def next(self) -> Lock:
        """Return the one that a press of the lock key goes on to."""
        return Lock((self + 1) % len(Lock))

    def apply(self, twist: np.ndarray) -> np.ndarray:
        """Return a twist (6,) with what may not move at 0."""
        if self is Lock.ONE:
            return strongest(twist)
        kept = np.array(twist, dtype=np.float64)
        if self is Lock.MOVE:
            kept[3:] = 0.0
        elif self is Lock.TURN:
            kept[:3] = 0.0
        return kept


class Clutch:
    """A button that is a clutch while it is held, or that turns the clutch on and off.

    Attributes:
        engaged: The arm stands, whatever the hand does.
    """

    def __init__(self, mode: ClutchMode = "hold") -> None:
        self._mode: ClutchMode = mode
        self._down = False
        self.engaged = False

    def set_mode(self, mode: ClutchMode) -> None:
        """Change how it works; it is open afterwards."""
        if mode != self._mode:
            self._mode, self.engaged = mode, False

    def press(self, down: bool) -> bool:
        """Say whether the button is down now; returns whether the clutch is engaged."""
        if self._mode == "hold":
            self.engaged = down
        elif down and not self._down:
            self.engaged = not self.engaged
        self._down = down
        return self.engaged


class LockButton:
    """A button that goes from one lock to the next at each press."""

    def __init__(self) -> None:
        self.lock = Lock.ALL
        self._down = False

    def press(self, down: bool) -> Lock:
        """Say whether the button is down now; returns what may move."""
        if down and not self._down:
            self.lock = self.lock.next()
        self._down = down
        return self.lock
