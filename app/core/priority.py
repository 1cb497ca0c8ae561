"""Who goes first when the machine is busy: control before pictures, live work before batch work."""

from __future__ import annotations

import contextlib
import os
import threading

CONTROL, WINDOW, BACKGROUND = -10, -5, 10


def prefer_control() -> None:
    """Raise this process above ordinary ones, where the system permits it (root, or a nice limit set for the user)."""
    _set(0, CONTROL)


def prefer_window() -> None:
    """Raise this process a little: the person's hand is stamped in it. What it starts inherits that."""
    _set(0, WINDOW)


def yield_to_control() -> None:
    """Lower the calling thread below ordinary ones (rendering, training); threads that it starts inherit that."""
    _set(threading.get_native_id(), BACKGROUND)


def _set(who: int, niceness: int) -> None:
    with contextlib.suppress(
        AttributeError, OSError
    ):  # no such call here, or not permitted: it is a preference
        os.setpriority(os.PRIO_PROCESS, who, niceness)
