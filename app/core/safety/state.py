"""What the governor remembers between two calls."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from app.core.safety.punctuality import Punctuality
from app.core.safety.reasons import Reason
from app.core.wire.messages import SetPoint, Source


def _zeros() -> np.ndarray:
    return np.zeros(3)


@dataclass(frozen=True)
class GovernorState:
    """Immutable; each call of the governor returns the next one.

    Attributes:
        position, quaternion, gripper: The applied target: (3,) m, (4,), m; base frame.
        velocity, angular_velocity: Of the applied target: (3,) m/s, (3,) rad/s.
        acceleration, angular_acceleration: Of the applied target: (3,) m/s², (3,) rad/s².
        energy_j: What is left in the energy tank; None before the first motion: full.
        armed_ns: When the present press began to enable; 0 until the governor has placed the target for it.
        holder, source: Who has the lease ("" nobody).
        lease_ns: When the lease was taken: what was made before it does not count.
        setpoint: The newest accepted set-point, if any since the lease began.
        last_seq: Sequence number of it.
        enable_ns, press: Newest enabling token and the press that it belongs to.
        spent_press: A stop has used up all presses up to this one.
        yield_to: After a force reflex: position (3,) that the target relaxes to.
        latched: Reasons that stay until the next re-arm, to be told and recorded.
        punctuality: Which set-points of the present press came late.
    """

    position: np.ndarray
    quaternion: np.ndarray
    gripper: float
    velocity: np.ndarray = field(default_factory=_zeros)
    angular_velocity: np.ndarray = field(default_factory=_zeros)
    acceleration: np.ndarray = field(default_factory=_zeros)
    angular_acceleration: np.ndarray = field(default_factory=_zeros)
    energy_j: float | None = None
    armed_ns: int = 0
    holder: str = ""
    source: Source = "none"
    lease_ns: int = 0
    setpoint: SetPoint | None = None
    last_seq: int = -1
    enable_ns: int = 0
    press: int = 0
    spent_press: int = 0
    yield_to: np.ndarray | None = None
    latched: Reason = Reason.NONE
    punctuality: Punctuality = field(default_factory=Punctuality)

    @staticmethod
    def at(pose: np.ndarray, gripper: float) -> GovernorState:
        """Return a state that rests at a measured pose (7,): start-up, reset and reconnect begin here."""
        return GovernorState(np.array(pose[:3]), np.array(pose[3:]), gripper)
