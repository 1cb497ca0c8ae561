"""What a driver must offer to be served: one small interface, whatever the hardware or simulator behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np

from app.core.safety.governor import Measured
from app.core.wire.messages import CameraInfo, StreamSpec, TouchInfo


@dataclass(frozen=True)
class Sample:
    """One sample of one signal, as the device made it.

    Attributes:
        topic: `device/signal`.
        t_device_ns: The device's own clock.
        data: An array of the signal's dtype and shape, or encoded bytes (jpeg, depth16).
    """

    topic: str
    t_device_ns: int
    data: np.ndarray | bytes


@dataclass(frozen=True)
class Notice:
    """Something about the hardware that the person should know: a whole sentence."""

    text: str
    level: Literal["info", "warning", "error"] = "warning"


@dataclass(frozen=True)
class Description:
    """What the device offers, before any motion.

    Attributes:
        markers_m: Rest positions (N, 3) of the touch markers in the tool frame; (0, 3) without a touch field.
        home: Home pose (7,) of the tool.
        tick_s: Length of one governor period: `advance` moves time by exactly this.
        note: What was chosen for this machine, in words.
        touches: Every touch sensor with its place; empty: derived from the streams, at the tool's origin.
        others: Home poses (7,) of the arms beside the first, by name; the device is a `SeveralArms` then.
    """

    streams: tuple[StreamSpec, ...]
    cameras: tuple[CameraInfo, ...]
    markers_m: np.ndarray
    home: np.ndarray
    tick_s: float
    note: str
    touches: tuple[TouchInfo, ...] = ()
    others: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """Where an arm is pulled: tool pose (7,) in the rig's base frame, and opening in m."""

    pose: np.ndarray
    gripper: float


class Device(Protocol):
    """One arm with its cameras and touch sensors, or a simulator of them. All calls come from one thread."""

    def describe(self) -> Description:
        """Return what the device offers."""
        ...

    def reset(self, seed: int, condition: str) -> str:
        """Bring the device and its task to the start that `seed` stands for.

        Returns:
            The condition that the episode is under: what a rig's default or a mixed one came to; empty for none.

        Raises:
            DeviceError: If the device cannot do that, or does not know the condition.
        """
        ...

    def tare(self) -> None:
        """Make the present wrench and touch field the zero."""
        ...

    def measured(self) -> Measured:
        """Return the newest measured state."""
        ...

    def advance(self, pose: np.ndarray, gripper: float) -> list[Sample]:
        """Apply a target (7,) and opening for one governor period, and return the samples that came up."""
        ...

    def snapshot(self) -> list[Sample]:
        """Return one fresh sample of every signal that the device makes, without letting time go on."""
        ...

    def task_over(self) -> bool:
        """Return whether the task has ended by itself (all cleaned, time over)."""
        ...

    def notices(self) -> list[Notice]:
        """Return what the person should know of the hardware since the last call."""
        ...

    def close(self) -> None:
        """Release everything."""
        ...


class SeveralArms(Device, Protocol):
    """A device with arms beside the first: `measured` tells of the first, and `advance_all` stands for `advance`."""

    def measured_others(self) -> Mapping[str, Measured]:
        """Return the newest measured state of each other arm, by name."""
        ...

    def advance_all(self, pose: np.ndarray, gripper: float, others: Mapping[str, Target]) -> list[Sample]:
        """Apply a target to every arm for one governor period, and return the samples that came up."""
        ...
