"""The task lift: two pads take a fragile box of unknown width and weight, lift it, hold it and set it down.

Score: 0.2 for reached (both pads touch it), 0.3 · share of 0.10 m that it was lifted between them, 0.2 · share of 1 s
held at that height, 0.3 for set down and let go. Broken, which ends the episode, leaves what was reached: a pad that
presses above 9 N for 40 ms crushes it, and falling breaks it. It slips below its weight / (2 · friction) per pad.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from devices.simulated.geometry import TIMESTEP_S
from devices.simulated.lift import measures as m
from devices.simulated.tasks.disturbance import minimum_jerk, resolve
from devices.simulated.tasks.interface import Array, Condition

LIFT_M: Final = 0.10
HOLD_S: Final = 1.0
CRUSH_N: Final = 9.0
CRUSH_S: Final = 0.04
TOUCH_N: Final = 0.3
STANDS_M: Final = 0.004
FALLS_M: Final = 0.012
"""So far above its stand it breaks when it is let go."""
LET_GO_S: Final = 0.2
UPRIGHT: Final = 0.97
"""Least cosine of its tilt when it is set down."""
TIME_LIMIT_S: Final = 25.0
SHARES: Final = (0.2, 0.3, 0.2, 0.3)

_PLACE_M: Final = 0.012
_HEIGHT_M: Final = 0.010
_WIDTH_M: Final = 0.007
"""Half the range of the box's half width."""
_MASS_KG: Final = (0.20, 0.30)
_VISION_SIGMA: Final = np.array([0.002, 0.002, 0.003, 0.01])
_SHIFT_M: Final = np.array([0.015, 0.015, 0.008])
_FILL_KG: Final = (0.15, 0.20)
_FILL_AT: Final = (0.3, 0.6)
_COMING_M: Final = 0.08
_MOVE_S: Final = 0.2
_FILL_S: Final = 0.4
_GRAVITY: Final = 9.81


@dataclass(frozen=True)
class LiftVariation:
    """What one seed makes of the task. Base frame, metres.

    Attributes:
        condition: nominal, before (shifted before contact) or after (filled while it is lifted).
        stand: (3,) middle of the stand's top.
        half_width: Half the box's width, between the pads.
        mass_kg: Of the box.
        estimate: (4,) what vision says: the box's middle and its yaw, wrong by a constant. It sees no width.
        shift: (3,) where the stand goes in condition before.
        fill_kg: What is put in, in condition after.
        fill_at: Share of the height at which that begins.
    """

    condition: Condition
    stand: Array
    half_width: float
    mass_kg: float
    estimate: Array
    shift: Array
    fill_kg: float
    fill_at: float


def draw_variation(rng: np.random.Generator, condition: Condition) -> LiftVariation:
    """Draw a variation; the draws are the same for each condition, so that they can be compared seed by seed."""
    place = np.append(rng.uniform(-_PLACE_M, _PLACE_M, 2), rng.uniform(-_HEIGHT_M, _HEIGHT_M))
    stand = np.array([*m.MIDDLE_M, m.STAND_TOP_M]) + place
    half_width = m.BOX_HALF_M[1] + float(rng.uniform(-_WIDTH_M, _WIDTH_M))
    mass_kg = float(rng.uniform(*_MASS_KG))
    middle = stand + np.array([0.0, 0.0, m.BOX_HALF_M[2]])
    estimate = np.append(middle, 0.0) + rng.standard_normal(4) * _VISION_SIGMA
    coin, fill_kg, fill_at = rng.random(), float(rng.uniform(*_FILL_KG)), float(rng.uniform(*_FILL_AT))
    shift = rng.uniform(-1.0, 1.0, 3) * _SHIFT_M
    drawn = resolve(condition, coin)
    return LiftVariation(drawn, stand, half_width, mass_kg, estimate, shift, fill_kg, fill_at)


@dataclass(frozen=True)
class Moment:
    """The true state after one physics step. Base frame.

    Attributes:
        pads: (2, 3) m, both pads' surfaces.
        normal_n: (2,) normal force of each pad on the box, N.
        box: (3,) m, its middle.
        upright: Cosine of its tilt.
    """

    pads: Array
    normal_n: Array
    box: Array
    upright: float


class LiftTask:
    """True state of one episode: what was reached, how high, how long, set down, broken."""

    def __init__(self) -> None:
        self.reset(np.random.default_rng(0), "nominal")

    def reset(self, rng: np.random.Generator, condition: Condition) -> None:
        """Start an episode."""
        self.variation = draw_variation(rng, condition)
        self.offset: Array = np.zeros(3)
        self.filled_kg = 0.0
        self.reached = self.set_down = self.broken = False
        self.share = self.held_s = 0.0
        self._elapsed_s = self._moved_s = self._filled_s = 0.0
        self._crushed_s = np.zeros(2)
        self._free_s = 0.0
        self._shifting = self._filling = False

    @property
    def stand(self) -> Array:
        """Where the stand's top is, (3,) m, base frame."""
        return self.variation.stand + self.offset

    def update(self, now: Moment) -> None:
        """Account for one physics step of 2 ms."""
        self._elapsed_s += TIMESTEP_S
        touching = now.normal_n > TOUCH_N
        height = float(now.box[2] - self.stand[2] - m.BOX_HALF_M[2])
        self._disturb(now, touching, height)
        if self.broken:
            return
        self.reached |= bool(touching.all())
        if touching.all():
            self.share = max(self.share, min(1.0, height / LIFT_M))
            self.held_s += TIMESTEP_S if height >= 0.95 * LIFT_M else 0.0
        self._judge_breaking(now, touching, height)
        stands = height < STANDS_M and now.upright > UPRIGHT
        self._free_s = self._free_s + TIMESTEP_S if stands and not touching.any() else 0.0
        self.set_down |= self.held_s >= HOLD_S and self._free_s >= LET_GO_S

    def _judge_breaking(self, now: Moment, touching: npt.NDArray[np.bool_], height: float) -> None:
        self._crushed_s = np.where(now.normal_n > CRUSH_N, self._crushed_s + TIMESTEP_S, 0.0)
        crushed = bool((self._crushed_s >= CRUSH_S).any())
        fell = (height > FALLS_M and not touching.any()) or height < -FALLS_M
        self.broken = crushed or fell

    def _disturb(self, now: Moment, touching: npt.NDArray[np.bool_], height: float) -> None:
        """Shift the stand as a pad comes near, or fill the box while it rises."""
        drawn = self.variation
        if drawn.condition == "before":
            near = float(np.abs(now.pads[:, 1] - now.box[1]).min()) < drawn.half_width + _COMING_M
            self._shifting |= near and not touching.any()
            if self._shifting:
                self._moved_s += TIMESTEP_S
                self.offset = drawn.shift * minimum_jerk(self._moved_s / _MOVE_S)
        elif drawn.condition == "after":
            self._filling |= bool(touching.all()) and height >= drawn.fill_at * LIFT_M
            if self._filling:
                self._filled_s += TIMESTEP_S
                self.filled_kg = drawn.fill_kg * minimum_jerk(self._filled_s / _FILL_S)

    @property
    def shifting(self) -> bool:
        """Whether the stand, and the box on it, are being moved just now."""
        return self._shifting and self._moved_s < _MOVE_S + TIMESTEP_S

    @property
    def load_n(self) -> float:
        """What was put into the box, N: pulls down."""
        return self.filled_kg * _GRAVITY

    def estimate(self) -> Array:
        """Return what vision says, (4,): it sees the shift before contact, and neither width nor filling."""
        seen = self.variation.estimate.copy()
        seen[:3] += self.offset
        return seen

    def condition(self) -> Condition:
        """Return what the present episode is: nominal, before or after."""
        return self.variation.condition

    def parts(self) -> Array:
        """Return how much of each part is won, (4,) in 0..1: reached, lifted, held, set down."""
        if self.broken:
            return np.array([float(self.reached), 0.0, 0.0, 0.0])
        held = min(1.0, self.held_s / HOLD_S)
        return np.array([float(self.reached), self.share, held, float(self.set_down)])

    def score(self) -> float:
        """Return the score so far, 0..1."""
        return float(self.parts() @ np.array(SHARES))

    def done(self) -> bool:
        """Return whether nothing more can be won."""
        return self.set_down or self.broken or self._elapsed_s >= TIME_LIMIT_S
