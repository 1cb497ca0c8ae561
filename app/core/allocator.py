"""Keeps the memory of a process that lives for days from growing by holes between blocks. GNU C library only.

glibc raises the size from which it asks the system for a block of its own as soon as one such block is freed, up to
32 MB; encoded pictures, which differ in size from one to the next, then lie among small blocks that live long, and the
holes between them add up. With a fixed threshold they go back to the system at once (mallopt(3), M_MMAP_THRESHOLD).
What a burst of smaller blocks leaves goes back when it is asked for (malloc_trim(3)).
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # malloc.h
LARGE_BYTES = 128 * 1024
TRIM_BYTES = 1024 * 1024
ARENAS = 2


def return_large_blocks() -> bool:
    """Let blocks of 128 KiB and more be returned to the system when they are freed; False where that cannot be set.

    Call it once, before the process starts threads.
    """
    mallopt = _function("mallopt")
    if mallopt is None:
        return False
    mallopt.argtypes, mallopt.restype = (ctypes.c_int, ctypes.c_int), ctypes.c_int
    settings = ((M_MMAP_THRESHOLD, LARGE_BYTES), (M_TRIM_THRESHOLD, TRIM_BYTES), (M_ARENA_MAX, ARENAS))
    return all(mallopt(name, value) == 1 for name, value in settings)


def return_free_pages() -> bool:
    """Give whole pages of freed blocks back to the system, also those between used ones; True if there were any.

    It takes some milliseconds in which other threads of the process get no memory: not to be called often.
    """
    trim = _function("malloc_trim")
    if trim is None:
        return False
    trim.argtypes, trim.restype = (ctypes.c_size_t,), ctypes.c_int
    return bool(trim(0))


def _function(name: str) -> Any:
    """Return a function of the GNU C library; None where there is none of this name."""
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), name, None)
