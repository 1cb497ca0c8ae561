"""What an operator input offers, and how the file of its device is read without waiting."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from app.core.errors import DeviceError

CHUNK_BYTES = 4096


@dataclass(frozen=True)
class Held:
    """What a person's hand does at one look.

    Attributes:
        enable: The dead-man is held.
        twist: (6,) vx vy vz wx wy wz in −1..1, as a person sees it who looks along +x: x away, y left, z up.
        gripper: −1 closing, +1 opening, 0 still.
        home: The home button is held.
        clutch, fine, lock: The buttons of these names are held.
        joints: (n,) rad, of a device that has the arm's own joints; None of all others.
        opening: 0 closed to 1 open, of a device whose gripper has a place; None of all others.
        next_arm: The button that goes to the rig's next arm is held.
    """

    enable: bool = False
    twist: np.ndarray = field(default_factory=lambda: np.zeros(6))
    gripper: float = 0.0
    home: bool = False
    clutch: bool = False
    fine: bool = False
    lock: bool = False
    joints: np.ndarray | None = None
    opening: float | None = None
    next_arm: bool = False


class InputDevice(Protocol):
    """Something that a person holds. All calls come from the operator's thread; none waits."""

    def look(self, now_ns: int) -> Held:
        """Return what the hand does now.

        Raises:
            DeviceError: If the device is gone: nothing is held any more.
        """
        ...

    def feel(self, strong: float, weak: float) -> None:
        """Shake the hand: its slow motor and its quick one, 0..1. A device without motors does nothing."""
        ...

    def close(self) -> None:
        """Release the device."""
        ...


class DeviceFile:
    """The file of a device, read in whole reports without waiting.

    Args:
        name: What the person calls the device.
        path: Its file, or the number of one that is open already.
    """

    def __init__(self, name: str, path: str | int) -> None:
        self._name = name
        if isinstance(path, int):
            self._handle = path
            os.set_blocking(path, False)
            return
        try:
            self._handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError as error:
            raise DeviceError(
                name, f"{path} cannot be opened ({error.strerror})",
                way_out="Plug it in, and let your user read it (a udev rule, or the group `input`)",
            ) from error  # fmt: skip

    def reads(self) -> list[bytes]:
        """Return what each read gave until nothing is left.

        Raises:
            DeviceError: If the device is gone.
        """
        found: list[bytes] = []
        while True:
            try:
                data = os.read(self._handle, CHUNK_BYTES)
            except BlockingIOError:
                return found
            except OSError as error:
                raise DeviceError(
                    self._name, f"it is gone ({error.strerror})", way_out="Plug it in again"
                ) from error
            if not data:
                raise DeviceError(self._name, "it is gone", way_out="Plug it in again")
            found.append(data)

    def close(self) -> None:
        """Release the device."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
