"""A device server as a child process, with its parent in a thread. Used by tests of servers, faults and wires."""

from __future__ import annotations

import threading

from app.core.link.hub import Hub
from app.core.wire.client import Endpoints


class Served:
    """A device server, with a thread that keeps the parent's heartbeats going."""

    def __init__(self, *words: str) -> None:
        self._words = words
        self._done = threading.Event()
        self._ready = threading.Event()
        self._connect = ""
        self.pid = 0
        self._thread = threading.Thread(target=self._parent)

    def _parent(self) -> None:
        with Hub() as hub:
            child = hub.start("device", "--rig", "sim/wipe", *self._words)
            self.pid = child.process.pid
            self._connect = str(hub.wait_ready(child, 120.0)["connect"])
            self._ready.set()
            while not self._done.is_set():
                hub.poll(50)

    def __enter__(self) -> Endpoints:
        self._thread.start()
        assert self._ready.wait(120.0)
        return Endpoints.parse(self._connect)

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
