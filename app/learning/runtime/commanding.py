"""From an action of the policy to the next command, in whichever frame its actions are. Used by the controller."""

from __future__ import annotations

import numpy as np

from app.learning.config import RuntimeConfig
from app.learning.data import features
from app.learning.data.targets import to_commands
from app.learning.runtime.observer import Observation
from app.learning.settings import ActionFrame


def next_command(
    frame: ActionFrame, config: RuntimeConfig, command: np.ndarray, action: np.ndarray, began: Observation,
    yaw: float, share: float = 1.0,
) -> np.ndarray:  # fmt: skip
    """Return the next command (8,), base frame; it is never further from the last one than the clip of a tick allows.

    Args:
        command: The last command (8,).
        action: One action in own units (A,).
        began: What was known when the action's plan was asked for; increments do not depend on it.
        yaw: Of the stroke now, rad; poses do not depend on it.
        share: Of a tick of the grid that this step takes.
    """
    longest = (share * config.max_step_m, share * config.max_turn_rad)
    if frame == "increment":
        return features.apply_increment(command, action, yaw, *longest)
    seen_from = began.pose if frame == "relative_pose" else began.applied[:7]
    return features.step_towards(command, to_commands(frame, action, seen_from, began.stain), *longest)
