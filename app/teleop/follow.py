"""The arm follows a leader: where the leader's joints put the tool, reached without a jump.

::

    REFUSED (too far apart)
       ^
    press --> match: RAMP (the difference shrinks to nothing) --> FOLLOWING
       |                                                            |
       |<----- clutch opened, lock changed, finer scale ------------+
       +----> relative: FOLLOWING from where both stand

The difference between leader and arm at a press is never stepped over. Matching, it is added to the leader's pose and
shrinks with a smooth weight from 1 to 0, slower than `RAMP_M_S` and `RAMP_RAD_S`; relatively, it stays. Above
`MISMATCH_M` or `MISMATCH_RAD` a matching press is refused.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from app.core.errors import DeviceError
from app.core.geometry import pose_to_matrix, quat_multiply, rotation_error, rotvec_to_quat
from app.core.wire.messages import Beat
from app.teleop.chains import Chain, pose_of
from app.teleop.modes import Lock
from app.teleop.settings import Settings
from app.teleop.shaping import Clutch, follow

MISMATCH_M, MISMATCH_RAD = 0.20, 0.8
RAMP_M_S, RAMP_RAD_S, SHORTEST_RAMP_S = 0.08, 0.4, 0.3
FIT_M, FIT_RAD = (
    0.01,
    0.05,
)  # how far the tool may seem to move on the flange before the chain is not this arm's


@dataclass(frozen=True)
class Mismatch:
    """How far the leader is from the arm: metres and radians."""

    way: float
    turn: float

    @property
    def too_far(self) -> bool:
        """Whether the arm may not be led over it."""
        return self.way > MISMATCH_M or self.turn > MISMATCH_RAD

    @property
    def words(self) -> str:
        """What the person reads."""
        return f"{self.way * 100:.0f} cm and {math.degrees(self.turn):.0f}°"


def mismatch(leader: np.ndarray, tool: np.ndarray) -> Mismatch:
    """Return how far apart two poses (7,) are."""
    way = float(np.linalg.norm(tool[:3] - leader[:3]))
    return Mismatch(way, float(np.linalg.norm(rotation_error(tool[3:], leader[3:]))))


@dataclass(frozen=True)
class Ramp:
    """The difference at the start, `way` (3,) m and `turn` (3,) rotation vector, shrinking over `seconds`."""

    way: np.ndarray
    turn: np.ndarray
    seconds: float

    @staticmethod
    def between(leader: np.ndarray, tool: np.ndarray) -> Ramp:
        """Return the ramp from the tool's pose (7,) to the leader's (7,)."""
        way, turn = tool[:3] - leader[:3], rotation_error(tool[3:], leader[3:])
        steepest = 1.5  # of the weight, at its middle
        longest = max(float(np.linalg.norm(way)) / RAMP_M_S, float(np.linalg.norm(turn)) / RAMP_RAD_S)
        return Ramp(way, turn, max(steepest * longest, SHORTEST_RAMP_S))

    def weight(self, age_s: float) -> float:
        """Return what is left of the difference, 1 to 0: 1 − 3s² + 2s³, which starts and ends without a step."""
        s = min(max(age_s / self.seconds, 0.0), 1.0)
        return 1.0 - s * s * (3.0 - 2.0 * s)

    def target(self, leader: np.ndarray, age_s: float) -> np.ndarray:
        """Return where the arm goes (7,) while the leader is here (7,)."""
        left = self.weight(age_s)
        turned = quat_multiply(rotvec_to_quat(self.turn * left), leader[3:])
        return np.concatenate([leader[:3] + self.way * left, turned])


class Follower:
    """Follows one leader. Used by the hand's controller, in its thread.

    Args:
        chain: Of the arm that the leader stands for.
        settings: Matching or relative, and the scales.
    """

    def __init__(self, chain: Chain, settings: Settings) -> None:
        self.chain, self._settings = chain, settings
        self._tool: np.ndarray | None = None
        self._first_tool: np.ndarray | None = None
        self._ramp: Ramp | None = None
        self._start: Clutch | None = None
        self._age_s = 0.0
        self._mode: tuple[bool, int] | None = None

    def change(self, settings: Settings) -> None:
        """Take other settings; the leader is followed anew from where both stand."""
        self._settings, self._mode = settings, None

    @property
    def ramping(self) -> bool:
        """Whether the arm still catches up with the leader."""
        return self._ramp is not None and self._age_s < self._ramp.seconds

    def pose(self, joints: np.ndarray) -> np.ndarray | None:
        """Return where the leader's joints (n,) put the tool (7,); None before the tool is known."""
        if self._tool is None:
            return None
        return pose_of(self.chain.flange(joints[: self.chain.joints]) @ self._tool)

    def mount(self, arm_joints: np.ndarray, tool_pose: np.ndarray) -> None:
        """Learn where the tool sits on the flange, from the arm's own joints (n,) and measured tool pose (7,).

        Raises:
            DeviceError: If the tool seems to have moved on the flange: the chain is not this arm's.
        """
        if len(arm_joints) < self.chain.joints:
            raise DeviceError(
                "leader", f"it has {self.chain.joints} joints, the arm {len(arm_joints)}",
                way_out="Name the rig's arm in the leader's file",
            )  # fmt: skip
        flange = self.chain.flange(arm_joints[: self.chain.joints])
        tool = np.linalg.inv(flange) @ pose_to_matrix(tool_pose)
        first = tool if self._first_tool is None else self._first_tool
        apart = mismatch(pose_of(first), pose_of(tool))
        if apart.way > FIT_M or apart.turn > FIT_RAD:
            raise DeviceError(
                "leader", f"the rig's arm is not the one of its file: the tool moved on the flange by {apart.words}",
                way_out="Name the rig's arm in the leader's file",
            )  # fmt: skip
        self._first_tool, self._tool = first, tool

    def press(self, joints: np.ndarray, arm: np.ndarray) -> None:
        """Begin to follow from where leader and arm (7,) stand.

        Raises:
            DeviceError: If they are too far apart to be matched.
        """
        leader = self.pose(joints)
        assert leader is not None
        self._age_s = 0.0
        if self._settings.follow == "relative":
            self._ramp, self._start = None, Clutch(leader, arm.copy())
            return
        apart = mismatch(leader, arm)
        if apart.too_far:
            limits = Mismatch(MISMATCH_M, MISMATCH_RAD)
            raise DeviceError(
                "leader", f"it is {apart.words} away from the arm, more than {limits.words}",
                way_out="Bring it closer to the arm's posture, let go and press again",
            )  # fmt: skip
        self._ramp, self._start = Ramp.between(leader, arm), Clutch(leader, arm.copy())

    def target(self, joints: np.ndarray, beat: Beat, last: np.ndarray, dt_s: float) -> np.ndarray:
        """Return where the arm goes (7,).

        Args:
            last: The last target (7,): where it stays while the clutch is engaged, and what a lock keeps.

        Raises:
            DeviceError: If a change of the lock has left them too far apart to be matched.
        """
        if (beat.fine, beat.lock) != self._mode:
            self.press(joints, last)
            self._mode = (beat.fine, beat.lock)
        self._age_s += dt_s
        leader = self.pose(joints)
        assert leader is not None
        assert self._start is not None
        if self._ramp is not None:
            target = self._ramp.target(leader, self._age_s)
        else:
            scale = self._settings.scale * (self._settings.fine if beat.fine else 1.0)
            target = follow(self._start, leader, scale)
        if beat.lock == Lock.MOVE:
            target[3:] = self._start.tool[3:]
        elif beat.lock == Lock.TURN:
            target[:3] = self._start.tool[:3]
        return target
