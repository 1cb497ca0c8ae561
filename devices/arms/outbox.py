"""Hands targets to an SDK whose calls wait for an answer. Used by drivers of arms.

The newest target alone waits: one that could not be sent in time is replaced, never queued. Nothing is sent on its own
accord, so that an arm whose operator falls silent gets no more targets.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

Target = tuple[np.ndarray, float]


class Outbox:
    """A thread that sends targets.

    Args:
        name: Of the thread.
        send: Sends one target (pose (7,), opening); returns why it failed, or nothing.

    Attributes:
        failure: Why sending ended, as the rest of a sentence; empty while it goes on.
    """

    def __init__(self, name: str, send: Callable[[np.ndarray, float], str]) -> None:
        self.failure = ""
        self._send = send
        self._target: Target | None = None
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def put(self, pose: np.ndarray, gripper: float) -> None:
        """Make this the next target to be sent."""
        with self._lock:
            self._target = (pose.copy(), gripper)
        self._wake.set()

    def close(self) -> None:
        """Send nothing more; returns when a call that is under way has come back."""
        self._closing = True
        self._wake.set()
        self._thread.join()

    def _work(self) -> None:
        while not (self._closing or self.failure):
            self._wake.wait()
            self._wake.clear()
            with self._lock:
                target, self._target = self._target, None
            if target is None or self._closing:
                continue
            try:
                self.failure = self._send(*target)
            except Exception as error:  # noqa: BLE001 - whatever an SDK raises must be told, not end a thread in silence
                self.failure = f"its library failed ({type(error).__name__}: {error})"
