"""Whether a key is physically down, as the display server knows it: a release that never arrives must not go unnoticed.

A release goes astray when another program takes the keyboard at that moment (a screen lock, a switcher). On X11 the
server is asked (XQueryKeymap, one round trip, on a connection of its own). Elsewhere nothing is known: Wayland takes
the focus away together with the keyboard, so there a lost release comes with a lost focus. Used by `widgets.hand.hand`.
"""

from __future__ import annotations

import ctypes
from typing import Any

from PySide6.QtGui import QGuiApplication, QKeyEvent

KEYMAP_BYTES = 32
LIBRARY = "libX11.so.6"


class X11Keys:
    """The keyboard of an X server."""

    def __init__(self, library: ctypes.CDLL, display: int) -> None:
        self._library, self._display = library, display
        self._keymap = (ctypes.c_char * KEYMAP_BYTES)()

    def down(self, code: int) -> bool:
        """Return whether the key of this X keycode (8..255) is down."""
        self._library.XQueryKeymap(ctypes.c_void_p(self._display), self._keymap)
        return bool(self._keymap.raw[code // 8] >> code % 8 & 1)

    def close(self) -> None:
        """End the connection."""
        self._library.XCloseDisplay(ctypes.c_void_p(self._display))


def open_keys() -> X11Keys | None:
    """Return the keyboard of the X server that the window is on, or None if it is on none."""
    if QGuiApplication.platformName() != "xcb":
        return None
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError:
        return None  # Qt reached the server by other means; focus and the window's own checks still hold
    library.XOpenDisplay.restype = ctypes.c_void_p
    display: Any = library.XOpenDisplay(None)
    return X11Keys(library, display) if display else None


class HeldKey:
    """One key that is held: remembers which, if the system confirms the press, and notices when it is up again."""

    def __init__(self) -> None:
        self._keys = open_keys()
        self._code = 0

    def press(self, event: QKeyEvent) -> None:
        """Take in the press of the key; one that the system does not confirm (a program's) is not watched."""
        code = event.nativeScanCode()
        known = self._keys is not None and 8 <= code < 8 * KEYMAP_BYTES
        self._code = code if known and self._keys is not None and self._keys.down(code) else 0

    def release(self) -> None:
        """Watch nothing."""
        self._code = 0

    def went_up(self) -> bool:
        """Whether the watched key is up, although no release came."""
        return self._code > 0 and self._keys is not None and not self._keys.down(self._code)

    def close(self) -> None:
        """End the connection, if there is one."""
        self._code = 0
        if self._keys is not None:
            self._keys.close()
            self._keys = None
