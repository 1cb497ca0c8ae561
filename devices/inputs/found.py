"""Which operator inputs are plugged in, with names that stay the same from day to day. Nothing is opened for it.

A SpaceMouse is named by its USB numbers (`id/256f:c635`), since /dev/hidrawN is counted anew at each plugging; gamepads
and serial ports by the links that udev makes under /dev/input/by-id and /dev/serial/by-id.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from app.core.errors import DeviceError

SPACEMOUSE_VENDORS = {0x256F}
LOGITECH, LOGITECH_SPACEMICE = 0x046D, range(0xC603, 0xC632)  # from when 3Dconnexion was Logitech's
BY_NUMBERS = "id/"
RULES = "/etc/udev/rules.d/70-touchstone.rules"


@dataclass(frozen=True)
class Found:
    """One input that is plugged in.

    Attributes:
        kind: spacemouse, gamepad or leader.
        path: What `KIND:PATH` takes; the same from day to day where the system offers such a name.
        title: What the person reads.
        problem: Why it cannot be opened; empty if it can.
        way_out: What to do about that.
    """

    kind: str
    path: str
    title: str
    problem: str = ""
    way_out: str = ""


@dataclass(frozen=True)
class Roots:
    """Where the system's folders lie; tests have their own."""

    sys: Path = Path("/sys")
    dev: Path = Path("/dev")


def find_inputs(roots: Roots = Roots()) -> list[Found]:
    """Return what is plugged in, by kind and name."""
    return [*_space_mice(roots), *_gamepads(roots), *_leaders(roots)]


def hidraw_of(path: str, roots: Roots = Roots()) -> str:
    """Return the device file that a SpaceMouse has now; a path that is one already stays as it is.

    Raises:
        DeviceError: If no such SpaceMouse is plugged in.
    """
    if not path.startswith(BY_NUMBERS):
        return path
    for node, numbers, _ in _hidraws(roots):
        if _name_of(numbers) == path:
            return str(node)
    raise DeviceError("SpaceMouse", f"{path} is not plugged in", way_out="Plug it in")


def _name_of(numbers: tuple[int, int]) -> str:
    return f"{BY_NUMBERS}{numbers[0]:04x}:{numbers[1]:04x}"


def _hidraws(roots: Roots) -> list[tuple[Path, tuple[int, int], str]]:
    found = []
    for entry in sorted((roots.sys / "class" / "hidraw").glob("hidraw*")):
        try:
            lines = (entry / "device" / "uevent").read_text(errors="replace").splitlines()
        except OSError:
            continue  # unplugged while we looked
        facts = dict(line.split("=", 1) for line in lines if "=" in line)
        _, _, numbers = facts.get("HID_ID", "").partition(":")
        vendor, _, product = numbers.partition(":")
        try:
            found.append(
                (roots.dev / entry.name, (int(vendor, 16), int(product, 16)), facts.get("HID_NAME", ""))
            )
        except ValueError:
            continue
    return found


def _space_mice(roots: Roots) -> list[Found]:
    made = []
    for node, numbers, name in _hidraws(roots):
        vendor, product = numbers
        if vendor in SPACEMOUSE_VENDORS or (vendor == LOGITECH and product in LOGITECH_SPACEMICE):
            rule = (
                f'KERNEL=="hidraw*", ATTRS{{idVendor}}=="{vendor:04x}", MODE="0660", TAG+="uaccess"'
            )  # fmt: skip
            problem, way_out = _access(
                node, os.R_OK, f"Save this line as {RULES}, then plug it in anew: {rule}"
            )
            title = name or "SpaceMouse"
            made.append(Found("spacemouse", _name_of(numbers), title, problem, way_out))
    return made


def _gamepads(roots: Roots) -> list[Found]:
    links = {}
    for link in sorted((roots.dev / "input" / "by-id").glob("*-joystick")):
        target = os.path.basename(os.path.realpath(link))
        if target.startswith("js"):
            links[target] = link
    made = []
    for node in sorted((roots.dev / "input").glob("js*")):
        try:
            title = (roots.sys / "class" / "input" / node.name / "device" / "name").read_text().strip()
        except OSError:
            title = "Gamepad"
        problem, way_out = _access(node, os.R_OK, "Add yourself to the group `input`, then log in anew")
        made.append(Found("gamepad", str(links.get(node.name, node)), title, problem, way_out))
    return made


def _leaders(roots: Roots) -> list[Found]:
    made = []
    for link in sorted((roots.dev / "serial" / "by-id").glob("*")):
        problem, way_out = _access(
            link, os.R_OK | os.W_OK, "Add yourself to the group `dialout`, then log in anew"
        )
        title = f"Leader on {link.name.removeprefix('usb-').partition('-if')[0].replace('_', ' ')}"
        made.append(Found("leader", str(link), title, problem, way_out))
    return made


def _access(node: Path, mode: int, way_out: str) -> tuple[str, str]:
    if os.access(node, mode):
        return "", ""
    return (
        (f"{node} may not be opened by you", way_out)
        if node.exists()
        else (f"{node} is missing", "Plug it in anew")
    )
