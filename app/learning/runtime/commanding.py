"""From an action of the policy to the next commands, in whichever frame its actions are. Used by the controller."""

from __future__ import annotations

import numpy as np

from app.learning.config import RuntimeConfig
from app.learning.data import features
from app.learning.data.targets import size_of_arm, to_commands
from app.learning.runtime.observer import Observation
from app.learning.settings import ActionFrame


def next_command(
    frame: ActionFrame, config: RuntimeConfig, command: np.ndarray, action: np.ndarray, began: Observation,
    yaw: float, share: float = 1.0,
) -> np.ndarray:  # fmt: skip
    """Return the next command of each arm (arms·8,), base frame; none is further from its last one than the clip of a
    tick allows.

    Args:
        command: The last commands (arms·8,).
        action: One action in own units (A,).
        began: What was known when the action's plan was asked for; increments do not depend on it.
        yaw: Of the stroke now, rad; poses do not depend on it.
        share: Of a tick of the grid that this step takes.
    """
    longest = (share * config.max_step_m, share * config.max_turn_rad)
    commands, actions = (
        features.each_arm(command, features.COMMAND),
        features.each_arm(action[:-1], size_of_arm(frame)),
    )
    if frame == "increment":
        moved = [
            features.apply_increment(last, own, yaw, *longest)
            for last, own in zip(commands, actions, strict=True)
        ]
        return np.concatenate(moved)
    poses = features.each_arm(began.pose, features.POSE)
    if frame != "relative_pose":
        poses = [applied[: features.POSE] for applied in features.each_arm(began.applied, features.COMMAND)]
    moved = [
        features.step_towards(last, to_commands(frame, own, seen_from, began.stain), *longest)
        for last, own, seen_from in zip(commands, actions, poses, strict=True)
    ]
    return np.concatenate(moved)
