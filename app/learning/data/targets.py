"""What an action is, in each frame that a policy can be trained in: from recorded commands to targets, and back.

`increment`: what changes each command into the next (`features.increments`). The other three give, for each tick of a
chunk, the pose to be commanded, seen from the observation that the chunk begins at: its position (3), the first two
columns of its rotation matrix (6), the gripper opening and `over`.

`relative_command`: from the command that was applied then; `relative_pose`: from the pose that was measured then;
`absolute`: in the stroke frame of then, as the observations are. Differences are turned into the stroke frame.

A policy with `relative_pose` is told the force without seeing touch: command minus pose is force over stiffness.
Used by the training's windows and normalisers, and by the running policy.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from app.learning.data import features, rotations
from app.learning.data.dataset import Series
from app.learning.layout import ONE_ARM, Layout
from app.learning.settings import ActionFrame

POSE_ACTION = (
    *"xyz", *(f"r{row}{column}" for column in "xy" for row in "xyz"), "gripper", "over",
)  # fmt: skip
SIX, GRIPPER = slice(3, 9), 9


def action_names(frame: ActionFrame, layout: Layout = ONE_ARM) -> tuple[str, ...]:
    """Return the names of the numbers of an action: of each arm, its `gripper` last, then `over`."""
    *own, over = features.ACTION if frame == "increment" else POSE_ACTION
    return (*(prefix + name for prefix in layout.prefixes for name in own), over)


def size_of_arm(frame: ActionFrame) -> int:
    """Return how many numbers of an action are of one arm."""
    return len(action_names(frame)) - 1


def moving(frame: ActionFrame, action: Tensor) -> Tensor:
    """Return actions (..., A) without the grippers and `over`, (..., arms·M): M is 6 for increments, 9 for poses."""
    size = size_of_arm(frame)
    return action[..., :-1].unflatten(-1, (-1, size))[..., : size - 1].flatten(-2)


def to_targets(
    frame: ActionFrame, command: np.ndarray, seen_from: np.ndarray, stain: np.ndarray
) -> np.ndarray:
    """Return commands as targets without `over`, (..., 10).

    Args:
        frame: Any but `increment`.
        command: Commanded poses and gripper openings (..., 8), base frame.
        seen_from: The pose that a relative target is relative to (..., 7), base frame; `absolute` ignores it.
        stain: The estimate when the chunk began (..., 4): x y z in metres, yaw in rad, base frame.
    """
    if frame == "absolute":
        pose = features.in_stroke_frame(command[..., :7], stain)
    else:
        yaw = stain[..., 3]
        step = rotations.rotate_about_z(command[..., :3] - seen_from[..., :3], -yaw)
        turn = rotations.multiply(command[..., 3:7], rotations.conjugate(seen_from[..., 3:7]))
        turn = rotations.multiply(rotations.yaw_quaternions(-yaw), turn)
        turn = rotations.multiply(turn, rotations.yaw_quaternions(yaw))
        pose = np.concatenate([step, rotations.six_numbers(turn)], axis=-1)
    return np.concatenate([pose, command[..., 7:8]], axis=-1)


def to_commands(
    frame: ActionFrame, target: np.ndarray, seen_from: np.ndarray, stain: np.ndarray
) -> np.ndarray:
    """Return the commands (..., 8) of targets (..., 10 or 11): the inverse of `to_targets`, whose arguments it takes.

    The six numbers of a rotation need not be orthonormal; the sign of a quaternion is arbitrary.
    """
    yaw, turn = stain[..., 3], rotations.from_six_numbers(target[..., SIX])
    step = rotations.rotate_about_z(target[..., :3], yaw)
    turn = rotations.multiply(rotations.yaw_quaternions(yaw), turn)
    if frame == "absolute":
        position, rotation = stain[..., :3] + step, turn
    else:
        turn = rotations.multiply(turn, rotations.yaw_quaternions(-yaw))
        position, rotation = seen_from[..., :3] + step, rotations.multiply(turn, seen_from[..., 3:7])
    return np.concatenate([position, rotation, target[..., GRIPPER : GRIPPER + 1]], axis=-1)


def chunk_targets(series: Series, frame: ActionFrame, starts: Tensor, chunk: int) -> Tensor:
    """Return the targets (B, chunk, A) in own units of the chunks that begin at ticks `starts` (B,).

    Past the end of an episode the last command stays, and `over` is 1.
    """
    last = series.last[starts][:, None]
    ticks = torch.minimum(starts[:, None] + torch.arange(chunk), last)
    action = series.action[ticks]
    if frame == "increment":
        return action
    measured = frame == "relative_pose"
    seen_from = (series.pose if measured else series.applied)[starts][:, None].numpy()
    command = series.command[torch.minimum(ticks + 1, last)].numpy()
    stain = series.stain[starts][:, None].numpy()
    poses = features.each_arm(seen_from, features.POSE if measured else features.COMMAND)
    commands = features.each_arm(command, features.COMMAND)
    found = [
        to_targets(frame, ordered, pose[..., : features.POSE], stain)
        for ordered, pose in zip(commands, poses, strict=True)
    ]
    targets = np.concatenate(found, axis=-1).astype(np.float32)
    return torch.cat([torch.from_numpy(targets), action[..., -1:]], dim=-1)
