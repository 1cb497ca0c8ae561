"""Does the pad slip? From the marker field and the tool's motion; for display alone. No Qt in here.

Two criteria, both looked at over the last `WINDOW_S` and only while the pad is pressed:

* sliding: the tool moves along its pad, and the mean shear of the markers does not follow. While a contact sticks, the
  surface of the gel stays with what it touches, so that its displacement against the tool undoes the tool's travel;
  once it slides, friction is spent and the shear stays as it is. This holds for a pad that touches surroundings at
  rest. An object that is carried along also moves with the tool, so a sensor that grasps is not judged by it.
* slipping: the mean shear relaxes by a good part while the pad stays as pressed as before: the stored shear is let go,
  as at the onset of slip on a gel with markers (W. Yuan et al., Measurement of shear and slip with a GelSight tactile
  sensor, 2015, look at the same field). It needs no motion of the tool.

Neither sees a slow creep, a turning contact without travel, or slip before the shear has built up. A sensor without a
field of markers is not judged at all.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum

import numpy as np

from app.core.geometry import quat_to_matrix

WINDOW_S = 0.15
PRESSED_MM = 0.06  # largest inward displacement from which on the pad counts as pressed
SHEAR_MM = 0.03  # mean shear that has to have built up, and the same
SHEAR_SHARE = 0.05  # as a share of the inward displacement
TRAVEL_MM = 1.0
FOLLOWED = 0.3  # share of the travel that a sticking contact's shear would exceed
RELAXED = 0.3  # share of the shear that is let go
STEADY = 0.15  # relative change of the inward displacement that still counts as "as pressed as before"
JUMP_M = 0.05  # between two samples: a reset, no motion
HOLD_S = 0.25  # a state is shown at least this long


class Slip(StrEnum):
    """What the pad does. UNKNOWN: there is no marker field."""

    UNKNOWN = ""
    FREE = "free"
    HOLDS = "holds"
    SLIPPING = "slipping"
    SLIDING = "sliding"


class SlipWatch:
    """Judges one field.

    Args:
        grasps: It holds an object together with another pad: sliding cannot be told from carrying.
    """

    def __init__(self, grasps: bool = False) -> None:
        self.grasps = grasps
        self.state = Slip.FREE
        self._past: deque[tuple[float, np.ndarray, np.ndarray, float]] = deque()
        self._since_s = -1e9

    def feed(self, t_s: float, pose: np.ndarray, field_mm: np.ndarray) -> Slip:
        """Take in the (smoothed) field (N, 3), mm, tool frame, with the tool's pose (7,) at its time."""
        shear, inward = field_mm[:, :2].mean(axis=0), float(max(0.0, -field_mm[:, 2].min()))
        if self._past and t_s <= self._past[-1][0]:
            return self.state
        if self._past and float(np.abs(pose[:3] - self._past[-1][1]).max()) > JUMP_M:
            self._past.clear()
        self._past.append((t_s, pose[:3].copy(), shear, inward))
        while len(self._past) > 2 and self._past[1][0] <= t_s - WINDOW_S:
            self._past.popleft()
        found = self._judge(t_s, pose, shear, inward)
        lasting = self.state in (Slip.SLIDING, Slip.SLIPPING) and t_s - self._since_s < HOLD_S
        if found in (Slip.SLIDING, Slip.SLIPPING) or found is Slip.FREE or not lasting:
            if found is not Slip.HOLDS:
                self._since_s = t_s
            self.state = found
        return self.state

    def _judge(self, t_s: float, pose: np.ndarray, shear: np.ndarray, inward: float) -> Slip:
        if inward < PRESSED_MM:
            return Slip.FREE
        then_s, place, before, pressed = self._past[0]
        if t_s - then_s < 0.6 * WINDOW_S or pressed < PRESSED_MM:
            return Slip.HOLDS
        least = max(SHEAR_MM, SHEAR_SHARE * inward)
        had, has = float(np.hypot(*before)), float(np.hypot(*shear))
        steady = abs(inward - pressed) < STEADY * pressed
        if steady and had > least and had - has > RELAXED * had:
            return Slip.SLIPPING
        travel = (quat_to_matrix(pose[3:]).T @ (pose[:3] - place))[:2] * 1e3
        length = float(np.hypot(*travel))
        if self.grasps or length < TRAVEL_MM or has < least:
            return Slip.HOLDS
        followed = float(-(shear - before) @ travel) / length**2
        return Slip.SLIDING if followed < FOLLOWED else Slip.HOLDS
