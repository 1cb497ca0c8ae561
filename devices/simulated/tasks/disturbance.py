"""How an object is disturbed in an episode: shifted before contact, or knocked during it. Used by every task.

Both are minimum-jerk motions of 0.2 s that begin by where the tool is, so that nobody has to tell the task how far
the operator has come.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from devices.simulated.geometry import TIMESTEP_S
from devices.simulated.tasks.interface import Array, Condition

MOVE_TIME_S: Final = 0.2
COMING_M: Final = 0.06
"""A shift before contact begins when the tool is this near above the object."""
NEAR_M: Final = 0.03
"""A knock begins only with the tool this near: at work, not on its way."""


@dataclass(frozen=True)
class Disturbance:
    """What one seed makes of it.

    Attributes:
        condition: nominal, before or after.
        shift: (3,) m, base frame: where the object goes before contact.
        knock: (3,) m, base frame: where it goes during contact.
        knock_at: Share of the stroke at which the knock begins.
    """

    condition: Condition
    shift: Array
    knock: Array
    knock_at: float


class Mover:
    """Where the object has been moved to, from its place at the reset."""

    def __init__(self, disturbance: Disturbance) -> None:
        self._drawn = disturbance
        self._seconds = -1.0
        self.offset: Array = np.zeros(3)

    def advance(self, progress: float, height: float) -> None:
        """Move on by one physics step.

        Args:
            progress: How far the tool has come along the stroke, 0 at its start, 1 at its end.
            height: m, of the tool above the object.
        """
        drawn = self._drawn
        if drawn.condition == "nominal":
            return
        if self._seconds < 0.0:
            if not self._is_time(progress, height):
                return
            self._seconds = 0.0
        self._seconds += TIMESTEP_S
        way = drawn.shift if drawn.condition == "before" else drawn.knock
        self.offset = way * minimum_jerk(self._seconds / MOVE_TIME_S)

    def _is_time(self, progress: float, height: float) -> bool:
        if self._drawn.condition == "before":
            return height < COMING_M
        return height <= NEAR_M and progress >= self._drawn.knock_at


def resolve(condition: Condition, coin: float) -> Condition:
    """Return nominal, before or after: `mixed` is decided by a coin in 0..1."""
    if condition != "mixed":
        return condition
    return "after" if coin < 0.5 else "nominal"


def minimum_jerk(share: float) -> float:
    """Return how far a minimum-jerk motion (Flash and Hogan 1985) has come, 0..1, after a share of its time."""
    share = min(1.0, max(0.0, share))
    return share**3 * (10.0 - 15.0 * share + 6.0 * share**2)
