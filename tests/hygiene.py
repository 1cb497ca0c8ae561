"""What a test must not leave behind, and how that is found. Used by conftest.py; `wait_until` by any test."""

from __future__ import annotations

import gc
import os
import select
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zmq

GRACE_S = 3.0
# Helpers of the standard library that live as long as the interpreter.
LASTING_CHILDREN = (b"multiprocessing.resource_tracker", b"multiprocessing.forkserver")

CONTEXTS: weakref.WeakSet[Any] = weakref.WeakSet()
SOCKETS: weakref.WeakSet[Any] = weakref.WeakSet()


def wait_until(condition: Callable[[], bool], timeout_s: float = 10.0, what: str = "the condition") -> None:
    """Return as soon as `condition()` holds; it is asked every few milliseconds.

    Raises:
        AssertionError: It did not hold within `timeout_s`.
    """
    deadline = time.monotonic() + timeout_s
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {timeout_s:g} s")
        pause.wait(0.005)


def track_zmq() -> None:
    """Make every ZeroMQ context and socket that is created from now on known to the guard."""
    for kind, known in ((zmq.Context, CONTEXTS), (zmq.Socket, SOCKETS)):
        _track(kind, known)


def _track(kind: type[Any], known: weakref.WeakSet[Any]) -> None:
    original = kind.__init__

    def remember(self: Any, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        known.add(self)

    kind.__init__ = remember


@dataclass
class Snapshot:
    """What is alive at one moment."""

    threads: set[threading.Thread]
    children: dict[int, str]
    zmq_objects: set[int]
    qt_objects: set[int]

    @classmethod
    def take(cls, with_qt: bool) -> Snapshot:
        """Look around; `with_qt` also for timers and windows, which takes a few milliseconds."""
        return cls(
            threads={thread for thread in threading.enumerate() if thread.is_alive()},
            children=live_children(),
            zmq_objects={id(item) for item in open_zmq()},
            qt_objects={id(item) for item in live_qt()} if with_qt else set(),
        )


def live_children() -> dict[int, str]:
    """Return the running child processes of this one: process id to command line."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            stat = (entry / "stat").read_text()
            state, parent = stat.rpartition(")")[2].split()[:2]
            if int(parent) != os.getpid() or state in "ZX":
                continue
            command = (entry / "cmdline").read_bytes()
        except (OSError, ValueError):
            continue  # it ended while being looked at
        if not any(name in command for name in LASTING_CHILDREN):
            found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace").strip()
    return found


def open_zmq() -> list[Any]:
    """Return the ZeroMQ sockets and contexts that are not closed; the process-wide context may stay."""
    shared = getattr(zmq.Context, "_instance", None)
    contexts = [item for item in list(CONTEXTS) if not item.closed and item is not shared]
    return contexts + [item for item in list(SOCKETS) if not item.closed]


def live_qt() -> list[Any]:
    """Return the running timers that Python knows and the windows on show; nothing before Qt was imported."""
    core, widgets = sys.modules.get("PySide6.QtCore"), sys.modules.get("PySide6.QtWidgets")
    if core is None or widgets is None or core.QCoreApplication.instance() is None:
        return []
    from shiboken6 import isValid

    timers = [item for item in gc.get_objects() if issubclass(type(item), core.QTimer)]
    running = [timer for timer in timers if isValid(timer) and timer.isActive()]
    shown = [window for window in widgets.QApplication.topLevelWidgets() if window.isVisible()]
    return running + shown


def left_behind(before: Snapshot, with_qt: bool) -> list[str]:
    """Return, in words, what is alive now and was not at `before`, after a short grace for what is just ending."""
    deadline = time.monotonic() + GRACE_S
    for thread in set(threading.enumerate()) - before.threads:
        if thread is not threading.current_thread():
            thread.join(max(0.0, deadline - time.monotonic()))
    for pid in set(live_children()) - set(before.children):
        wait_for_exit(pid, max(0.0, deadline - time.monotonic()))
    if with_qt:
        finish_deferred_deletes()
    now = Snapshot.take(with_qt)
    found = [f"thread {thread.name!r}" for thread in now.threads - before.threads]
    found += [f"child process {pid}: {now.children[pid]}" for pid in set(now.children) - set(before.children)]
    if now.zmq_objects - before.zmq_objects:
        gc.collect()  # only what is still referred to is a leak here; the rest warns by itself
        found += [f"open {item!r}" for item in open_zmq() if id(item) not in before.zmq_objects]
    if now.qt_objects - before.qt_objects:
        gc.collect()
        found += [f"Qt {item!r}" for item in live_qt() if id(item) not in before.qt_objects]
    return found


def finish_deferred_deletes() -> None:
    """Let Qt delete what was given to `deleteLater`."""
    core = sys.modules.get("PySide6.QtCore")
    if core is not None and core.QCoreApplication.instance() is not None:
        core.QCoreApplication.sendPostedEvents(None, core.QEvent.Type.DeferredDelete.value)


def wait_for_exit(pid: int, timeout_s: float) -> None:
    """Wait until the process ends or the time is over."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return  # it has ended
    try:
        select.select([handle], [], [], timeout_s)
    finally:
        os.close(handle)


@contextmanager
def no_leaks(with_qt: bool = False) -> Iterator[None]:
    """Fail if the block leaves threads, child processes, ZeroMQ objects or, with Qt, timers and windows.

    Raises:
        AssertionError: Something was left; the message names it. Child processes are killed, so that the next test
            starts clean.
    """
    before = Snapshot.take(with_qt)
    yield
    found = left_behind(before, with_qt)
    for pid in set(live_children()) - set(before.children):
        os.kill(pid, 9)
    assert not found, "left behind: " + "; ".join(found)
