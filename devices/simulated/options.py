"""What a rig file can say of the simulated bench. Used by `devices.simulated.device`."""

from __future__ import annotations

import msgspec

from devices.simulated.target import Place
from devices.simulated.tasks.interface import Condition


class BenchOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The options of the driver `simulated/panda`; `fast_` is for lock-step.

    Attributes:
        condition: How the task is disturbed where nobody asks for a condition: tasks/interface.py.
        picture, fast_picture: Width and height of the pictures, pixels.
        picture_rate, fast_picture_rate: Pictures per second and camera.
        depth_rate, fast_depth_rate: Depth pictures per second and camera; 0 for none.
        target: Where a calibration board is: on the table (for a camera on the tool) or on the hand (for a fixed one).
    """

    condition: Condition = "mixed"
    picture: tuple[int, int] = (320, 240)
    picture_rate: float = 25.0
    depth_rate: float = 5.0
    fast_picture: tuple[int, int] = (160, 120)
    fast_picture_rate: float = 5.0
    fast_depth_rate: float = 0.0
    target: Place | None = None
