"""What the policy sees and does, as numbers: the one definition that data set and running policy share.

Everything geometric is expressed in the stroke frame: origin at the estimated start of the stain, x along the
estimated stroke, z up (`vision/stain` gives x y z and yaw). A real rig can compute all of it; the task's true state
is not used. By default actions are increments of the command, not targets relative to the measured pose, because the
difference of command and measured pose is force over stiffness: a target relative to the pose smuggles force in, and
lets the decoder learn the wrong sign of the reaction (resources/help/decisions/0040-command-increments.md). What else
an action can be: `targets.py`.

Of several arms the numbers stand side by side (`app.learning.layout`), all in the one stroke frame; `over` is last.
The functions of one command at a time know one arm.
"""

from __future__ import annotations

import numpy as np

from app.learning.data import rotations
from app.learning.layout import ONE_ARM, Layout

WRENCH = 6
MOTION = (
    *(f"pose {axis}" for axis in "xyz"),
    *(f"pose r{row}{column}" for column in "xy" for row in "xyz"),
    *(f"applied {axis}" for axis in "xyz"),
    *(f"applied r{row}{column}" for column in "xy" for row in "xyz"),
    "applied gripper",
)
ACTION = ("dx", "dy", "dz", "rx", "ry", "rz", "gripper", "over")
GRIPPER, OVER = 6, 7
FORCES = ("fx", "fy", "fz", "tx", "ty", "tz")
POSE, COMMAND = 7, 8
"""Numbers of a pose, and of a command: pose and gripper opening."""


def motion_names(layout: Layout = ONE_ARM) -> tuple[str, ...]:
    """Return the names of the motion features: `MOTION` of each arm."""
    return tuple(prefix + name for prefix in layout.prefixes for name in MOTION)


def touch_names(components: int, layout: Layout = ONE_ARM) -> tuple[str, ...]:
    """Return the names of the touch features: each wrench, then the principal components of the marker fields."""
    forces = (prefix + name for prefix in layout.prefixes for name in FORCES)
    return (*forces, *(f"field {index}" for index in range(components * len(layout.arms))))


def each_arm(values: np.ndarray, size: int) -> list[np.ndarray]:
    """Return the numbers (..., size) of each arm out of those of all arms (..., arms·size)."""
    return [values[..., first : first + size] for first in range(0, values.shape[-1], size)]


def in_stroke_frame(pose: np.ndarray, stain: np.ndarray) -> np.ndarray:
    """Return position (3) and rotation (6 numbers) of poses in the stroke frame, (N, 9).

    Args:
        pose: Poses (N, 7) in the base frame.
        stain: Estimates (N, 4): x y z in metres, yaw in rad, base frame.
    """
    yaw = stain[..., 3]
    position = rotations.rotate_about_z(pose[..., :3] - stain[..., :3], -yaw)
    turned = rotations.multiply(rotations.yaw_quaternions(-yaw), pose[..., 3:7])
    return np.concatenate([position, rotations.six_numbers(turned)], axis=-1)


def motion_features(pose: np.ndarray, applied: np.ndarray, stain: np.ndarray) -> np.ndarray:
    """Return the features named `MOTION` of each arm, (N, arms·19).

    Args:
        pose: Measured tool poses (N, arms·7).
        applied: What the governors applied last (N, arms·8): poses and gripper openings in metres.
    """
    told = []
    for measured, ordered in zip(each_arm(pose, POSE), each_arm(applied, COMMAND), strict=True):
        told += [
            in_stroke_frame(measured, stain),
            in_stroke_frame(ordered[..., :7], stain),
            ordered[..., 7:8],
        ]
    return np.concatenate(told, axis=-1)


def increments(command: np.ndarray, stain: np.ndarray) -> np.ndarray:
    """Return what changes each command into the next, `ACTION` of each arm without `over`: (N − 1, arms·7).

    Position increment and rotation vector are in the stroke frame at the earlier tick; the gripper is absolute.

    Args:
        command: Commands (N, arms·8).
    """
    return np.concatenate([_increments(one, stain) for one in each_arm(command, COMMAND)], axis=-1)


def _increments(command: np.ndarray, stain: np.ndarray) -> np.ndarray:
    yaw = stain[:-1, 3]
    step = rotations.rotate_about_z(command[1:, :3] - command[:-1, :3], -yaw)
    turn = rotations.to_rotvec(rotations.multiply(command[1:, 3:7], rotations.conjugate(command[:-1, 3:7])))
    return np.concatenate([step, rotations.rotate_about_z(turn, -yaw), command[1:, 7:8]], axis=-1)


def apply_increment(
    command: np.ndarray, action: np.ndarray, yaw: float, max_step_m: float, max_turn_rad: float
) -> np.ndarray:
    """Return the next command (8,) from the last one and one action (7,), its step and turn clipped in length."""
    step = _shorten(rotations.rotate_about_z(action[:3], np.asarray(yaw)), max_step_m)
    turn = _shorten(rotations.rotate_about_z(action[3:6], np.asarray(yaw)), max_turn_rad)
    quaternion = rotations.multiply(rotations.from_rotvec(turn), command[3:7])
    return np.concatenate(
        [command[:3] + step, quaternion / np.linalg.norm(quaternion), action[GRIPPER : GRIPPER + 1]]
    )


def step_towards(
    command: np.ndarray, target: np.ndarray, max_step_m: float, max_turn_rad: float
) -> np.ndarray:
    """Return the next command (8,) on the way from the last one to a target (8,), step and turn clipped in length."""
    step = _shorten(target[:3] - command[:3], max_step_m)
    turn = rotations.to_rotvec(rotations.multiply(target[3:7], rotations.conjugate(command[3:7])))
    quaternion = rotations.multiply(rotations.from_rotvec(_shorten(turn, max_turn_rad)), command[3:7])
    return np.concatenate([command[:3] + step, quaternion / np.linalg.norm(quaternion), target[7:8]])


def _shorten(vector: np.ndarray, longest: float) -> np.ndarray:
    length = float(np.linalg.norm(vector))
    return vector if length <= longest else vector * (longest / length)
