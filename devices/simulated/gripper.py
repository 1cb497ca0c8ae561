"""The gripper of the Panda model (a two-finger linkage) as a width in metres: command and measurement.

Widths: between the inner faces of the two jaws, at most 0.08 m. The finger bolted to the palm stands between the jaws,
so they stop just before its shaft: at 0.016 m, not at 0.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

WIDEST_M: Final = 0.08
NARROWEST_M: Final = 0.016
_PAD_THICKNESS_M: Final = 0.008
# Measured on the model without load: width against the actuator's control value.
_WIDTH_M: Final = (0.00003, 0.02047, 0.04368, 0.06550, 0.08516)
_CONTROL: Final = (255.0, 192.0, 128.0, 64.0, 0.0)


class Gripper:
    """Position actuator of the jaws.

    Args:
        model: Physics model.
        data: Its state.
        prefix: Of the arm's names in the model; empty for the first arm.
    """

    def __init__(self, model: Any, data: Any, prefix: str = "") -> None:
        self._control = data.ctrl
        self._actuator = model.actuator(f"{prefix}fingers_actuator").id
        self._left = data.geom_xpos[model.geom(f"{prefix}left_pad1").id]
        self._right = data.geom_xpos[model.geom(f"{prefix}right_pad1").id]

    def command(self, width_m: float) -> None:
        """Ask the jaws for a width, metres; what the jaws cannot reach is clipped."""
        width = min(max(width_m, NARROWEST_M), WIDEST_M)
        self._control[self._actuator] = np.interp(width, _WIDTH_M, _CONTROL)

    def width(self) -> float:
        """Return the measured width, metres."""
        return float(np.linalg.norm(self._left - self._right)) - _PAD_THICKNESS_M
