"""The child processes of the window, seen from the I/O thread: start, hear, stop by the ladder, bury. Never blocks.

`app.core.link.Hub.stop` waits; the I/O thread must go on receiving pictures and sending beats meanwhile, so the
ladder (ask, wait, terminate, wait, kill) is stepped here by deadlines.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.core.link.hub import ASK_S, TERMINATE_S, Child, Hub
from app.core.priority import prefer_child
from widgets.bridge.letters import ChildEnded, ChildSpoke, Letter, StopStep

LOOK_S = 0.05


@dataclass
class _Watched:
    job: int
    child: Child
    asked: bool = False
    told: bool = False  # the stop message went out: a child hears nothing before its hello
    deadline: float = float("inf")
    terminated: bool = False


class Children:
    """All children of the window. I/O thread only.

    Args:
        deliver: Takes the letters for the window.
    """

    def __init__(self, deliver: Callable[[Letter], None]) -> None:
        self.hub = Hub()
        self._deliver = deliver
        self._watched: dict[int, _Watched] = {}
        self._next_look = 0.0

    @property
    def count(self) -> int:
        """How many children are there."""
        return len(self._watched)

    def start(self, job: int, role: str, arguments: tuple[str, ...]) -> None:
        """Start a role as a child; a failure to start is told as its end."""
        try:
            child = self.hub.start(role, *arguments)
        except OSError as error:
            self._deliver(ChildEnded(job, -1, f"it cannot be started ({error})", None, asked=False))
            return
        prefer_child(child.process.pid)
        self._watched[job] = _Watched(job, child)

    def intent(self, job: int, name: str, body: dict[str, Any]) -> None:
        """Tell a child what the person wants; silently nothing if it has gone (its end is told separately)."""
        watched = self._watched.get(job)
        if watched is not None:
            self.hub.send(watched.child, "intent", name=name, **body)

    def stop(self, job: int) -> None:
        """Begin the stop ladder for a child."""
        watched = self._watched.get(job)
        if watched is None or watched.asked:
            return
        watched.asked = True
        watched.deadline = time.monotonic() + ASK_S
        self._ask(watched)

    def _ask(self, watched: _Watched) -> None:
        if watched.child.identity is not None and not watched.told:
            watched.told = True
            self.hub.send(watched.child, "stop", why="the window asked")
            self._deliver(StopStep(watched.job, "asked"))

    def step(self) -> None:
        """Take in events, and every 50 ms climb the ladders and bury the dead."""
        jobs = {watched.child.run_id: watched.job for watched in self._watched.values()}
        for child, event in self.hub.poll(0):
            job = jobs.get(child.run_id)
            if job is not None and event.kind != "heartbeat":
                self._deliver(ChildSpoke(job, event))
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOK_S
            for watched in list(self._watched.values()):
                self._look(watched)

    def _look(self, watched: _Watched) -> None:
        if not watched.child.running:
            self._bury(watched)
            return
        if not watched.asked:
            return
        self._ask(watched)
        if time.monotonic() < watched.deadline:
            return
        if watched.terminated:
            watched.child.process.kill()
            self._deliver(StopStep(watched.job, "killed"))
            watched.deadline = float("inf")
        else:
            watched.terminated = True
            watched.child.process.terminate()
            self._deliver(StopStep(watched.job, "terminated"))
            watched.deadline = time.monotonic() + TERMINATE_S

    def _bury(self, watched: _Watched) -> None:
        if self.hub.socket.poll(0):
            return  # its last events first
        child = watched.child
        words = child.error_tail(2000).strip().splitlines()
        result = child.result if child.result is not None else child.last_json()
        status = child.process.wait()
        del self._watched[watched.job]
        self.hub.stop(child)  # closes its files; the process has ended
        self._deliver(ChildEnded(watched.job, status, words[-1] if words else "", result, watched.asked))

    def hurry(self) -> None:
        """Shorten all ladders that were begun: the person does not want to wait."""
        for watched in self._watched.values():
            if watched.asked:
                watched.deadline = 0.0

    def close(self) -> None:
        """Stop what is left (waits, at most the ladder's length) and close the hub."""
        self.hub.close()
