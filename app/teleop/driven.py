"""One arm as a hand drives it: what it told last, and where it is to go. Used by the hand's controller, one per arm."""

from __future__ import annotations

import numpy as np

from app.core.geometry import quat_multiply, rotation_error, rotvec_to_quat
from app.core.wire.messages import ArmTarget, Beat, ServerInfo

LEAD_M = 0.015  # how far the target may run ahead of the measured position: bounds the force of a held key
LEAD_RAD = 0.2
SHARE_OF_LIMIT = 0.6  # of the rig's speed at speed factor 1
GRIPPER_M_S = 0.05
GRIPPER_MAX_M = 0.08
SIGNALS = ("pose", "applied", "gripper", "joints")


class DrivenArm:
    """Integrates beats into a target.

    Args:
        name: The `device` of its signals.

    Attributes:
        newest: Its newest samples by signal.
        target: (7,) base frame; None while the hand does not drive it: then it holds its place.
        clutched: Whether the newest beat left it standing.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.newest: dict[str, np.ndarray] = {}
        self.target: np.ndarray | None = None
        self.clutched = False
        self.gripper = 0.0
        self._press = 0
        self._home = np.zeros(7)
        self._limits: dict[str, float] = {}

    @property
    def topics(self) -> tuple[str, ...]:
        """What has to be heard of it."""
        return tuple(f"{self.name}/{signal}" for signal in SIGNALS)

    @property
    def known(self) -> bool:
        """Whether enough was heard to drive it."""
        return {"applied", "pose"} <= self.newest.keys()

    def begin(self, info: ServerInfo) -> None:
        """Start an episode at rest, with the limits of this rig."""
        self.target = None
        other = next((arm for arm in info.others if arm.name == self.name), None)
        self._limits = info.limits if other is None else other.limits
        self._home = np.asarray(info.home if other is None else other.home)

    def take(self, beat: Beat) -> bool:
        """Take the arm where it is if this beat begins to drive it; returns whether it does."""
        begins = self.target is None or beat.press != self._press or (self.clutched and not beat.clutch)
        if begins:
            applied = self.newest["applied"]
            self.target, self.gripper = applied[:7].copy(), float(applied[7])
        self._press, self.clutched = beat.press, beat.clutch
        return begins

    def advance(self, beat: Beat, dt_s: float) -> None:
        """Move the target as the beat's twist says; the clutch leaves it."""
        if self.target is None or beat.clutch:
            return
        speed = float(np.clip(beat.speed, 0.0, 1.0)) * SHARE_OF_LIMIT
        fastest, fastest_turn = self._limits["speed_m_s"] * speed, self._limits["angular_speed_rad_s"] * speed
        twist = np.clip(np.nan_to_num(np.asarray(beat.twist)), -1.0, 1.0)
        linear, angular = twist[:3] * fastest, twist[3:] * fastest_turn
        if beat.home:
            linear = _towards(self._home[:3] - self.target[:3], fastest, dt_s)
            angular = _towards(rotation_error(self._home[3:], self.target[3:]), fastest_turn, dt_s)
        position = self.target[:3] + linear * dt_s
        turned = quat_multiply(rotvec_to_quat(angular * dt_s), self.target[3:])
        self.aim(np.concatenate([position, turned]))
        self.move_gripper(np.sign(beat.gripper) * GRIPPER_M_S * dt_s)

    def aim(self, wanted: np.ndarray) -> None:
        """Set the target (7,), no farther ahead of the measured pose than `LEAD_M` and `LEAD_RAD`."""
        self.target = _near(wanted, self.newest["pose"])

    def move_gripper(self, way_m: float) -> None:
        """Open (+) or close the gripper by a way."""
        self.gripper = float(np.clip(self.gripper + way_m, 0.0, GRIPPER_MAX_M))

    def as_target(self) -> ArmTarget:
        """Return where it is to go, as the wire has it."""
        pose = None if self.target is None else tuple(float(value) for value in self.target)
        return ArmTarget(self.name, pose, self.gripper)


def _near(target: np.ndarray, measured: np.ndarray) -> np.ndarray:
    lead = _shorten(rotation_error(target[3:], measured[3:]), LEAD_RAD)
    turned = quat_multiply(rotvec_to_quat(lead), measured[3:])
    return np.concatenate([measured[:3] + _shorten(target[:3] - measured[:3], LEAD_M), turned])


def _shorten(vector: np.ndarray, longest: float) -> np.ndarray:
    length = float(np.sqrt(vector @ vector))
    return vector if length <= longest else vector * (longest / length)


def _towards(error: np.ndarray, speed: float, dt_s: float) -> np.ndarray:
    return _shorten(error / max(dt_s, 1e-3), speed)
