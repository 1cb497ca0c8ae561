"""The wipe task: a stain on a board of unknown height and tilt that comes off only under a controlled push.

A patch comes off after 12 mm of tangential travel within 12 mm of it while the normal force is between 4 and 12 N.
Score = share removed - 0.5 * min(1, seconds above 20 N). `wipe.md` of the project's research found these numbers to
make touch matter: a blind script scores near nothing, a force-following one near 1. Everything varies with the seed;
record 0076 says why the board is always tilted and why it is knocked three times.
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

FORCE_BAND_N: Final = (4.0, 12.0)
TRAVEL_TO_CLEAN_M: Final = 0.012
PATCH_REACH_M: Final = 0.012
EXCESS_FORCE_N: Final = 20.0
EXCESS_WEIGHT: Final = 0.5
SUCCESS_SCORE: Final = 0.9

_HEIGHT_RANGE_M: Final = 0.015
_PLACE_RANGE_M: Final = 0.015
_YAW_RANGE_RAD: Final = float(np.radians(8.0))
_TILT_RAD: Final = (float(np.radians(3.0)), float(np.radians(5.0)))
_VISION_SIGMA: Final = np.array([0.002, 0.002, 0.006, 0.01])
_KNOCK_M: Final = 0.010
_KNOCK_PROGRESS: Final = ((0.15, 0.30), (0.40, 0.55), (0.65, 0.80))
_SHIFT_M: Final = 0.02
_SHIFT_HEIGHT_M: Final = 0.008


@dataclass(frozen=True)
class WipeVariation:
    """What one seed makes of the task. Base frame, metres and radians.

    Attributes:
        board_position: (3,) origin of the board frame.
        board_quaternion: (4,) w x y z of the board frame.
        stain_estimate: (4,) what vision says: x, y, z of the stroke's start and its yaw; wrong by a constant.
        disturbance: What happens before contact, or during the stroke: the board goes up or down, back, and up or
            down again.
    """

    board_position: Array
    board_quaternion: Array
    stain_estimate: Array
    disturbance: Disturbance

    @property
    def condition(self) -> Condition:
        """What the episode is: nominal, before (shifted before contact) or after (knocked during the stroke)."""
        return self.disturbance.condition


def draw_variation(rng: np.random.Generator, condition: Condition) -> WipeVariation:
    """Draw a variation; the draws are the same for each condition, so that they can be compared seed by seed."""
    place = rng.uniform(-_PLACE_RANGE_M, _PLACE_RANGE_M, 2)
    height = rng.uniform(-_HEIGHT_RANGE_M, _HEIGHT_RANGE_M)
    yaw = 0.5 * np.pi + rng.uniform(-_YAW_RANGE_RAD, _YAW_RANGE_RAD)
    tilt = rng.uniform(*_TILT_RAD)
    tilt_axis = rng.uniform(0.0, 2.0 * np.pi)
    error = rng.standard_normal(4) * _VISION_SIGMA
    coin, ways = rng.random(), np.where(rng.random(2) < 0.5, 1.0, -1.0)
    heights = _KNOCK_M * np.array([ways[0], 0.0, ways[1]])
    knocks = tuple(
        Knock(float(rng.uniform(*at)), np.array([0.0, 0.0, height]))
        for at, height in zip(_KNOCK_PROGRESS, heights, strict=True)
    )
    shift = rng.uniform(-1.0, 1.0, 3) * np.array([_SHIFT_M, _SHIFT_M, _SHIFT_HEIGHT_M])
    position = np.array(g.BOARD_HOME_M) + np.array([place[0], place[1], height])
    tilted = rotvec_to_quat(tilt * np.array([np.cos(tilt_axis), np.sin(tilt_axis), 0.0]))
    quaternion = quat_multiply(tilted, rotvec_to_quat(np.array([0.0, 0.0, yaw])))
    x_axis = quat_to_matrix(quaternion)[:, 0]
    start = position - 0.5 * g.STROKE_LENGTH_M * x_axis
    heading = float(np.arctan2(x_axis[1], x_axis[0]))
    return WipeVariation(
        board_position=position,
        board_quaternion=quaternion,
        stain_estimate=np.append(start, heading) + error,
        disturbance=Disturbance(resolve(condition, coin), shift, knocks),
    )


class WipeTask:
    """True state of one episode: the board's pose, each patch's travel, the time of excess force.

    A knock starts when the tool, near the board, has come a drawn share along the stroke, the shift when the tool first
    comes near: disturbance.py.
    """

    def __init__(self) -> None:
        self._patch_x = np.array([g.patch_x_m(index) for index in range(g.PATCH_COUNT)])
        self._travel = np.zeros(g.PATCH_COUNT)
        self.reset(np.random.default_rng(0), "nominal")

    def reset(self, rng: np.random.Generator, condition: Condition) -> None:
        """Start an episode."""
        self.variation = draw_variation(rng, condition)
        self._rotation = quat_to_matrix(self.variation.board_quaternion)
        self.board_position = self.variation.board_position.copy()
        self._travel[:] = 0.0
        self._excess_s = 0.0
        self._elapsed_s = 0.0
        self._mover = Mover(self.variation.disturbance)
        self._last: tuple[float, float] | None = None

    def update(self, tool: Array, touch: Array | None, normal_n: float) -> None:
        """Account for one physics step of 2 ms.

        Args:
            tool: (3,) m, base frame: centre of the pad's surface.
            touch: (3,) m, base frame: where the pad touches the board; None without contact.
            normal_n: Normal force between pad and board, N.
        """
        self._elapsed_s += g.TIMESTEP_S
        if normal_n > EXCESS_FORCE_N:
            self._excess_s += g.TIMESTEP_S
        if self.variation.condition != "nominal":
            self._move_board(tool)
        if touch is None:
            self._last = None
        else:
            self._wipe(tool, touch, normal_n)

    def _wipe(self, tool: Array, touch: Array, normal_n: float) -> None:
        """Add the pad's tangential travel to the patches near the touched point."""
        x, y, _ = (tool - self.board_position) @ self._rotation
        last, self._last = self._last, (x, y)
        if last is None or not FORCE_BAND_N[0] <= normal_n <= FORCE_BAND_N[1]:
            return
        step = ((x - last[0]) ** 2 + (y - last[1]) ** 2) ** 0.5
        at_x, at_y, _ = (touch - self.board_position) @ self._rotation
        near = (self._patch_x - at_x) ** 2 + at_y**2 <= PATCH_REACH_M**2
        self._travel[near] += step

    def _move_board(self, tool: Array) -> None:
        """Shift or move the board when the tool has come near, or far enough."""
        x, _, z = (tool - self.board_position) @ self._rotation
        self._mover.advance(x / g.STROKE_LENGTH_M + 0.5, z)
        self.board_position = self.variation.board_position + self._mover.offset

    def condition(self) -> Condition:
        """Return what the present episode is: nominal, before or after."""
        return self.variation.condition

    def places(self) -> tuple[Place, ...]:
        """Return where the board stands."""
        return (Place(self.board_position, self.variation.board_quaternion),)

    def estimate(self) -> Array:
        """Return what vision says of the stroke: it sees the shift before contact, and no move during it."""
        seen = self.variation.stain_estimate.copy()
        if self.variation.condition == "before":
            seen[:3] += self.board_position - self.variation.board_position
        return seen

    def parts(self) -> npt.NDArray[np.bool_]:
        """Return which of the 20 patches are off, from the stroke's start to its end."""
        return self._travel >= TRAVEL_TO_CLEAN_M

    def cleaned(self) -> Array:
        """Return how far each patch has come off, (20,) in 0..1: for the pictures."""
        return np.minimum(1.0, self._travel / TRAVEL_TO_CLEAN_M)

    def score(self) -> float:
        """Return the score so far: at most 1, lowered by excess force."""
        return float(self.parts().mean()) - EXCESS_WEIGHT * min(1.0, self._excess_s)

    def done(self) -> bool:
        """Return whether nothing more can be won: the board is clean or the time is up."""
        return bool(self.parts().all()) or self._elapsed_s >= TIME_LIMIT_S
