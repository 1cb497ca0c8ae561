"""Scripted operators for the task lift: one that feels how hard it holds and what it carries, one that does not.

They see only streams that a real rig could publish, and are called at 50 Hz. Poses are (7,) in the rig's base frame,
the first tool's axis along +y and the second's along -y; wrenches (6,) in the tool frames, so that holding gives a
negative z on both, and weight a force across z.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

INWARD: Final = np.array([1.0, -1.0])
"""Direction of each tool along y."""
HALF_WIDTH_M: Final = 0.030
"""Half the width of such a box, as written on the task card; each one is a little different."""
GRIP_ABOVE_M: Final = 0.012
LIFT_M: Final = 0.105
HOLD_S: Final = 1.3
_STIFFNESS_N_PER_M: Final = 1000.0
"""Of each side: arm 1500 and pad 3000 N/m in a row."""
_HOVER_M: Final = 0.040
_TRAVEL_M_PER_S: Final = 0.20
_CLOSE_M_PER_S: Final = 0.035
_LIFT_M_PER_S: Final = 0.06
_OPEN_M_PER_S: Final = 0.06
_REACHED_M: Final = 0.005
_TOUCH_N: Final = 1.0
_SETTLED_N: Final = 0.4
_SETTLE_LIMIT_S: Final = 1.2
_RATE_PER_S: Final = 6.0
_AIM_N: Final = (4.6, 5.2)
_MOST_N: Final = 7.5
_GRIP_PER_LOAD: Final = 1.4
"""Holding force on each side per newton of weight: with friction 0.5 it would slip at 1."""
_DEEPEST_M: Final = 0.025
_JAWS_M: Final = 0.04


@dataclass(frozen=True)
class PairObservation:
    """What the operator sees.

    Attributes:
        time_s: Session time, s.
        poses: (7,) measured tool pose of each arm.
        wrenches: (6,) tared wrench of each finger, N and N·m, tool frame.
        box: (4,) vision's estimate: the box's middle (m) and its yaw (rad), base frame.
    """

    time_s: float
    poses: tuple[Array, Array]
    wrenches: tuple[Array, Array]
    box: Array


@dataclass(frozen=True)
class PairCommand:
    """What the operator asks for: target tool poses (7,), jaw width (m), and whether it is finished."""

    poses: tuple[Array, Array]
    gripper: float
    done: bool


class Phase(Enum):
    """APPROACH -> CLOSE -> SQUEEZE -> LIFT -> HOLD -> LOWER -> OPEN -> DONE, never backwards."""

    APPROACH = "approach"
    CLOSE = "close"
    SQUEEZE = "squeeze"
    LIFT = "lift"
    HOLD = "hold"
    LOWER = "lower"
    OPEN = "open"
    DONE = "done"


class _LiftScript:
    """What both operators share: the way there, up, down and away. Subclasses say when to stop closing, and how hard.

    The targets are a middle that both share, and the way of each pad from it, positive outward.
    """

    def __init__(self) -> None:
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Start a demonstration; the seed gives it its small natural variation."""
        rng = np.random.default_rng([seed, 3])
        self.phase = Phase.APPROACH
        self._aim_n = rng.uniform(*_AIM_N)
        self._speed = _LIFT_M_PER_S * rng.uniform(0.9, 1.1)
        self._targets: Array | None = None
        self._turns: tuple[Array, Array] = (np.zeros(4), np.zeros(4))
        self._time_s = self._since_s = 0.0
        self._low_m = self._high_m = 0.0

    def act(self, seen: PairObservation) -> PairCommand:
        """Return the next targets."""
        if self._targets is None:
            self._targets = np.array([pose[:3] for pose in seen.poses])
            self._turns = (seen.poses[0][3:].copy(), seen.poses[1][3:].copy())
            self._time_s = self._since_s = seen.time_s
        dt = min(max(seen.time_s - self._time_s, 0.0), 0.1)
        self._time_s = seen.time_s
        step = {
            Phase.APPROACH: self._approach, Phase.CLOSE: self._close, Phase.SQUEEZE: self._squeeze,
            Phase.LIFT: self._lift, Phase.HOLD: self._hold, Phase.LOWER: self._lower, Phase.OPEN: self._open,
            Phase.DONE: self._rest,
        }[self.phase]  # fmt: skip
        step(seen, self._targets, dt)
        first, second = self._targets
        poses = (np.append(first, self._turns[0]), np.append(second, self._turns[1]))
        return PairCommand(poses, _JAWS_M, self.phase is Phase.DONE)

    def _touched(self, seen: PairObservation, targets: Array) -> npt.NDArray[np.bool_]:
        """Return which pads (2,) are to close no further."""
        raise NotImplementedError

    def _grip(self, seen: PairObservation, targets: Array, dt: float) -> None:
        """Move both targets in or out, so that the box is held as it should be."""

    def _settled(self, seen: PairObservation) -> bool:
        """Return whether the box is held as it should be."""
        return True

    def _enter(self, phase: Phase) -> None:
        self.phase, self._since_s = phase, self._time_s

    def _approach(self, seen: PairObservation, targets: Array, dt: float) -> None:
        goal = np.tile(seen.box[:3], (2, 1))
        goal[:, 1] -= INWARD * (HALF_WIDTH_M + _HOVER_M)
        goal[:, 2] += GRIP_ABOVE_M
        self._towards(targets, goal, dt)
        poses = np.array([pose[:3] for pose in seen.poses])
        if float(np.linalg.norm(goal - poses, axis=1).max()) < _REACHED_M:
            self._enter(Phase.CLOSE)

    def _towards(self, targets: Array, goal: Array, dt: float) -> None:
        gap = goal - targets
        way = np.linalg.norm(gap, axis=1, keepdims=True)
        targets += gap * np.minimum(1.0, _TRAVEL_M_PER_S * dt / np.maximum(way, 1e-9))

    def _close(self, seen: PairObservation, targets: Array, dt: float) -> None:
        free = ~self._touched(seen, targets)
        targets[:, 1] += np.where(free, INWARD * _CLOSE_M_PER_S * dt, 0.0)
        if not free.any():
            self._enter(Phase.SQUEEZE)

    def _squeeze(self, seen: PairObservation, targets: Array, dt: float) -> None:
        self._grip(seen, targets, dt)
        if self._settled(seen) or self._time_s - self._since_s > _SETTLE_LIMIT_S:
            self._low_m, self._high_m = float(targets[0, 2]), float(targets[0, 2]) + LIFT_M
            self._enter(Phase.LIFT)

    def _lift(self, seen: PairObservation, targets: Array, dt: float) -> None:
        self._grip(seen, targets, dt)
        targets[:, 2] = np.minimum(self._high_m, targets[:, 2] + self._speed * dt)
        if float(targets[0, 2]) >= self._high_m:
            self._enter(Phase.HOLD)

    def _hold(self, seen: PairObservation, targets: Array, dt: float) -> None:
        self._grip(seen, targets, dt)
        if self._time_s - self._since_s > HOLD_S:
            self._enter(Phase.LOWER)

    def _lower(self, seen: PairObservation, targets: Array, dt: float) -> None:
        self._grip(seen, targets, dt)
        targets[:, 2] = np.maximum(self._low_m, targets[:, 2] - self._speed * dt)
        lowest = max(float(pose[2]) for pose in seen.poses)
        if float(targets[0, 2]) <= self._low_m and lowest < self._low_m + _REACHED_M:
            self._enter(Phase.OPEN)

    def _open(self, seen: PairObservation, targets: Array, dt: float) -> None:
        targets[:, 1] -= INWARD * _OPEN_M_PER_S * dt
        apart = float(seen.poses[1][1] - seen.poses[0][1])
        if apart > 2.0 * (HALF_WIDTH_M + _HOVER_M):
            self._enter(Phase.DONE)

    def _rest(self, seen: PairObservation, targets: Array, dt: float) -> None:
        """Hold still."""


class FeelingLift(_LiftScript):
    """Closes until each pad feels the box, then holds it as hard as its weight needs, by integrating (6 per second)."""

    def _touched(self, seen: PairObservation, targets: Array) -> npt.NDArray[np.bool_]:
        too_far = (targets[:, 1] - seen.box[1]) * INWARD > -_deepest()
        return np.array([holding_force(wrench) > _TOUCH_N for wrench in seen.wrenches]) | too_far

    def _wanted_n(self, seen: PairObservation) -> float:
        load_n = sum(float(np.hypot(*wrench[:2])) for wrench in seen.wrenches)
        return min(_MOST_N, max(self._aim_n, _GRIP_PER_LOAD * load_n))

    def _grip(self, seen: PairObservation, targets: Array, dt: float) -> None:
        error_n = self._wanted_n(seen) - _mean_force(seen)
        in_m = _RATE_PER_S * dt * error_n / _STIFFNESS_N_PER_M
        apart = float(targets[1, 1] - targets[0, 1])
        targets[:, 1] += INWARD * max(-0.002, min(in_m, 0.002, 0.5 * apart))

    def _settled(self, seen: PairObservation) -> bool:
        return abs(_mean_force(seen) - self._wanted_n(seen)) < _SETTLED_N


class BlindLift(_LiftScript):
    """Closes to the width that the task card gives, pressed in as deep as its aim would need, and leaves it there."""

    def _touched(self, seen: PairObservation, targets: Array) -> npt.NDArray[np.bool_]:
        depth = self._aim_n / _STIFFNESS_N_PER_M
        inside: npt.NDArray[np.bool_] = (targets[:, 1] - seen.box[1]) * INWARD >= depth - HALF_WIDTH_M
        return inside


def holding_force(wrench: Array) -> float:
    """Return how hard a pad presses along its axis, N."""
    return float(-wrench[2])


def _mean_force(seen: PairObservation) -> float:
    return 0.5 * sum(holding_force(wrench) for wrench in seen.wrenches)


def _deepest() -> float:
    return HALF_WIDTH_M - _DEEPEST_M
