"""What a task of the simulated bench is: where its things stand, what they do when touched, what has been won.

Implemented by one file per task beside this one and listed in table.py; driven by `devices.simulated.bench`. A task
knows the true state; operators and policies see only the streams that the bench publishes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Condition = Literal["nominal", "before", "after", "mixed"]
CONDITIONS: Final[tuple[Condition, ...]] = ("nominal", "before", "after", "mixed")
"""`nominal`: nothing disturbs; `before`: the object is shifted as the tool comes near, and vision sees it; `after`: it
is knocked during contact, and vision does not see it; `mixed`: the seed decides between nominal and after, half and
half (what demonstrations are recorded with)."""
TIME_LIMIT_S: Final = 15.0
"""How long an episode of wipe or peel lasts at most, in simulated time."""


@dataclass(frozen=True)
class Place:
    """Where a body without joints stands in the base frame: position (3,) m and quaternion (4,) w x y z."""

    position: Array
    quaternion: Array


class Task(Protocol):
    """The true state of one episode. Everything random of it follows from the generator of `reset`."""

    def reset(self, rng: np.random.Generator, condition: Condition) -> None:
        """Start an episode. The draws are the same under each condition, so that they compare seed by seed."""
        ...

    def condition(self) -> Condition:
        """Return what the present episode is: nominal, before or after; never mixed."""
        ...

    def update(self, tool: Array, touch: Array | None, normal_n: float) -> None:
        """Account for one physics step of 2 ms.

        Args:
            tool: (3,) m, base frame: centre of the surface that touches.
            touch: (3,) m, base frame: where it touches the object; None without contact.
            normal_n: Normal force there, N.
        """
        ...

    def places(self) -> tuple[Place, ...]:
        """Return where the task's bodies stand now, in the order in which its furniture adds them."""
        ...

    def estimate(self) -> Array:
        """Return what vision says, (4,): x, y, z of the stroke's start (m) and its yaw (rad), base frame."""
        ...

    def parts(self) -> npt.NDArray[np.bool_]:
        """Return which of the 20 parts are done, from the stroke's start to its end."""
        ...

    def cleaned(self) -> Array:
        """Return what the pictures need: (20,) or (20, K), first how far each part is done, in 0..1."""
        ...

    def score(self) -> float:
        """Return the score so far: at most 1, lowered by excess force."""
        ...

    def done(self) -> bool:
        """Return whether nothing more can be won."""
        ...
