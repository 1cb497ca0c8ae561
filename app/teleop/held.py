"""A device in the hand as beats: the same dead-man, press count and stamp as the window's mouse and keyboard.

A beat is stamped at the moment this thread looked at the device and found its dead-man held, and nowhere else: a device
that is gone, or a thread that hangs, makes no beats, and the newest stamp grows old.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np

from app.core.errors import DeviceError, UsageError
from app.core.wire.messages import SCHEMA_VERSION, Beat
from app.teleop.shaping import OneEuro, Smoothed, lock, one_euro, shape, turned
from devices.inputs.gamepad import Gamepad
from devices.inputs.interface import InputDevice
from devices.inputs.spacemouse import SpaceMouse

INPUTS: dict[str, Callable[[str], InputDevice]] = {"spacemouse": SpaceMouse, "gamepad": Gamepad}
DEAD_ZONE, CURVE = 0.08, 0.5
LONGEST_S = 0.1  # between two looks; after more the filter starts anew
SPEED = 1.0
ALL_FREE = (True,) * 6


def open_input(text: str) -> InputDevice:
    """Open what "KIND:PATH" names, for example spacemouse:/dev/hidraw0.

    Raises:
        UsageError: If there is no such kind.
        DeviceError: If it cannot be opened.
    """
    kind, _, path = text.partition(":")
    if kind not in INPUTS or not path:
        raise UsageError(
            f"input {text!r}", "it is not KIND:PATH", options=[f"{kind}:/dev/…" for kind in INPUTS]
        )
    return INPUTS[kind](path)


class HeldBeats:
    """Turns looks at a device into beats.

    Args:
        device: What is held; owned and closed by this object.
        tell: Says something to the person.
        yaw: Direction in which the person looks, rad from the base's x axis.
        free: Which of the six axes may move.
    """

    def __init__(
        self, device: InputDevice, tell: Callable[[str], None], yaw: float = 0.0, free: tuple[bool, ...] = ALL_FREE
    ) -> None:  # fmt: skip
        self._device: InputDevice | None = device
        self._tell, self._yaw, self._free = tell, yaw, free
        self._smoothed: Smoothed | None = None
        self._press, self._was_held, self._last_ns = 0, False, 0

    def beat(self, now_ns: int) -> Beat | None:
        """Look at the device now; None once it is gone."""
        if self._device is None:
            return None
        try:
            held = self._device.look(now_ns)
        except DeviceError as error:
            self._tell(f"{error.sentence()} Motion has ended.")
            self.close()
            return None
        if held.enable and not self._was_held:
            self._press += 1
        self._was_held = held.enable
        twist = self._smooth(held.twist, now_ns) if held.enable else self._rest()
        self._last_ns = now_ns
        numbers = tuple(float(value) for value in twist)
        gripper = held.gripper if held.enable else 0.0
        home = held.enable and held.home
        return Beat(SCHEMA_VERSION, now_ns, held.enable, self._press, numbers, SPEED, gripper, home)

    def _rest(self) -> np.ndarray:
        self._smoothed = None
        return np.zeros(6)

    def _smooth(self, twist: np.ndarray, now_ns: int) -> np.ndarray:
        wanted = turned(lock(shape(twist, DEAD_ZONE, CURVE), self._free), self._yaw)
        dt = (now_ns - self._last_ns) * 1e-9
        last = self._smoothed if 0.0 < dt <= LONGEST_S else None
        start = last or Smoothed(np.zeros(6), np.zeros(6))  # a hand begins at rest, whatever the stick says
        self._smoothed = one_euro(OneEuro(), start, wanted, min(max(dt, 1e-3), LONGEST_S))
        return np.clip(self._smoothed.value, -1.0, 1.0)

    def close(self) -> None:
        """Release the device."""
        if self._device is not None:
            self._device.close()
            self._device = None


class Choice:
    """Lets one of two hands move the arm: the one in which a device is held, else the window's.

    Both count their presses; the numbers that go on are counted anew here, so that they only grow. A press that was
    left for the other hand's is over: its hand must press again.
    """

    def __init__(self) -> None:
        self._key: tuple[str, int] | None = None
        self._over: set[tuple[str, int]] = set()
        self._press = 0

    def choose(self, window: Beat | None, device: Beat | None) -> Beat | None:
        """Return the beat that counts, with its press counted anew and its stamp as it was."""
        if device is not None and device.enable:
            beat, key = device, ("device", device.press)
        elif window is not None and window.enable:
            beat, key = window, ("window", window.press)
        else:
            return None
        if key in self._over:
            return None
        if key != self._key:
            if self._key is not None:
                self._over.add(self._key)
            self._key, self._press = key, self._press + 1
        return msgspec.structs.replace(beat, press=self._press)
