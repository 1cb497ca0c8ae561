"""Options of the arms, as a rig file gives them. Light: read before any SDK is."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Pose = Annotated[tuple[float, ...], msgspec.Meta(min_length=7, max_length=7)]


class Absent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No arm; `pose` is where the tool counts as being, m and quaternion w x y z."""

    pose: Pose = (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
    rate_hz: Annotated[float, msgspec.Meta(gt=0)] = 250.0


class Ur(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A Universal Robots arm (CB3 from 3.5 on, e-Series) over RTDE; the tool is the TCP that is set on its pendant.

    Attributes:
        control: Let it move. Off, it is only measured. Motion was never tried on a real controller: see the help.
        rate_hz: Of measuring and of targets; up to 125 (CB3) or 500 (e-Series).
        lookahead_s, gain: Of `servoj`: 0.03 to 0.2 s, 100 to 2000.
        farthest_m: A target farther from the measured pose ends motion in the controller itself.
        wrench_sign: −1 if pushing the tool towards the base's +x shows −x.
        stale_s: Age at which the pose is no number any more, and motion ends.
    """

    host: str
    control: bool = False
    rate_hz: Annotated[float, msgspec.Meta(gt=49, le=500)] = 125.0
    lookahead_s: Annotated[float, msgspec.Meta(ge=0.03, le=0.2)] = 0.1
    gain: Annotated[float, msgspec.Meta(ge=100, le=2000)] = 300.0
    farthest_m: Annotated[float, msgspec.Meta(gt=0, le=0.2)] = 0.1
    wrench_sign: Literal[1, -1] = 1
    drift_n: Annotated[float, msgspec.Meta(gt=0)] = 10.0
    stale_s: Annotated[float, msgspec.Meta(gt=0)] = 0.1


class XArm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A UFACTORY arm (xArm 5, 6, 7, 850, Lite 6) by its SDK; the tool is the TCP that is set in UFACTORY Studio.

    Attributes:
        control: Let it move. Off, it is only measured. Motion was never tried on a real arm: see the help.
        rate_hz: Of targets; its own reports come at 100.
        force: Read the six-axis force-torque sensor, an accessory.
        sensor_pose: Of that sensor in the tool frame, m and quaternion w x y z.
        wrench_sign: −1 if pushing the tool towards the sensor's +x shows −x.
        farthest_m: A target farther from the measured pose ends motion.
        answer_s: A target that is not acknowledged within this time ends motion.
        stale_s: Age at which the pose is no number any more, and motion ends.
    """

    host: str
    control: bool = False
    rate_hz: Annotated[float, msgspec.Meta(ge=50, le=250)] = 100.0
    force: bool = False
    sensor_pose: Pose = (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
    wrench_sign: Literal[1, -1] = 1
    farthest_m: Annotated[float, msgspec.Meta(gt=0, le=0.2)] = 0.1
    answer_s: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.1
    drift_n: Annotated[float, msgspec.Meta(gt=0)] = 10.0
    stale_s: Annotated[float, msgspec.Meta(gt=0)] = 0.1


class Franka(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A Franka Research 3 over its Franka Control Interface (FCI); the tool is the end effector that is set in Desk.

    Attributes:
        control: Let it move. Off, it is only measured. Motion was never tried on a real arm: see the help.
        rate_hz: Of measuring and of targets; the loop beside the arm runs at 1000.
        impedance: Which of the arm's own controllers follows the targets.
        smoothing_s: Time constant of each of the three filters between targets and arm.
        realtime: Refuse to run without a real-time kernel.
        farthest_m: A target farther from the measured pose ends motion.
        wrench_sign: −1 if pushing the tool towards its +x shows −x.
        stale_s: Age at which the pose is no number any more, and motion ends.
    """

    host: str
    control: bool = False
    rate_hz: Annotated[float, msgspec.Meta(ge=50, le=250)] = 100.0
    impedance: Literal["cartesian", "joint"] = "cartesian"
    smoothing_s: Annotated[float, msgspec.Meta(ge=0.008, le=0.1)] = 0.009
    realtime: bool = False
    farthest_m: Annotated[float, msgspec.Meta(gt=0, le=0.2)] = 0.1
    wrench_sign: Literal[1, -1] = 1
    drift_n: Annotated[float, msgspec.Meta(gt=0)] = 10.0
    stale_s: Annotated[float, msgspec.Meta(gt=0)] = 0.1


class Flexiv(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A Flexiv Rizon; the tool is the TCP that is set on its pendant, the base its world frame.

    Attributes:
        serial: Of the arm: "Rizon4s-123456".
        interface: IPv4 address of this machine's network interface towards the arm; empty: all are tried.
        control: Let it move. Off, it is only measured. Nothing of this was tried on a real arm: see the help.
        rate_hz: Of measuring and of targets.
        speed_m_s, angular_speed_rad_s: The most that its own motion generator makes of a target.
        farthest_m: A target farther from the measured pose ends motion.
        wrench_sign: −1 if pushing the tool towards its +x shows −x.
        stale_s: Age at which the pose is no number any more, and motion ends.
    """

    serial: str
    interface: str = ""
    control: bool = False
    rate_hz: Annotated[float, msgspec.Meta(ge=50, le=100)] = 100.0
    speed_m_s: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.3
    angular_speed_rad_s: Annotated[float, msgspec.Meta(gt=0, le=3)] = 1.0
    farthest_m: Annotated[float, msgspec.Meta(gt=0, le=0.2)] = 0.1
    wrench_sign: Literal[1, -1] = 1
    drift_n: Annotated[float, msgspec.Meta(gt=0)] = 10.0
    stale_s: Annotated[float, msgspec.Meta(gt=0)] = 0.1
