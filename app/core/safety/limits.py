"""The limits that the governor enforces. SI units; frames: base frame for positions."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of one rig.

    Attributes:
        distance_m: A target farther than this from the measured position is pulled back to it.
        angle_rad: The same for orientation.
        force_n: Reflex: above this contact force the arm yields to where it is and disarms.
        setpoint_expiry_ms: Age at which a set-point no longer counts.
        token_expiry_ms: Age at which a person's enabling input no longer counts.
    """

    speed_m_s: float
    acceleration_m_s2: float
    angular_speed_rad_s: float
    angular_acceleration_rad_s2: float
    distance_m: float
    angle_rad: float
    box_min_m: tuple[float, float, float]
    box_max_m: tuple[float, float, float]
    force_n: float
    gripper_min_m: float
    gripper_max_m: float
    setpoint_expiry_ms: float
    token_expiry_ms: float

    def numbers(self) -> dict[str, float]:
        """Return the scalar limits by name, for `describe`."""
        return {
            name: value for name, value in msgspec.structs.asdict(self).items() if isinstance(value, float)
        }
