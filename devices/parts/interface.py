"""What a part of a rig must offer: a camera, a touch sensor or an arm. Implemented by the drivers, used by `composed`.

A part never blocks its caller: whatever waits for hardware waits in a thread of the part's own. All samples of all
parts are stamped with this machine's monotonic clock at receipt, so that they can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from app.core.wire.messages import CameraInfo, StreamSpec
from devices.interface import Notice, Sample

Kind = Literal["arm", "camera", "touch"]


@dataclass(frozen=True)
class ArmState:
    """What an arm measured.

    Attributes:
        t_ns: When it was received, monotonic clock.
        joints: Joint angles, then joint speeds (2·J,), rad and rad/s.
        pose: Tool pose (7,) in the base frame: m, quaternion w x y z.
        twist: Tool twist (6,) in the base frame: m/s, rad/s.
        gripper: Opening, m.
    """

    t_ns: int
    joints: np.ndarray
    pose: np.ndarray
    twist: np.ndarray
    gripper: float


class Part(Protocol):
    """What every part offers. All calls come from the device server's thread; none may wait for hardware."""

    def streams(self) -> tuple[StreamSpec, ...]:
        """Return the signals that it publishes."""
        ...

    def collect(self) -> list[Sample]:
        """Return what came up since the last call, oldest first for each signal."""
        ...

    def latest(self) -> list[Sample]:
        """Return the newest sample of every signal that has had one."""
        ...

    def tare(self) -> None:
        """Make the present reading the zero; nothing for a part that has no zero."""
        ...

    def notices(self) -> list[Notice]:
        """Return what the person should know since the last call: stalls, saturation, stuck sensors."""
        ...

    def close(self) -> None:
        """Release everything; may be called twice."""
        ...


class Camera(Part, Protocol):
    """A part that publishes pictures."""

    def cameras(self) -> tuple[CameraInfo, ...]:
        """Return intrinsics and place, if they are known: an uncalibrated camera has none."""
        ...


class Touch(Part, Protocol):
    """A part that publishes a wrench, a field of marker displacements, or both."""

    def markers_m(self) -> np.ndarray:
        """Return the markers' rest positions (N, 3), m, tool frame; (0, 3) without a field."""
        ...

    def force_n(self) -> float | None:
        """Return the norm of the tared contact force, N; None if it measures none, NaN if its reading is too old."""
        ...


class Arm(Part, Protocol):
    """A part that moves.

    Attributes:
        tick_s: How often it takes a target: the governor's period.
    """

    tick_s: float

    def state(self) -> ArmState:
        """Return the newest measured state; pose NaN when it is too old to be acted on."""
        ...

    def force_n(self) -> float | None:
        """Return the norm of the tared external force that the arm itself reports; as for `Touch`."""
        ...

    def command(self, pose: np.ndarray, gripper: float) -> None:
        """Go on towards a target pose (7,), base frame, and an opening, m: one governor period's worth."""
        ...
