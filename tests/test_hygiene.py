"""The guards themselves: each kind of leftover is seen, and what ends in time is not."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import pytest
import zmq

from tests import hygiene

SLEEPER = [sys.executable, "-c", "import sys; sys.stdin.read()"]


def test_thread_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hygiene, "GRACE_S", 0.05)
    release = threading.Event()
    thread = threading.Thread(target=release.wait, name="straggler")
    with pytest.raises(AssertionError, match="thread 'straggler'"), hygiene.no_leaks():
        thread.start()
    release.set()
    thread.join()


def test_thread_that_is_ending_is_given_time() -> None:
    release = threading.Event()
    with hygiene.no_leaks():
        threading.Thread(target=release.wait, args=(5.0,)).start()
        release.set()


def test_child_process_is_seen_and_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hygiene, "GRACE_S", 0.05)
    children: list[subprocess.Popen[bytes]] = []
    with pytest.raises(AssertionError, match="child process"), hygiene.no_leaks():
        children.append(subprocess.Popen(SLEEPER, stdin=subprocess.PIPE))
    assert children[0].wait(timeout=10) == -9
    assert children[0].stdin is not None
    children[0].stdin.close()


def test_open_socket_is_seen() -> None:
    kept: list[Any] = []
    with pytest.raises(AssertionError, match=r"open .*Socket"), hygiene.no_leaks():
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        kept += [context, context.socket(zmq.PAIR)]
    kept[1].close()
    kept[0].term()


def test_closed_socket_is_not_a_leak() -> None:
    with hygiene.no_leaks(), zmq.Context() as context, context.socket(zmq.PAIR) as socket:
        socket.bind("inproc://here")


def test_running_timer_and_shown_window_are_seen(qapp: Any) -> None:
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QWidget

    timer, window = QTimer(), QWidget()
    with pytest.raises(AssertionError, match=r"(?s)QTimer.*QWidget"), hygiene.no_leaks(with_qt=True):
        timer.start(1000)
        window.show()
    timer.stop()
    window.close()


def test_wait_until_gives_up_with_words() -> None:
    with pytest.raises(AssertionError, match="the moon did not come true"):
        hygiene.wait_until(lambda: False, timeout_s=0.02, what="the moon")
