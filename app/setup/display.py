"""Is there a screen to open a window on? Used by set-up before `make run`, and by `doctor`."""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Mapping

PLATFORMS_WITHOUT_SCREEN = ("offscreen", "minimal", "vnc")


def find_display(environment: Mapping[str, str] = os.environ) -> tuple[bool, str]:
    """Return whether a window can open, and the display's name or what is missing, in words.

    A display that is named but does not answer counts as none.
    """
    platform = environment.get("QT_QPA_PLATFORM", "").partition(":")[0]
    if platform in PLATFORMS_WITHOUT_SCREEN:
        return True, f"QT_QPA_PLATFORM={platform}"
    if not sys.platform.startswith("linux"):
        return True, sys.platform
    wayland, x11 = environment.get("WAYLAND_DISPLAY", ""), environment.get("DISPLAY", "")
    if wayland and answers(os.path.join(environment.get("XDG_RUNTIME_DIR", ""), wayland)):
        return True, f"Wayland {wayland}"
    if x11 and x11_answers(x11):
        return True, f"X11 {x11}"
    if wayland or x11:
        return False, f"the display {wayland or x11} is named in the environment but does not answer"
    return False, "neither DISPLAY nor WAYLAND_DISPLAY is set"


def x11_answers(display: str) -> bool:
    """Tell whether an X server listens at `display` ("host:number.screen"; an empty host is this machine)."""
    match = re.fullmatch(r"(?P<host>[^:]*):(?P<number>\d+)(\.\d+)?", display)
    if match is None:
        return os.path.exists(display) and answers(display)  # macOS style: a path
    host, number = match["host"], int(match["number"])
    if host in ("", "unix"):
        path = f"/tmp/.X11-unix/X{number}"
        return answers(path) or answers(f"\0{path}")
    try:
        socket.create_connection((host, 6000 + number), timeout=2.0).close()
    except OSError:
        return False
    return True


def answers(path: str) -> bool:
    """Tell whether something accepts connections on the Unix socket `path`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2.0)
        try:
            probe.connect(path)
        except OSError:
            return False
    return True
