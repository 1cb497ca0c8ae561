"""Has the kernel end a child that is not looking yet when its parent goes. Used by `ChildLink`; Linux only.

Elsewhere such a child is noticed by itself, when it comes to its first `poll`.
"""

from __future__ import annotations

import contextlib
import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2): the signal that this process gets when the thread that started it ends


def end_with_parent(wanted: bool) -> None:
    """Have this process killed when its parent ends, or no longer.

    SIGKILL and not SIGTERM: whoever blocks in a library of C runs no handler of Python. For the time before anything is
    at stake: what a killed process leaves behind (a journal, a temporary file) is recovered at the next start.
    """
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):  # another C library: noticed at the first poll
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL) if wanted else 0, 0, 0, 0)
