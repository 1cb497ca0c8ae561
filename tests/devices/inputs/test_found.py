"""What is plugged in, found in folders that look like the system's."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.errors import DeviceError
from devices.inputs import found
from devices.inputs.found import Found, Roots, find_inputs, hidraw_of


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    return Roots(tmp_path / "sys", tmp_path / "dev")


def plug(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def plug_mouse(roots: Roots, node: str, hid: str, name: str = "3Dconnexion SpaceMouse Compact") -> None:
    plug(
        roots.sys / f"class/hidraw/{node}/device/uevent",
        f"DRIVER=hid-generic\nHID_ID={hid}\nHID_NAME={name}\n",
    )
    plug(roots.dev / node)


def test_nothing_is_plugged_in(roots: Roots) -> None:
    assert find_inputs(roots) == []


def test_a_space_mouse_keeps_its_name_when_its_number_changes(roots: Roots) -> None:
    plug_mouse(roots, "hidraw0", "0003:0000046D:0000C31C", "Logitech Keyboard")
    plug_mouse(roots, "hidraw3", "0003:0000256F:0000C635")
    mouse = Found("spacemouse", "id/256f:c635", "3Dconnexion SpaceMouse Compact")
    assert find_inputs(roots) == [mouse]
    assert hidraw_of(mouse.path, roots) == str(roots.dev / "hidraw3")
    (roots.sys / "class/hidraw/hidraw3/device/uevent").unlink()
    with pytest.raises(DeviceError, match="256f:c635 is not plugged in"):
        hidraw_of(mouse.path, roots)
    plug_mouse(roots, "hidraw5", "0003:0000256F:0000C635")
    assert hidraw_of(mouse.path, roots) == str(roots.dev / "hidraw5")
    assert hidraw_of("/dev/hidraw1", roots) == "/dev/hidraw1"


def test_gamepads_and_leaders_are_named_by_their_links(roots: Roots) -> None:
    pad = plug(roots.dev / "input/js0")
    plug(roots.dev / "input/js1")
    plug(roots.sys / "class/input/js0/device/name", "Microsoft X-Box 360 pad\n")
    by_id = roots.dev / "input/by-id"
    by_id.mkdir()
    (by_id / "usb-Microsoft_Pad-joystick").symlink_to(pad)
    serial = roots.dev / "serial/by-id"
    serial.mkdir(parents=True)
    (serial / "usb-FTDI_USB_Serial_FT8-if00-port0").symlink_to(plug(roots.dev / "ttyUSB0"))
    assert find_inputs(roots) == [
        Found("gamepad", str(by_id / "usb-Microsoft_Pad-joystick"), "Microsoft X-Box 360 pad"),
        Found("gamepad", str(roots.dev / "input/js1"), "Gamepad"),
        Found("leader", str(serial / "usb-FTDI_USB_Serial_FT8-if00-port0"), "Leader on FTDI USB Serial FT8"),
    ]


def test_what_may_not_be_opened_says_the_way_out(roots: Roots, monkeypatch: pytest.MonkeyPatch) -> None:
    plug_mouse(roots, "hidraw3", "0003:0000256F:0000C635")
    monkeypatch.setattr(found.os, "access", lambda *_: False)  # who runs the tests may open everything
    (mouse,) = find_inputs(roots)
    assert "may not be opened by you" in mouse.problem
    assert 'KERNEL=="hidraw*", ATTRS{idVendor}=="256f"' in mouse.way_out
    (roots.dev / "hidraw3").unlink()
    assert "is missing" in find_inputs(roots)[0].problem


def test_broken_entries_are_passed_over(roots: Roots) -> None:
    plug_mouse(roots, "hidraw1", "nonsense")
    (roots.sys / "class/hidraw/hidraw2").mkdir(parents=True)
    assert find_inputs(roots) == []
