"""3Dconnexion SpaceMouse over Linux' /dev/hidrawN.

Reports: 1 translation (older models; newer ones send rotation in the same report), 2 rotation, 3 buttons. Numbers are
16 bits, little-endian, −350..350; device axes x right, y towards the person, z down. While the cap is pushed, reports
come all the time; one that is old therefore counts as none.
"""

from __future__ import annotations

import struct

import numpy as np

from devices.inputs.interface import DeviceFile, Held

FULL = 350.0
OLD_NS = 250_000_000
DEAD_MAN, GRIPPER = 1, 2  # bits of the buttons: left, right
# Device axes to x away, y left, z up: a rotation, so that it holds for turning as well.
AXES = np.array([[0.0, -1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])


class SpaceMouse:
    """Left button: dead-man. Right button with it: moves the gripper, closing and opening in turns.

    Args:
        path: /dev/hidrawN, or an open file's number.
        second: What the right button does: gripper, clutch or fine.
    """

    def __init__(self, path: str | int, second: str = "gripper") -> None:
        self._second = second
        self._file = DeviceFile("SpaceMouse", path)
        self._translation, self._rotation = np.zeros(3), np.zeros(3)
        self._translation_ns = self._rotation_ns = 0
        self._buttons, self._direction = 0, 1.0

    def look(self, now_ns: int) -> Held:
        """Return what the hand does now."""
        for report in self._file.reads():
            self._take(report, now_ns)
        linear = self._translation * (now_ns - self._translation_ns < OLD_NS)
        angular = self._rotation * (now_ns - self._rotation_ns < OLD_NS)
        twist = np.clip(np.concatenate([AXES @ linear, AXES @ angular]) / FULL, -1.0, 1.0)
        second = bool(self._buttons & GRIPPER)
        gripper = self._direction if second and self._second == "gripper" else 0.0
        clutch, fine = second and self._second == "clutch", second and self._second == "fine"
        return Held(bool(self._buttons & DEAD_MAN), twist, gripper, clutch=clutch, fine=fine)

    def _take(self, report: bytes, now_ns: int) -> None:
        kind, size = report[0], len(report)
        if kind == 1 and size >= 7:
            self._translation, self._translation_ns = _numbers(report, 1), now_ns
            if size >= 13:
                self._rotation, self._rotation_ns = _numbers(report, 7), now_ns
        elif kind == 2 and size >= 7:
            self._rotation, self._rotation_ns = _numbers(report, 1), now_ns
        elif kind == 3 and size >= 2:
            if report[1] & GRIPPER and not self._buttons & GRIPPER:
                self._direction = -self._direction
            self._buttons = report[1]

    def feel(self, strong: float, weak: float) -> None:
        """It has no motors."""

    def close(self) -> None:
        """Release the device."""
        self._file.close()


def _numbers(report: bytes, start: int) -> np.ndarray:
    return np.array(struct.unpack_from("<3h", report, start), dtype=np.float64)
