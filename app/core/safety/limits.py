"""The limits that the governor enforces. SI units; frames: base frame for positions."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of one rig.

    Attributes:
        distance_m: A target farther than this from the measured position is pulled back to it.
        angle_rad: The same for orientation.
        jerk_m_s3, angular_jerk_rad_s3: Of the applied target, where speed and acceleration leave the choice.
        power_w: Most power that motion may put into a contact.
        energy_start_j, energy_floor_j, refill_w: The tank: energy that motion may put into a contact beyond `refill_w`;
            at the floor only `refill_w` is left.
        start_distance_m, start_angle_rad: On a new press the target may be so far from the measured pose, growing to
            `distance_m`, `angle_rad` within `start_ramp_ms`.
        force_n: Reflex: above this contact force the arm yields to where it is and disarms.
        setpoint_expiry_ms: Age at which a set-point no longer counts.
        token_expiry_ms: Age at which a person's enabling input no longer counts.
        late_ms: Age from which a set-point counts as late on arrival.
        late_warn, late_hold: Share of late set-points in a second that is told, and that ends motion.
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
    jerk_m_s3: float = 1000.0
    angular_jerk_rad_s3: float = 10000.0
    power_w: float = 8.0
    energy_start_j: float = 2.0
    energy_floor_j: float = 0.5
    refill_w: float = 2.0
    start_distance_m: float = 0.01
    start_angle_rad: float = 0.09
    start_ramp_ms: float = 250.0
    late_ms: float = 50.0
    late_warn: float = 0.01
    late_hold: float = 0.02

    def numbers(self) -> dict[str, float]:
        """Return the scalar limits by name, for `describe`."""
        return {
            name: value for name, value in msgspec.structs.asdict(self).items() if isinstance(value, float)
        }
