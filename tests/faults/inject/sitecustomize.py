"""Faults from inside a process of ours that is started with this folder in PYTHONPATH. Nothing of ours is imported.

SIGUSR1: its main thread computes for `TOUCHSTONE_HANG_S` seconds (1 by default) without letting any other Python thread
run: the interpreter lock is held by one call into C. SIGUSR2: its wall clock jumps by `TOUCHSTONE_JUMP_S` seconds, as
when somebody sets it; the monotonic clock does not.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time

HANG_US = int(float(os.environ.get("TOUCHSTONE_HANG_S", "1")) * 1e6)
JUMP_S = float(os.environ.get("TOUCHSTONE_JUMP_S", "3600"))
_wall, _wall_ns = time.time, time.time_ns
_offset_s = 0.0


def _hang(_number: int, _frame: object) -> None:
    ctypes.PyDLL(None).usleep(HANG_US)  # PyDLL keeps the interpreter lock, CDLL would give it away


def _jump(_number: int, _frame: object) -> None:
    global _offset_s
    _offset_s = JUMP_S if _offset_s <= 0.0 else -JUMP_S


def _jumped() -> float:
    return _wall() + _offset_s


def _jumped_ns() -> int:
    return _wall_ns() + round(_offset_s * 1e9)


time.time, time.time_ns = _jumped, _jumped_ns
signal.signal(signal.SIGUSR1, _hang)
signal.signal(signal.SIGUSR2, _jump)
