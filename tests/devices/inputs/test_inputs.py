"""SpaceMouse and gamepad: real reports through real file handles."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

import numpy as np
import pytest

from app.core.errors import DeviceError
from devices.inputs.gamepad import Gamepad
from devices.inputs.spacemouse import SpaceMouse

MS = 1_000_000


@pytest.fixture
def hidraw() -> Iterator[tuple[SpaceMouse, socket.socket]]:
    """Yield a SpaceMouse on one end of a socket that keeps reports apart, as hidraw does, and the other end."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    mouse = SpaceMouse(ours.detach())
    yield mouse, theirs
    mouse.close()
    theirs.close()


def move(*values: int, report: int = 1) -> bytes:
    return bytes([report]) + struct.pack(f"<{len(values)}h", *values)


def test_spacemouse_pushes_and_turns(hidraw: tuple[SpaceMouse, socket.socket]) -> None:
    mouse, device = hidraw
    device.send(move(0, -350, 0))  # away from the person
    assert mouse.look(1).twist == pytest.approx([1, 0, 0, 0, 0, 0])
    device.send(move(350, 0, -175))  # right and up
    device.send(move(0, 0, 350, report=2))  # turned about the axis that points down
    assert mouse.look(2).twist == pytest.approx([0, -1, 0.5, 0, 0, -1])
    device.send(move(0, 0, 0, 0, -70, 0))  # a newer model: all in one report
    assert mouse.look(3).twist == pytest.approx([0, 0, 0, 0.2, 0, 0])


def test_spacemouse_dead_man_and_gripper(hidraw: tuple[SpaceMouse, socket.socket]) -> None:
    mouse, device = hidraw
    assert not mouse.look(1).enable
    device.send(bytes([3, 0b01, 0]))
    assert mouse.look(2).enable
    device.send(bytes([3, 0b11, 0]))
    assert mouse.look(3).gripper == -1.0
    device.send(bytes([3, 0b01, 0]))
    assert mouse.look(3).gripper == 0.0
    device.send(bytes([3, 0b11, 0]))
    assert mouse.look(3).gripper == 1.0
    device.send(bytes([3, 0, 0]))
    assert not mouse.look(4).enable


def test_spacemouse_push_that_is_not_repeated_fades(hidraw: tuple[SpaceMouse, socket.socket]) -> None:
    mouse, device = hidraw
    device.send(move(0, -350, 0))
    assert mouse.look(10 * MS).twist[0] == 1.0
    assert mouse.look(200 * MS).twist[0] == 1.0
    assert not mouse.look(300 * MS).twist.any()


def test_spacemouse_short_and_strange_reports_do_nothing(hidraw: tuple[SpaceMouse, socket.socket]) -> None:
    mouse, device = hidraw
    for junk in (b"\x01", b"\x01\x02\x03", b"\x03", b"\x17" + bytes(6), bytes([2, 1])):
        device.send(junk)
    held = mouse.look(1)
    assert not held.enable
    assert not held.twist.any()


def test_spacemouse_unplugged_is_an_error(hidraw: tuple[SpaceMouse, socket.socket]) -> None:
    mouse, device = hidraw
    device.close()
    with pytest.raises(DeviceError, match=r"SpaceMouse: it is gone.*Plug it in again"):
        mouse.look(1)


@pytest.fixture
def joystick() -> Iterator[tuple[Gamepad, int]]:
    reading, writing = os.pipe()
    pad = Gamepad(reading)
    yield pad, writing
    pad.close()


def event(value: int, kind: int, number: int) -> bytes:
    return struct.pack("<IhBB", 0, value, kind, number)


def test_gamepad_sticks_and_buttons(joystick: tuple[Gamepad, int]) -> None:
    pad, device = joystick
    os.write(device, event(-32767, 2, 1) + event(32767, 2, 0) + event(16384, 2, 4) + event(-32767, 2, 3))
    held = pad.look(1)
    assert held.twist == pytest.approx([1, -1, -0.5, 0, 0, 1], abs=1e-4)
    assert not held.enable
    os.write(device, event(1, 1, 5) + event(1, 1, 0))
    held = pad.look(2)
    assert (held.enable, held.gripper, held.home) == (True, -1.0, False)
    os.write(device, event(0, 1, 5) + event(0, 1, 0) + event(1, 1, 1) + event(1, 1, 7))
    held = pad.look(3)
    assert (held.enable, held.gripper, held.home) == (False, 1.0, True)
    os.close(device)


def test_gamepad_events_that_are_cut_are_put_together(joystick: tuple[Gamepad, int]) -> None:
    pad, device = joystick
    data = event(-32767, 2, 1)
    os.write(device, data[:5])
    assert not pad.look(1).twist.any()
    os.write(device, data[5:])
    assert pad.look(2).twist[0] == pytest.approx(1.0)
    os.close(device)


def test_gamepad_button_that_is_held_at_the_start_enables_nothing(joystick: tuple[Gamepad, int]) -> None:
    pad, device = joystick
    os.write(device, event(1, 0x81, 5) + event(-32767, 0x82, 1))
    held = pad.look(1)
    assert not held.enable
    assert held.twist[0] == pytest.approx(1.0)
    os.close(device)


def test_gamepad_unplugged_is_an_error(joystick: tuple[Gamepad, int]) -> None:
    pad, device = joystick
    os.close(device)
    with pytest.raises(DeviceError, match="gamepad: it is gone"):
        pad.look(1)


def test_a_file_that_cannot_be_opened_says_how() -> None:
    with pytest.raises(DeviceError, match=r"/dev/nothing cannot be opened \(No such file.*udev"):
        SpaceMouse("/dev/nothing")


def test_numbers_beyond_the_range_are_cut(hidraw: tuple[SpaceMouse, socket.socket]) -> None:
    mouse, device = hidraw
    device.send(move(32767, -32768, 500))
    assert np.abs(mouse.look(1).twist).max() == 1.0
