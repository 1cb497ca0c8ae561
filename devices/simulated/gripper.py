"""The gripper of the Panda model (a two-finger linkage) as a width in metres: command and measurement.

Widths: 0 closed to 0.08 m open, between the inner faces of the two finger pads. The finger bolted to the palm stands
between the jaws and does not collide with them.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

WIDEST_M: Final = 0.08
_PAD_THICKNESS_M: Final = 0.008
# Measured on the model without load: actuator control value against width.
_CONTROL: Final = (0.0, 64.0, 128.0, 192.0, 255.0)
_WIDTH_M: Final = (0.08516, 0.06550, 0.04368, 0.02047, 0.00003)


class Gripper:
    """Position actuator of the jaws.

    Args:
        model: Physics model.
        data: Its state.
    """

    def __init__(self, model: Any, data: Any) -> None:
        self._control = data.ctrl
        self._actuator = model.actuator("fingers_actuator").id
        self._left = data.geom_xpos[model.geom("left_pad1").id]
        self._right = data.geom_xpos[model.geom("right_pad1").id]

    def command(self, width_m: float) -> None:
        """Ask the jaws for a width; values outside 0..0.08 m are clipped to it."""
        width = min(max(width_m, 0.0), WIDEST_M)
        self._control[self._actuator] = np.interp(-width, [-w for w in _WIDTH_M], _CONTROL)

    def width(self) -> float:
        """Return the measured width, metres."""
        return float(np.linalg.norm(self._left - self._right)) - _PAD_THICKNESS_M
