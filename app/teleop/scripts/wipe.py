"""Scripted operators for the wipe task: one that follows the force, one that trusts its eyes.

They see only streams that a real rig could publish (pose, tared wrench, vision's estimate of the stain, time) and are
called at 50 Hz by whoever plays the operator. Poses are (7,) x y z (m), quaternion w x y z of the tool in the base
frame; wrenches (6,) in the tool frame, so pressing gives a negative z; the tool points down throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

STROKE_LENGTH_M: Final = 0.20
"""Length of the stain, as printed on the task card: both operators know it, as a person would see it."""
_INTEGRAL_RATE_PER_S: Final = 10.0
_TOUCH_N: Final = 2.0
_SETTLED_N: Final = 1.5
_SETTLE_LIMIT_S: Final = 0.6
_DESCENT_M_PER_S: Final = 0.04
_TRAVEL_M_PER_S: Final = 0.20
_REACHED_M: Final = 0.004
_LEAD_OUT_M: Final = 0.008
_DEEPEST_M: Final = 0.045
_GOOD_N: Final = 2.0
_LOST_N: Final = 4.0
_SLOWEST: Final = 0.25
_OPEN_M: Final = 0.08


@dataclass(frozen=True)
class WipeObservation:
    """What the operator sees.

    Attributes:
        time_s: Session time, s.
        pose: (7,) measured tool pose.
        wrench: (6,) tared wrench, N and N·m, tool frame.
        stain: (4,) vision's estimate: x, y, z of the stroke's start (m) and its yaw (rad), base frame.
    """

    time_s: float
    pose: Array
    wrench: Array
    stain: Array


@dataclass(frozen=True)
class WipeCommand:
    """What the operator asks for.

    Attributes:
        pose: (7,) target pose of the tool.
        gripper: Jaw width, m.
        done: Whether the operator is finished.
    """

    pose: Array
    gripper: float
    done: bool


class Phase(Enum):
    """APPROACH -> DESCEND -> PRESS -> STROKE -> LIFT -> DONE, never backwards."""

    APPROACH = "approach"
    DESCEND = "descend"
    PRESS = "press"
    STROKE = "stroke"
    LIFT = "lift"
    DONE = "done"


class _WipeScript:
    """What both operators share: the way there, the straight stroke, the way up. Subclasses give the height.

    Attributes:
        aim_n: From where to where the force that an operator aims at is drawn, N.
        lead_in_m: How far before the stroke's start it comes down.
        stiffness_n_per_m: Of the contact, as the operator expects it.
    """

    aim_n = (7.5, 8.5)
    lead_in_m = 0.02
    stiffness_n_per_m = 1200.0

    def __init__(self) -> None:
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Start a demonstration; the seed gives it its small natural variation."""
        rng = np.random.default_rng([seed, 2])
        self.phase = Phase.APPROACH
        self._speed = rng.uniform(0.055, 0.065)
        self._hover = rng.uniform(0.030, 0.045)
        self._aim_n = rng.uniform(*self.aim_n)
        self._drift = rng.uniform(-0.0005, 0.0005)
        self._along = 0.0
        self._target: Array | None = None
        self._time_s = 0.0
        self._phase_since_s = 0.0

    def act(self, observation: WipeObservation) -> WipeCommand:
        """Return the next target.

        Args:
            observation: The newest of every stream.
        """
        if self._target is None:
            self._target = observation.pose.copy()
            self._time_s = self._phase_since_s = observation.time_s
        dt = min(max(observation.time_s - self._time_s, 0.0), 0.1)
        self._time_s = observation.time_s
        step = {
            Phase.APPROACH: self._approach,
            Phase.DESCEND: self._descend,
            Phase.PRESS: self._press,
            Phase.STROKE: self._stroke,
            Phase.LIFT: self._lift,
            Phase.DONE: self._rest,
        }[self.phase]
        step(observation, self._target, dt)
        return WipeCommand(self._target.copy(), _OPEN_M, self.phase is Phase.DONE)

    def _height(self, observation: WipeObservation, target: Array, dt: float) -> float:
        """Return the next height of the target while pressing."""
        raise NotImplementedError

    def _pace(self, observation: WipeObservation) -> float:
        """Return the share of the usual speed along the stroke."""
        return 1.0

    def _landed(self, observation: WipeObservation, target: Array) -> bool:
        """Return whether the descent is over."""
        raise NotImplementedError

    def _point(self, stain: Array, along_m: float) -> Array:
        """Return the place (2,) on the stroke at a distance from its start, base frame."""
        along = np.array([np.cos(stain[3]), np.sin(stain[3])])
        across = np.array([-along[1], along[0]])
        return np.asarray(stain[:2] + along_m * along + self._drift * across)

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self._phase_since_s = self._time_s

    def _approach(self, observation: WipeObservation, target: Array, dt: float) -> None:
        goal = np.append(self._point(observation.stain, -self.lead_in_m), observation.stain[2] + self._hover)
        gap = goal - target[:3]
        distance = float(np.linalg.norm(gap))
        target[:3] += gap * min(1.0, _TRAVEL_M_PER_S * dt / max(distance, 1e-9))
        if float(np.linalg.norm(goal - observation.pose[:3])) < _REACHED_M:
            self._along = -self.lead_in_m
            self._enter(Phase.DESCEND)

    def _descend(self, observation: WipeObservation, target: Array, dt: float) -> None:
        target[2] -= _DESCENT_M_PER_S * dt
        if self._landed(observation, target):
            self._enter(Phase.PRESS)

    def _press(self, observation: WipeObservation, target: Array, dt: float) -> None:
        target[2] = self._height(observation, target, dt)
        settled = abs(pressing_force(observation) - self._aim_n) < _SETTLED_N
        if settled or self._time_s - self._phase_since_s > _SETTLE_LIMIT_S:
            self._enter(Phase.STROKE)

    def _stroke(self, observation: WipeObservation, target: Array, dt: float) -> None:
        self._along += self._pace(observation) * self._speed * dt
        target[:2] = self._point(observation.stain, self._along)
        target[2] = self._height(observation, target, dt)
        along = np.array([np.cos(observation.stain[3]), np.sin(observation.stain[3])])
        if float((observation.pose[:2] - observation.stain[:2]) @ along) > STROKE_LENGTH_M + _LEAD_OUT_M:
            self._enter(Phase.LIFT)

    def _lift(self, observation: WipeObservation, target: Array, dt: float) -> None:
        target[2] += 0.5 * _TRAVEL_M_PER_S * dt
        if observation.pose[2] > observation.stain[2] + self._hover:
            self._enter(Phase.DONE)

    def _rest(self, observation: WipeObservation, target: Array, dt: float) -> None:
        """Hold still."""


class ForceWipe(_WipeScript):
    """Feels for the board, then keeps a force by integrating its error into the height (10 per second).

    It slows down along the stroke while the force is off, as a hand does.
    """

    def _landed(self, observation: WipeObservation, target: Array) -> bool:
        too_deep = target[2] < observation.stain[2] - _DEEPEST_M
        return too_deep or pressing_force(observation) > _TOUCH_N

    def _height(self, observation: WipeObservation, target: Array, dt: float) -> float:
        error_n = pressing_force(observation) - self._aim_n
        height = target[2] + _INTEGRAL_RATE_PER_S * dt * error_n / self.stiffness_n_per_m
        return float(max(height, observation.stain[2] - _DEEPEST_M))

    def _pace(self, observation: WipeObservation) -> float:
        error_n = abs(pressing_force(observation) - self._aim_n)
        return max(_SLOWEST, min(1.0, (_LOST_N - error_n) / (_LOST_N - _GOOD_N)))


class BlindWipe(_WipeScript):
    """Makes the same stroke at the height that vision gives, pressed in as deep as its force aim would need."""

    def _landed(self, observation: WipeObservation, target: Array) -> bool:
        return bool(target[2] <= self._depth(observation))

    def _height(self, observation: WipeObservation, target: Array, dt: float) -> float:
        return self._depth(observation)

    def _depth(self, observation: WipeObservation) -> float:
        return float(observation.stain[2] - self._aim_n / self.stiffness_n_per_m)


def pressing_force(observation: WipeObservation) -> float:
    """Return how hard the tool presses along its axis, N (positive when pressing)."""
    return float(-observation.wrench[2])
