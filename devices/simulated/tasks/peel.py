"""The peel task: a blade along a bent fruit that turns in a compliant clamp; skin comes off under a controlled push.

The fruit's axis bends away from the clamp's by up to 16 mm, so as it turns its crown rises, sinks and wanders under
the blade. Each of 20 parts of 10 mm is peeled by moving forward over it with a normal force between 5 and 11 N; a
blade cuts one way only. Score = share of the length peeled - 0.5 * min(1, seconds above 20 N).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from app.core.geometry import quat_multiply, quat_to_matrix, rotvec_to_quat
from devices.simulated import geometry as g
from devices.simulated.tasks.disturbance import Disturbance, Knock, Mover, resolve
from devices.simulated.tasks.interface import TIME_LIMIT_S, Array, Condition, Place

FORCE_BAND_N: Final = (5.0, 11.0)
EXCESS_FORCE_N: Final = 20.0
EXCESS_WEIGHT: Final = 0.5
SUCCESS_SCORE: Final = 0.9
CUT_SHARE: Final = 0.75
"""Share of a part's length that has to be cut for the whole part to come off."""

FRUIT_RADIUS_M: Final = 0.020
FRUIT_HALF_M: Final = 0.118
BEND_M: Final = 0.016

_HEIGHT_RANGE_M: Final = 0.015
_PLACE_RANGE_M: Final = 0.015
_YAW_RANGE_RAD: Final = float(np.radians(8.0))
_VISION_SIGMA: Final = np.array([0.002, 0.002, 0.006, 0.01])
_TURN_START_RAD: Final = (float(np.radians(30.0)), float(np.radians(50.0)))
_TURN_RATE_RAD_PER_S: Final = (float(np.radians(15.0)), float(np.radians(30.0)))
_TURN_LIMIT_RAD: Final = float(np.radians(55.0))
_KNOCK_M: Final = (0.004, 0.010)
_KNOCK_PROGRESS: Final = (0.3, 0.6)
_SHIFT_M: Final = np.array([0.02, 0.02, 0.008])


def bend(x: Array) -> Array:
    """Return how far the fruit's axis is off the clamp's, m, at places along it (m from its middle): a parabola."""
    return np.asarray(BEND_M * (1.0 - (x / FRUIT_HALF_M) ** 2))


@dataclass(frozen=True)
class PeelVariation:
    """What one seed makes of the task. Base frame, metres and radians.

    Attributes:
        position: (3,) middle of the clamp's axis.
        yaw: Direction of that axis.
        turn, turn_rate: Angle of the fruit about it at the start (0: bent upwards), and how fast it turns, rad/s.
        estimate: (4,) what vision says: x, y, z of the stroke's start and its yaw; wrong by a constant.
        disturbance: What happens before or during contact.
    """

    position: Array
    yaw: float
    turn: float
    turn_rate: float
    estimate: Array
    disturbance: Disturbance


def draw_variation(rng: np.random.Generator, condition: Condition) -> PeelVariation:
    """Draw a variation; the draws are the same for each condition, so that they can be compared seed by seed."""
    place = rng.uniform(-_PLACE_RANGE_M, _PLACE_RANGE_M, 2)
    height = rng.uniform(-_HEIGHT_RANGE_M, _HEIGHT_RANGE_M)
    yaw = float(0.5 * np.pi + rng.uniform(-_YAW_RANGE_RAD, _YAW_RANGE_RAD))
    side = 1.0 if rng.random() < 0.5 else -1.0
    turn, rate = -side * rng.uniform(*_TURN_START_RAD), side * rng.uniform(*_TURN_RATE_RAD_PER_S)
    error = rng.standard_normal(4) * _VISION_SIGMA
    coin, sign, knock_at = rng.random(), rng.random(), rng.uniform(*_KNOCK_PROGRESS)
    shift = rng.uniform(-1.0, 1.0, 3) * _SHIFT_M
    middle = np.array(g.BOARD_HOME_M) + np.array([place[0], place[1], height - FRUIT_RADIUS_M])
    along = np.array([np.cos(yaw), np.sin(yaw), 0.0])
    across = np.array([-along[1], along[0], 0.0])
    at_start = float(bend(np.array(-0.5 * g.STROKE_LENGTH_M)))
    crown = np.array([0.0, 0.0, FRUIT_RADIUS_M + at_start * np.cos(turn)])
    start = middle - 0.5 * g.STROKE_LENGTH_M * along + crown
    knock = (1.0 if sign < 0.5 else -1.0) * (_KNOCK_M[0] * across + np.array([0.0, 0.0, _KNOCK_M[1]]))
    return PeelVariation(
        middle, yaw, turn, rate, np.append(start, yaw) + error,
        Disturbance(resolve(condition, coin), shift, (Knock(float(knock_at), knock),)),
    )  # fmt: skip


class PeelTask:
    """True state of one episode: clamp and fruit, how much of each part is cut, the time of excess force.

    The fruit begins to turn at the first touch, and stops at 55 degrees to the other side.
    """

    def __init__(self) -> None:
        self._cut = np.zeros(g.PATCH_COUNT)
        self._cut_at = np.zeros(g.PATCH_COUNT)
        self.reset(np.random.default_rng(0), "nominal")

    def reset(self, rng: np.random.Generator, condition: Condition) -> None:
        """Start an episode."""
        self.variation = draw_variation(rng, condition)
        self._upright = rotvec_to_quat(np.array([0.0, 0.0, self.variation.yaw]))
        self._rotation = quat_to_matrix(self._upright)
        self._mover = Mover(self.variation.disturbance)
        self.position = self.variation.position.copy()
        self.turn = self.variation.turn
        self._cut[:] = 0.0
        self._cut_at[:] = 0.0
        self._excess_s = 0.0
        self._elapsed_s = 0.0
        self._turning = False
        self._last_x: float | None = None

    def update(self, tool: Array, touch: Array | None, normal_n: float) -> None:
        """Account for one physics step of 2 ms; see `interface.Task`."""
        self._elapsed_s += g.TIMESTEP_S
        if normal_n > EXCESS_FORCE_N:
            self._excess_s += g.TIMESTEP_S
        x, _, z = (tool - self.position) @ self._rotation
        self._mover.advance(x / g.STROKE_LENGTH_M + 0.5, z - FRUIT_RADIUS_M)
        self.position = self.variation.position + self._mover.offset
        self._turning |= touch is not None
        if self._turning:
            self._turn_on()
        if touch is None:
            self._last_x = None
        else:
            self._peel(float(x), touch, normal_n)

    def _turn_on(self) -> None:
        """Turn the fruit by one step's angle, up to where it stops."""
        turn = self.turn + self.variation.turn_rate * g.TIMESTEP_S
        self.turn = min(_TURN_LIMIT_RAD, max(-_TURN_LIMIT_RAD, turn))

    def _peel(self, x: float, touch: Array, normal_n: float) -> None:
        """Add the blade's way forward to the part that it touches."""
        last, self._last_x = self._last_x, x
        if last is None or x <= last or not FORCE_BAND_N[0] <= normal_n <= FORCE_BAND_N[1]:
            return
        at = float((touch - self.position) @ self._rotation[:, 0])
        part = int(np.floor((at + 0.5 * g.STROKE_LENGTH_M) / g.PATCH_PITCH_M))
        if 0 <= part < g.PATCH_COUNT:
            self._cut[part] += x - last
            self._cut_at[part] = self.turn

    def condition(self) -> Condition:
        """Return what the present episode is: nominal, before or after."""
        return self.variation.disturbance.condition

    def places(self) -> tuple[Place, ...]:
        """Return where the clamp stands, and the spindle in it that turns the fruit."""
        spun = quat_multiply(self._upright, rotvec_to_quat(np.array([self.turn, 0.0, 0.0])))
        return Place(self.position, self._upright), Place(self.position, spun)

    def estimate(self) -> Array:
        """Return what vision says of the stroke: it sees the shift before contact, and neither turn nor knock."""
        seen = self.variation.estimate.copy()
        if self.condition() == "before":
            seen[:3] += self._mover.offset
        return seen

    def _share(self) -> Array:
        return np.minimum(1.0, self._cut / (CUT_SHARE * g.PATCH_PITCH_M))

    def parts(self) -> npt.NDArray[np.bool_]:
        """Return which of the 20 parts are peeled whole, from the stroke's start to its end."""
        return self._share() >= 1.0

    def cleaned(self) -> Array:
        """Return (20, 2): how far each part is peeled, 0..1, and the fruit's turn (rad) when it was."""
        return np.column_stack([self._share(), self._cut_at])

    def score(self) -> float:
        """Return the score so far: the share of the length peeled, lowered by excess force."""
        return float(self._share().mean()) - EXCESS_WEIGHT * min(1.0, self._excess_s)

    def done(self) -> bool:
        """Return whether nothing more can be won: all is peeled or the time is up."""
        return bool(self.parts().all()) or self._elapsed_s >= TIME_LIMIT_S
