"""The measures of the task lift, in the rig's base frame: the first arm's base, x forward, y to its left, z up.

The two arms stand side by side; their fingers point at each other along y, the box between them.
"""

from __future__ import annotations

from math import sqrt
from typing import Final

ARMS: Final = ("arm", "arm2")
FINGERS: Final = ("finger", "finger2")
PREFIXES: Final = ("", "arm2/")
"""Of the names in the model, per arm."""

APART_M: Final = 0.56
"""From the first arm's base to the second's, along y."""
MIDDLE_M: Final = (0.52, 0.28)
"""x and y of the box's nominal place."""
STAND_TOP_M: Final = 0.12
GRIP_ABOVE_MIDDLE_M: Final = 0.012
"""The grip is above the box's middle, so that it hangs and does not tip over."""

BOX_HALF_M: Final = (0.025, 0.030, 0.045)
"""Half sizes along x, y (which varies) and z."""
HOME_GAP_M: Final = 0.13
"""From the middle to each pad at home."""
HOME_HEIGHT_M: Final = STAND_TOP_M + BOX_HALF_M[2] + GRIP_ABOVE_MIDDLE_M

_HALF: Final = sqrt(0.5)
HOMES: Final = (
    (MIDDLE_M[0], MIDDLE_M[1] - HOME_GAP_M, HOME_HEIGHT_M, _HALF, -_HALF, 0.0, 0.0),
    (MIDDLE_M[0], MIDDLE_M[1] + HOME_GAP_M, HOME_HEIGHT_M, _HALF, _HALF, 0.0, 0.0),
)
"""Home poses (7,) of both tools: z at the other arm (+y and -y), x forward."""
GUESSES: Final = (
    (-0.3, 0.5, 0.15, -2.0, 1.4, 1.55, -0.2),
    (0.3, 0.5, -0.15, -2.0, -1.4, 1.55, 1.77),
)
"""Joint angles (7,), rad, near home: where the search for the home posture begins."""

BOX_BODY: Final = "box"
BOX_GEOM: Final = "box_side"
STAND_BODY: Final = "stand"
STAND_GEOM: Final = "stand_top"
FRICTION: Final = 0.5
"""Between a pad and the box."""
