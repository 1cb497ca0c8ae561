"""The motors of a gamepad: Linux' force feedback on /dev/input/eventN.

An effect of the type FF_RUMBLE is uploaded by ioctl and played by writing an event; uploading it again under the number
that the kernel gave changes the one that plays. Each lasts half a second, so that a program that hangs stops shaking.
(Linux kernel documentation, "Force feedback for Linux", and its header `linux/input.h`.)
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import struct
import threading
from collections.abc import Callable
from pathlib import Path

from app.core.errors import DeviceError

EV_FF, FF_RUMBLE = 0x15, 0x50
LASTS_MS = 500
AGAIN_S = 0.2  # a shake that goes on is renewed so often
FULL = 0xFFFF
EVENT = struct.Struct("@llHHi")
FEATURES_BYTES = 16  # 0x80 kinds of effect, one bit each

Ioctl = Callable[[int, int, ctypes.Array[ctypes.c_char]], int]


class _Rumble(ctypes.Structure):
    _fields_ = (("strong", ctypes.c_uint16), ("weak", ctypes.c_uint16))


class _Union(ctypes.Union):
    # The largest member of the kernel's union, ff_periodic_effect, ends in a pointer: it gives size and alignment.
    _fields_ = (("rumble", _Rumble), ("room", ctypes.c_uint16 * 12), ("pointer", ctypes.c_void_p * 4))


class Effect(ctypes.Structure):
    """The kernel's `struct ff_effect`."""

    _fields_ = (
        ("type", ctypes.c_uint16), ("id", ctypes.c_int16), ("direction", ctypes.c_uint16),
        ("button", ctypes.c_uint16), ("interval", ctypes.c_uint16),
        ("length", ctypes.c_uint16), ("delay", ctypes.c_uint16), ("u", _Union),
    )  # fmt: skip


def _request(direction: int, number: int, size: int) -> int:
    return direction << 30 | size << 16 | ord("E") << 8 | number


UPLOAD = _request(1, 0x80, ctypes.sizeof(Effect))  # EVIOCSFF
FEATURES = _request(2, 0x20 + EV_FF, FEATURES_BYTES)  # EVIOCGBIT(EV_FF)


def effect(number: int, strong: float, weak: float) -> Effect:
    """Return an effect under a number (−1: a new one) with both motors' strengths, 0..1."""
    made = Effect(type=FF_RUMBLE, id=number, length=LASTS_MS)
    made.u.rumble.strong = round(min(max(strong, 0.0), 1.0) * FULL)
    made.u.rumble.weak = round(min(max(weak, 0.0), 1.0) * FULL)
    return made


def events_of(joystick: str, sys_root: Path = Path("/sys"), dev_root: Path = Path("/dev")) -> Path | None:
    """Return the event file of the pad that a joystick file belongs to; None if there is none."""
    name = os.path.basename(os.path.realpath(joystick))
    found = sorted((sys_root / "class" / "input" / name / "device").glob("event*"))
    return dev_root / "input" / found[0].name if found else None


class Motors:
    """Shakes a pad. A thread of its own uploads, since some drivers wait for their radio.

    Args:
        path: /dev/input/eventN.
        ioctl: Called in place of the system's, by tests.

    Raises:
        DeviceError: If it cannot be opened for writing, or has no rumble.
    """

    def __init__(self, path: str | int, ioctl: Ioctl | None = None) -> None:
        self._ioctl: Ioctl = ioctl or fcntl.ioctl
        self._name = f"rumble on {path}"
        try:
            self._handle = path if isinstance(path, int) else os.open(path, os.O_RDWR | os.O_NONBLOCK)
        except OSError as error:
            raise DeviceError(
                self._name, f"it cannot be opened ({error.strerror})",
                way_out="Let your user write it (a udev rule, or the group `input`)",
            ) from error  # fmt: skip
        if not self._can_rumble():
            os.close(self._handle)
            raise DeviceError(self._name, "this gamepad has no motors that Linux knows of")
        self._number = -1
        self._wanted = (0.0, 0.0)
        self._change = threading.Condition()
        self._open = True
        self._thread = threading.Thread(target=self._work, name="rumble", daemon=True)
        self._thread.start()

    def _can_rumble(self) -> bool:
        bits = ctypes.create_string_buffer(FEATURES_BYTES)
        try:
            self._ioctl(self._handle, FEATURES, bits)
        except OSError:
            return False
        return bool(bits.raw[FF_RUMBLE // 8] >> FF_RUMBLE % 8 & 1)

    def shake(self, strong: float, weak: float) -> None:
        """Say how strong both motors shake from now on, 0..1. Does not wait."""
        with self._change:
            if (strong, weak) != self._wanted:
                self._wanted = (strong, weak)
                self._change.notify()

    def _work(self) -> None:
        played = (0.0, 0.0)
        while True:
            with self._change:
                if self._open and self._wanted == played:
                    self._change.wait(AGAIN_S if any(played) else None)
                wanted = self._wanted if self._open else (0.0, 0.0)
                ends = not self._open
            with contextlib.suppress(OSError):  # a pad that is gone is told by its sticks
                if any(wanted) or any(played):
                    self._play(*wanted)
            played = wanted
            if ends:
                return

    def _play(self, strong: float, weak: float) -> None:
        made = effect(self._number, strong, weak)
        buffer = (ctypes.c_char * ctypes.sizeof(Effect)).from_buffer(made)
        self._ioctl(self._handle, UPLOAD, buffer)
        self._number = made.id
        os.write(self._handle, EVENT.pack(0, 0, EV_FF, self._number, 1 if strong or weak else 0))

    def close(self) -> None:
        """Stop shaking and release the file; the kernel forgets the effect."""
        with self._change:
            self._open = False
            self._change.notify()
        self._thread.join()
        os.close(self._handle)
