"""The system libraries and programs that Qt, MuJoCo and Open3D need on Linux, and which of them are missing.

The list was found by starting from a bare Debian 12 and adding until everything ran. Used by set-up and `doctor`.
"""

from __future__ import annotations

import ctypes
import importlib.util
import shutil
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class SystemNeed:
    """One thing that the operating system must bring.

    Attributes:
        name: File name of a shared library, or name of a program or Python module.
        package: The Debian/Ubuntu package that brings it.
        purpose: What it is for, in a few words.
    """

    name: str
    package: str
    purpose: str


LIBRARIES = (
    SystemNeed("libGL.so.1", "libgl1", "3D drawing"),
    SystemNeed("libEGL.so.1", "libegl1", "the simulator's cameras, drawn without a screen"),
    SystemNeed("libxkbcommon.so.0", "libxkbcommon0", "the keyboard in Qt"),
    SystemNeed("libfontconfig.so.1", "libfontconfig1", "fonts in Qt"),
    SystemNeed("libdbus-1.so.3", "libdbus-1-3", "Qt and the desktop"),
    SystemNeed("libglib-2.0.so.0", "libglib2.0-0", "Qt and the desktop"),
    SystemNeed("libxcb-cursor.so.0", "libxcb-cursor0", "Qt's windows"),
    SystemNeed("libxcb-icccm.so.4", "libxcb-icccm4", "Qt's windows"),
    SystemNeed("libxcb-keysyms.so.1", "libxcb-keysyms1", "Qt's windows"),
    SystemNeed("libxcb-shape.so.0", "libxcb-shape0", "Qt's windows"),
    SystemNeed("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", "the keyboard in Qt"),
    SystemNeed("libusb-1.0.so.0", "libusb-1.0-0", "Open3D"),
)
TEST_PROGRAMS = (
    SystemNeed("Xvfb", "xvfb", "a virtual screen for the tests"),
    SystemNeed("xvfb-run", "xvfb", "a virtual screen for the tests"),
    SystemNeed("xauth", "xauth", "a virtual screen for the tests"),
)


def missing(dev: bool) -> list[SystemNeed]:
    """Return what this machine lacks; nothing on systems other than Linux, where the wheels bring their libraries."""
    if not sys.platform.startswith("linux"):
        return []
    lacking = [need for need in LIBRARIES if not loads(need.name)]
    if dev:
        lacking += [need for need in TEST_PROGRAMS if shutil.which(need.name) is None]
    return lacking


def missing_venv() -> list[SystemNeed]:
    """Return what the running Python lacks to make virtual environments: Debian packs that apart."""
    if importlib.util.find_spec("ensurepip") is not None and importlib.util.find_spec("venv") is not None:
        return []
    package = "python{}.{}-venv".format(*sys.version_info[:2])
    return [SystemNeed("ensurepip", package, "making the virtual environment")]


def loads(name: str) -> bool:
    """Tell whether the dynamic linker finds and loads the shared library `name`."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True
