"""A keyboard on the X server of the test: keys go down and up as hardware keys do (XTEST), for every client."""

from __future__ import annotations

import ctypes

KEYSYMS = {"space": 0x20, "left": ord("a"), "right": ord("d")}


class Keyboard:
    """Presses and releases keys.

    Raises:
        OSError: If the libraries libX11 and libXtst are not installed.
        RuntimeError: If there is no X server.
    """

    def __init__(self) -> None:
        self._x11, self._test = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXtst.so.6")
        self._x11.XOpenDisplay.restype = ctypes.c_void_p
        display = self._x11.XOpenDisplay(None)
        if not display:
            raise RuntimeError("no X server answers")
        self._display = ctypes.c_void_p(display)

    def key(self, name: str, down: bool) -> None:
        """Put a key down or up."""
        code = self._x11.XKeysymToKeycode(self._display, ctypes.c_ulong(KEYSYMS[name]))
        self._test.XTestFakeKeyEvent(self._display, code, int(down), ctypes.c_ulong(0))
        self._x11.XSync(self._display, 0)

    def close(self) -> None:
        """Release every key and end the connection."""
        for name in KEYSYMS:
            self.key(name, False)
        self._x11.XCloseDisplay(self._display)
