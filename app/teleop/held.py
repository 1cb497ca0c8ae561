"""A device in the hand as beats: the same dead-man, press count and stamp as the window's mouse and keyboard.

A beat is stamped at the moment this thread looked at the device and found its dead-man held, and nowhere else: a device
that is gone, or a thread that hangs, makes no beats, and the newest stamp grows old.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec
import numpy as np

from app.core.errors import DeviceError, UsageError
from app.core.wire.messages import SCHEMA_VERSION, Beat
from app.teleop.shaping import OneEuro, Smoothed, lock, one_euro, shape, strongest, turned
from devices.inputs.gamepad import Gamepad
from devices.inputs.interface import InputDevice
from devices.inputs.spacemouse import SpaceMouse

INPUTS: dict[str, Callable[[str], InputDevice]] = {"spacemouse": SpaceMouse, "gamepad": Gamepad}
DEAD_ZONE, CURVE = 0.08, 0.5
LONGEST_S = 0.1  # between two looks; after more the filter starts anew
SPEED = 1.0
AXES = ("vx", "vy", "vz", "wx", "wy", "wz")


@dataclass(frozen=True)
class Settings:
    """How a device moves the arm.

    Attributes:
        yaw: Direction in which the person looks, rad from the base's x axis.
        free: Which of vx vy vz wx wy wz may move.
        single: Only the strongest axis moves.
    """

    yaw: float = 0.0
    free: tuple[bool, ...] = (True,) * 6
    single: bool = False


def open_input(text: str) -> tuple[InputDevice, Settings]:
    """Open what "KIND:PATH[,SETTING…]" names, for example spacemouse:/dev/hidraw0,yaw=90,lock=wx+wy.

    Settings: `yaw=DEGREES`, `lock=AXES` (of vx vy vz wx wy wz, joined by +), `single`.

    Raises:
        UsageError: If there is no such kind or setting.
        DeviceError: If it cannot be opened.
    """
    place, *words = text.split(",")
    kind, _, path = place.partition(":")
    if kind not in INPUTS or not path:
        raise UsageError(
            f"input {text!r}", "it is not KIND:PATH", options=[f"{kind}:/dev/…" for kind in INPUTS]
        )
    settings = read_settings(text, words)
    return INPUTS[kind](path), settings


def read_settings(text: str, words: list[str]) -> Settings:
    """Return the settings that `words` of an input's `text` mean.

    Raises:
        UsageError: If a word means none.
    """
    settings = Settings()
    for word in words:
        name, _, value = word.partition("=")
        locked = value.split("+")
        try:
            if name == "yaw" and math.isfinite(float(value)):
                settings = replace(settings, yaw=math.radians(float(value)))
            elif name == "lock" and set(locked) <= set(AXES):
                settings = replace(settings, free=tuple(axis not in locked for axis in AXES))
            elif word == "single":
                settings = replace(settings, single=True)
            else:
                raise ValueError
        except ValueError as error:
            options = ["yaw=DEGREES", f"lock=AXES of {' '.join(AXES)} joined by +", "single"]
            raise UsageError(f"input {text!r}", f"{word!r} is no setting", options=options) from error
    return settings


class HeldBeats:
    """Turns looks at a device into beats.

    Args:
        device: What is held; owned and closed by this object.
        tell: Says something to the person.
        settings: How it moves the arm.
    """

    def __init__(self, device: InputDevice, tell: Callable[[str], None], settings: Settings) -> None:
        self._device: InputDevice | None = device
        self._tell, self._settings = tell, settings
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
        settings = self._settings
        wanted = lock(shape(twist, DEAD_ZONE, CURVE), settings.free)
        wanted = turned(strongest(wanted) if settings.single else wanted, settings.yaw)
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
