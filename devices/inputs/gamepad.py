"""Gamepad over Linux' joystick interface, /dev/input/jsN.

An event is 8 bytes, little-endian: time in ms (u32), value (i16), type (u8: 1 button, 2 axis; 0x80 is added for the
state at the start), number (u8). Numbers as the kernel gives them to Xbox-like pads. (Linux kernel documentation,
"Linux Joystick support".) Its motors belong to another file of the same pad: rumble.py.
"""

from __future__ import annotations

import struct

import numpy as np

from devices.inputs.interface import DeviceFile, Held
from devices.inputs.rumble import Motors

_EVENT = struct.Struct("<IhBB")
BUTTON, AXIS, AT_START = 1, 2, 0x80
FULL = 32767.0
LEFT_X, LEFT_Y, LEFT_TRIGGER, RIGHT_X, RIGHT_Y, RIGHT_TRIGGER = range(6)
A, B, X, Y, LEFT_SHOULDER, RIGHT_SHOULDER, START = 0, 1, 2, 3, 4, 5, 7


class Gamepad:
    """Right shoulder: dead-man. Left stick: away, sideways. Right stick: up, turn. A closes, B opens, Start: home.

    Left shoulder: clutch. Left trigger: fine. X: what may move. Y: the rig's next arm.

    Args:
        path: /dev/input/jsN, or an open file's number.
        motors: Shakes the pad; owned and closed by this object.
    """

    def __init__(self, path: str | int, motors: Motors | None = None) -> None:
        self._motors = motors
        self._file = DeviceFile("gamepad", path)
        self._axes: dict[int, float] = {}
        self._buttons: dict[int, bool] = {}
        self._rest = b""

    def look(self, now_ns: int) -> Held:
        """Return what the hand does now."""
        self._rest += b"".join(self._file.reads())
        while len(self._rest) >= _EVENT.size:
            _, value, kind, number = _EVENT.unpack_from(self._rest)
            self._rest = self._rest[_EVENT.size :]
            self._take(value, kind, number)
        twist = np.zeros(6)
        twist[:3] = -self._axis(LEFT_Y), -self._axis(LEFT_X), -self._axis(RIGHT_Y)
        twist[5] = -self._axis(RIGHT_X)
        gripper = float(self._button(B)) - float(self._button(A))
        return Held(
            self._button(RIGHT_SHOULDER), np.clip(twist, -1.0, 1.0), gripper, self._button(START),
            clutch=self._button(LEFT_SHOULDER), fine=self._axis(LEFT_TRIGGER) > 0.0, lock=self._button(X),
            next_arm=self._button(Y),
        )  # fmt: skip

    def _take(self, value: int, kind: int, number: int) -> None:
        if kind & ~AT_START == AXIS:
            self._axes[number] = value / FULL
        elif kind == BUTTON:  # a button that is held at the start is no press
            self._buttons[number] = value != 0

    def _axis(self, number: int) -> float:
        return self._axes.get(number, 0.0)

    def _button(self, number: int) -> bool:
        return self._buttons.get(number, False)

    def feel(self, strong: float, weak: float) -> None:
        """Shake the pad, if it has motors that may be used."""
        if self._motors is not None:
            self._motors.shake(strong, weak)

    def close(self) -> None:
        """Release the device."""
        self._file.close()
        if self._motors is not None:
            self._motors.close()
