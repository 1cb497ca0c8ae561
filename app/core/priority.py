"""Who goes first when the machine is busy: control before pictures, live work before batch work.

Control runs in the real-time class SCHED_FIFO where that is permitted: an ordinary thread, however nice the others are,
waits its turn of some milliseconds behind whoever computes. Linux keeps 5 % of each second for the others, so that a
loop gone wrong cannot lock the machine up. Permitted are root, CAP_SYS_NICE, and users with an `rtprio` limit
(/etc/security/limits.conf). Elsewhere control is raised as far as its nice value may go.

Where Linux groups tasks by session (autogroup, man 7 sched), nice values count only within a session, and a training in
another terminal gets as much as all of the window's: `prefer_session` raises the window's whole session too.
"""

from __future__ import annotations

import contextlib
import gc
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

CONTROL, WINDOW, HAND, BACKGROUND = -10, -5, -12, 10
REALTIME, REALTIME_WIRE = 20, 10  # of 1..99; the kernel's own interrupt threads have 50
Scheduling = Literal["realtime", "raised", "ordinary"]
AUTOGROUP = Path("/proc/self/autogroup")
_wires: set[int] = set()


def prefer_control() -> Scheduling:
    """Let the calling thread and its wires' go before everything ordinary; returns how far that was permitted.

    Threads and processes that are started later are ordinary again. Call it when the loop begins, not before loading.
    The other threads that are there are raised beside it, except those that were lowered: one that holds the
    interpreter's lock and waits for a processor makes control wait with it (decision 0078).
    """
    here = threading.get_native_id()
    wires = _wires & threads()
    for thread in threads() if _may_raise() else (here, *wires):
        if _niceness(thread) <= 0:
            _set(thread, CONTROL)
    if _realtime(here, REALTIME):
        for thread in wires:
            _realtime(thread, REALTIME_WIRE)
        return "realtime"
    return "raised" if os.name == "posix" and os.getpriority(os.PRIO_PROCESS, here) < 0 else "ordinary"


def add_wire(thread: int) -> None:
    """Say that a thread carries messages: `prefer_control` raises it too. It must be running, not just started.

    (ZeroMQ ends a process whose threads change their class while they start.)
    """
    _wires.add(thread)


def threads() -> set[int]:
    """Return the threads of this process; empty where the system does not tell."""
    return {int(task.name) for task in Path("/proc/self/task").glob("*")}


def settle_memory() -> None:
    """Collect garbage now, and look at nothing that is there now again: later collections take microseconds.

    Once per process: what is frozen and becomes a cycle of garbage later stays.
    """
    if gc.get_freeze_count() == 0:
        gc.collect()
        gc.freeze()


def prefer_window() -> None:
    """Raise this process a little: the person's hand is stamped in it. Threads that it starts inherit that."""
    _set(0, WINDOW)


@contextlib.contextmanager
def prefer_session() -> Iterator[None]:
    """Raise all of this process's session a little over other sessions; as it was before at the end.

    Nothing happens where tasks are not grouped by session or where it is not permitted.
    """
    before = _session_niceness()
    if before is None or before <= WINDOW or not _set_session(WINDOW):
        yield
        return
    try:
        yield
    finally:
        _set_session(before)


def prefer_child(process: int) -> None:
    """Raise a process that the window has just started as far as the window's own ordinary threads.

    A thread that `prefer_hand` has raised passes nothing on by itself.
    """
    _set(process, WINDOW)


def prefer_hand() -> None:
    """Raise the calling thread, through which the person's hand or a stop goes, above the rest of its window.

    Every thread on that way has to call it (the Qt thread and the one with the sockets): a raised one starves the
    other. The wires of the process become real-time: they pass on bytes, and a stop waits for nobody's picture.
    Threads that the caller starts later are ordinary, and so are processes (see `prefer_child`).
    """
    here = threading.get_native_id()
    with contextlib.suppress(AttributeError, OSError):
        os.sched_setscheduler(here, os.SCHED_OTHER | os.SCHED_RESET_ON_FORK, os.sched_param(0))
    _set(here, HAND)
    for thread in _wires & threads():
        _realtime(thread, REALTIME_WIRE)


def yield_to_control() -> None:
    """Lower the calling thread below ordinary ones (training, drawing); threads that it starts inherit that.

    Not beside a control loop in one process: see `helpers_lowered`.
    """
    _set(threading.get_native_id(), BACKGROUND)


@contextlib.contextmanager
def helpers_lowered() -> Iterator[None]:
    """Lower the threads that the calling one starts meanwhile (a renderer's own), and itself for that long.

    They must not need the interpreter's lock. Nothing is lowered where the caller could not be raised again.
    """
    here = threading.get_native_id()
    if not _may_raise():
        yield
        return
    before = _niceness(here)
    _set(here, BACKGROUND)
    try:
        yield
    finally:
        _set(here, before)


def _niceness(thread: int) -> int:
    try:
        return os.getpriority(os.PRIO_PROCESS, thread)
    except (AttributeError, OSError):  # no such call here, or the thread has ended
        return 0


def _may_raise() -> bool:
    """Whether this process may raise threads as far as control; tried on the calling one."""
    here = threading.get_native_id()
    before = _niceness(here)
    _set(here, CONTROL)
    permitted = _niceness(here) <= CONTROL
    _set(here, before)
    return permitted


def _session_niceness() -> int | None:
    try:
        return int(AUTOGROUP.read_text().split()[-1])  # "/autogroup-12 nice 0"
    except (OSError, ValueError, IndexError):
        return None


def _set_session(niceness: int) -> bool:
    try:
        AUTOGROUP.write_text(str(niceness))
    except OSError:
        return False
    return True


def _set(who: int, niceness: int) -> None:
    with contextlib.suppress(
        AttributeError, OSError
    ):  # no such call here, or not permitted: it is a preference
        os.setpriority(os.PRIO_PROCESS, who, niceness)


def _realtime(thread: int, priority: int) -> bool:
    try:
        policy = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(thread, policy, os.sched_param(priority))
    except (AttributeError, OSError):
        return False
    return True
