"""The bytes that Linux gets for a shake. The kernel is a double here: neither uinput nor a pad was at hand."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.errors import DeviceError
from devices.inputs.gamepad import Gamepad
from devices.inputs.rumble import FEATURES, UPLOAD, Effect, Motors, effect, events_of
from tests.hygiene import wait_until


class Kernel:
    """Answers the two requests as the kernel does: which effects there are, and the number of an uploaded one."""

    def __init__(self, rumbles: bool = True) -> None:
        self.rumbles = rumbles
        self.uploads: list[bytes] = []

    def ioctl(self, handle: int, request: int, buffer: ctypes.Array[ctypes.c_char]) -> int:
        if request == FEATURES:
            ctypes.memset(ctypes.addressof(buffer) + 0x50 // 8, 1 if self.rumbles else 0, 1)
            return 16
        assert request == UPLOAD
        self.uploads.append(bytes(buffer.raw))
        struct.pack_into("<h", buffer, 2, 3)  # the kernel counts: this one is number 3
        return 0


@pytest.fixture
def wire() -> Iterator[tuple[int, int]]:
    """What the driver writes to, and what the kernel would read."""
    reading, writing = os.pipe()
    yield writing, reading
    os.close(reading)


def read_events(reading: int) -> list[tuple[int, int, int]]:
    os.set_blocking(reading, False)
    try:
        data = os.read(reading, 4096)
    except BlockingIOError:
        return []
    return [event[2:] for event in struct.iter_unpack("@llHHi", data)]


def test_requests_and_effect_are_those_of_the_kernels_header() -> None:
    # Printed by a C program that was compiled against linux/input.h on a 64-bit machine.
    assert (UPLOAD, FEATURES, ctypes.sizeof(Effect)) == (0x40304580, 0x80104535, 48)
    assert bytes(effect(-1, 1.0, 0.5)).hex() == ("5000ffff000000000000f40100000000ffff0080" + "00" * 28)


def test_a_shake_is_uploaded_and_played_and_changed_under_its_number(wire: tuple[int, int]) -> None:
    writing, reading = wire
    kernel = Kernel()
    motors = Motors(writing, kernel.ioctl)
    motors.shake(0.5, 0.0)
    wait_until(lambda: len(kernel.uploads) >= 1)
    motors.shake(1.0, 1.0)
    wait_until(lambda: any(upload[16:20] == b"\xff\xff\xff\xff" for upload in kernel.uploads))
    motors.close()
    assert kernel.uploads[0][2:4] == struct.pack("<h", -1)
    assert all(upload[2:4] == struct.pack("<h", 3) for upload in kernel.uploads[1:])
    assert kernel.uploads[-1][16:20] == bytes(4), "it is left still"
    played = read_events(reading)
    assert played[0] == (0x15, 3, 1)
    assert played[-1] == (0x15, 3, 0)


def test_a_shake_that_goes_on_is_renewed_and_stillness_is_not(wire: tuple[int, int]) -> None:
    kernel = Kernel()
    motors = Motors(wire[0], kernel.ioctl)
    motors.shake(0.3, 0.0)
    wait_until(lambda: len(kernel.uploads) >= 3)
    motors.shake(0.0, 0.0)
    wait_until(lambda: kernel.uploads[-1][16:20] == bytes(4))
    motors.close()
    assert kernel.uploads[-1][16:20] == bytes(4)


def test_a_pad_without_motors_says_so(wire: tuple[int, int]) -> None:
    with pytest.raises(DeviceError, match="has no motors"):
        Motors(wire[0], Kernel(rumbles=False).ioctl)


def test_a_gamepad_hands_the_force_on_and_lets_go(wire: tuple[int, int]) -> None:
    kernel = Kernel()
    sticks, pushing = os.pipe()
    pad = Gamepad(sticks, Motors(wire[0], kernel.ioctl))
    pad.feel(0.4, 0.1)
    wait_until(lambda: bool(kernel.uploads))
    pad.close()
    os.close(pushing)
    assert struct.unpack_from("<HH", kernel.uploads[0], 16) == (round(0.4 * 65535), round(0.1 * 65535))


def test_the_event_file_of_a_pad_is_found(tmp_path: Path) -> None:
    (tmp_path / "sys/class/input/js0/device/event7").mkdir(parents=True)
    assert events_of("/dev/input/js0", tmp_path / "sys", tmp_path / "dev") == tmp_path / "dev/input/event7"
    assert events_of("/dev/input/js1", tmp_path / "sys", tmp_path / "dev") is None
