"""The child's end of the hub: says hello, beats, tells progress, hears intents, and knows when its parent is gone.

One `ChildLink` per process, made by the role and used from the role's main thread only. Without `--hub` the link is
mute: progress goes to standard error, so that every role runs the same from a terminal.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from types import FrameType
from typing import Any

import zmq

from app.core.ids import new_run_id
from app.core.link.orphan import end_with_parent
from app.core.patience import Patience
from app.core.wire.codec import decode, encode
from app.core.wire.messages import SCHEMA_VERSION, Event, EventKind
from app.core.wire.sockets import connect

HEARTBEAT_S = 0.5
PARENT_TIMEOUT_S = 10.0
PARENT_STEP_S = 2.0  # of it at most between two polls: a role that stood still heard nobody meanwhile
VERSION = "0.1.0"


class ChildLink:
    """Events to the parent, intents from it.

    Args:
        role: Name of the role, as on the command line.
        hub: The parent's endpoint, or None when a person started the role.
        run_id: Run id that the parent gave, or None.

    `poll()` must be called often (each loop of the role); it beats, and returns the intents that came.
    `stopping` becomes true on a stop message, SIGTERM, SIGINT, or when the parent is gone. Before the first `poll` a
    child whose parent goes is ended by the kernel (Linux): it may block in something that never comes back.
    """

    def __init__(self, role: str, hub: str | None = None, run_id: str | None = None) -> None:
        self.role = role
        self.run_id = run_id or new_run_id(role)
        self.stopping = False
        self.why_stopping = ""
        self._seq = 0
        self._parent = os.getppid()
        self._last_beat = 0.0
        self._patience = Patience(PARENT_TIMEOUT_S, PARENT_STEP_S)
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._socket: zmq.Socket[bytes] | None = None
        self._looks = hub is None  # for its parent, by itself
        if hub is not None:
            end_with_parent(True)
            self._context = zmq.Context()
            self._socket = connect(self._context, zmq.DEALER, hub)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        self.send("hello", pid=os.getpid(), version=VERSION)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.stop(f"signal {signal.Signals(number).name}")

    def stop(self, why: str) -> None:
        """Ask the role to end at its next convenient moment."""
        if not self.stopping:
            self.stopping, self.why_stopping = True, why

    def send(self, kind: EventKind, **body: Any) -> None:
        """Send one event to the parent; to standard error when there is none (heartbeats and states are not shown)."""
        self._seq += 1
        if self._socket is not None:
            event = Event(SCHEMA_VERSION, self._seq, self.run_id, self.role, kind, body)
            try:
                self._socket.send(encode(event), zmq.NOBLOCK)
            except zmq.Again:
                self.stop("the parent reads no events")
        elif kind in ("notice", "progress"):
            text = body.get("text") or " ".join(f"{key}={value}" for key, value in body.items())
            print(f"{self.role}: {text}", file=sys.stderr, flush=True)

    def ready(self, **body: Any) -> None:
        """Say that the role is set up; `body` carries endpoints and the like."""
        self.send("ready", **body)

    def progress(self, **body: Any) -> None:
        """Tell how far the work is; keys are the role's own, `text` is shown in a terminal."""
        self.send("progress", **body)

    def notice(self, text: str, level: str = "info") -> None:
        """Tell the person something; level is info, warning or error."""
        self.send("notice", level=level, text=text)

    def pass_on(self, event: Event) -> None:
        """Pass a notice of a child of ours on to our parent; other events are ours alone."""
        if event.kind == "notice":
            self.notice(str(event.body.get("text", "")), str(event.body.get("level", "info")))

    def poll(self, timeout_ms: int = 0) -> list[dict[str, Any]]:
        """Beat, and return the bodies of the intents that came since the last call."""
        now = time.monotonic()
        if self._socket is None:
            if timeout_ms > 0:
                time.sleep(timeout_ms / 1000.0)
            return []
        if not self._looks:
            self._looks = True
            end_with_parent(False)  # from here on the role ends by itself, a recorder after its commit
        if now - self._last_beat >= HEARTBEAT_S:
            self._last_beat = now
            self.send("heartbeat")
        intents: list[dict[str, Any]] = []
        while self._socket.poll(timeout_ms if not intents else 0):
            event = decode(Event, self._socket.recv())
            self._patience = Patience(PARENT_TIMEOUT_S, PARENT_STEP_S)
            if event.kind == "stop":
                self.stop(str(event.body.get("why", "the parent asked")))
            elif event.kind == "intent":
                intents.append(event.body)
            timeout_ms = 0
        if os.getppid() != self._parent:
            self.stop("the parent process is gone")
        elif self._patience.left_s() < 0:
            self.stop(f"the parent was silent for {PARENT_TIMEOUT_S:g} s")
        return intents

    def close(self, status: str = "done") -> None:
        """Say bye and close."""
        self.send("bye", status=status)
        if self._socket is not None and self._context is not None:
            self._socket.close(linger=500)
            self._context.term()
            self._socket = self._context = None
