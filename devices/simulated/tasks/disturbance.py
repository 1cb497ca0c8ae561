"""How an object is disturbed in an episode: shifted before contact, or knocked during it. Used by wipe and peel.

All are minimum-jerk motions of 0.2 s that begin by where the tool is, so that nobody has to tell the task how far
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
class Knock:
    """A push during contact.

    Attributes:
        progress: Share of the stroke at which it begins.
        place: (3,) m, base frame: where the object then goes, from its place at the reset.
    """

    progress: float
    place: Array


@dataclass(frozen=True)
class Disturbance:
    """What one seed makes of it.

    Attributes:
        condition: nominal, before or after.
        shift: (3,) m, base frame: where the object goes before contact.
        knocks: What happens during contact, in this order.
    """

    condition: Condition
    shift: Array
    knocks: tuple[Knock, ...]


class Mover:
    """Where the object has been moved to, from its place at the reset."""

    def __init__(self, disturbance: Disturbance) -> None:
        self._condition = disturbance.condition
        self._shift = disturbance.shift
        self._knocks = list(disturbance.knocks) if disturbance.condition == "after" else []
        self._from: Array = np.zeros(3)
        self._to: Array | None = None
        self._seconds = 0.0
        self.offset: Array = np.zeros(3)

    def advance(self, progress: float, height: float) -> None:
        """Move on by one physics step.

        Args:
            progress: How far the tool has come along the stroke, 0 at its start, 1 at its end.
            height: m, of the tool above the object.
        """
        if self._to is None or self._seconds > MOVE_TIME_S:
            self._begin(progress, height)
        if self._to is None:
            return
        self._seconds += TIMESTEP_S
        self.offset = self._from + (self._to - self._from) * minimum_jerk(self._seconds / MOVE_TIME_S)

    def _begin(self, progress: float, height: float) -> None:
        """Begin the next motion, if its time has come."""
        if self._condition == "before" and self._to is None and height < COMING_M:
            self._to = self._shift
        elif self._knocks and height <= NEAR_M and progress >= self._knocks[0].progress:
            self._from, self._to = self.offset, self._knocks.pop(0).place
        else:
            return
        self._seconds = 0.0


def resolve(condition: Condition, coin: float) -> Condition:
    """Return nominal, before or after: for `mixed` a coin in 0..1 decides, with a third for each.

    Demonstrations need reactions to each: of what was never shown a policy cannot learn how to heal it.
    """
    if condition != "mixed":
        return condition
    return "after" if coin < 1.0 / 3.0 else "before" if coin < 2.0 / 3.0 else "nominal"


def minimum_jerk(share: float) -> float:
    """Return how far a minimum-jerk motion (Flash and Hogan 1985) has come, 0..1, after a share of its time."""
    share = min(1.0, max(0.0, share))
    return share**3 * (10.0 - 15.0 * share + 6.0 * share**2)
