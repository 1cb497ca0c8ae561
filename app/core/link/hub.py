"""The parent's end of the hub: starts children by the public command line, hears their events, stops them.

Qt-free: `collect`, `deploy`, `augment`, `demo` use it directly; the window's I/O thread drives the same object.
Owned by one thread. Stop ladder: ask, wait, terminate, kill; each step is told as a notice.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import zmq

from app.core.errors import ExplainedError, ProcessError, WireError
from app.core.ids import new_run_id
from app.core.patience import Patience
from app.core.wire.codec import decode, encode
from app.core.wire.messages import SCHEMA_VERSION, Event, EventKind
from app.core.wire.sockets import bind, endpoint_of

MAIN = Path(__file__).resolve().parents[3] / "main.py"
BEAT_S = 1.0
ASK_S, TERMINATE_S = 20.0, 3.0
Listener = Callable[["Child", Event], None]


@dataclass
class Child:
    """One child process as its parent sees it."""

    role: str
    run_id: str
    process: subprocess.Popen[bytes]
    errors: IO[bytes]
    output: IO[bytes]
    identity: bytes | None = None
    ready: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    seq_out: int = 0

    @property
    def running(self) -> bool:
        """Whether the process is still there."""
        return self.process.poll() is None

    def error_tail(self, size: int = 2000) -> str:
        """Return the end of what the child wrote to standard error."""
        return _tail(self.errors, size)

    def last_json(self) -> dict[str, Any] | None:
        """Return the JSON object on the last line of the child's standard output, if there is one."""
        lines = _tail(self.output, 1_000_000).strip().splitlines()
        try:
            found = json.loads(lines[-1]) if lines else None
        except json.JSONDecodeError:
            return None
        return found if isinstance(found, dict) else None


def _tail(stream: IO[bytes], size: int) -> str:
    end = stream.seek(0, 2)
    stream.seek(max(0, end - size))
    return stream.read().decode(errors="replace")


class Hub:
    """Starts children and exchanges events with them. A context manager: all children are stopped on exit."""

    def __init__(self, listener: Listener | None = None) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.socket = bind(self._context, zmq.ROUTER)
        self.endpoint = endpoint_of(self.socket)
        self.children: dict[str, Child] = {}
        self.listener = listener
        self._last_beat = 0.0

    def __enter__(self) -> Hub:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self, role: str, *arguments: str, python: Sequence[str] = (sys.executable,)) -> Child:
        """Start `python main.py ROLE ARGUMENTS --json --hub … --run-id …` and return the child at once."""
        run_id = new_run_id(role)
        command = [*python, str(MAIN), role, *arguments, "--json", "--hub", self.endpoint, "--run-id", run_id]
        errors, output = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - closed by `stop`
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
        child = self.children[run_id] = Child(role, run_id, process, errors, output)
        return child

    def send(self, child: Child, kind: EventKind, **body: Any) -> None:
        """Send one event to a child that has said hello; to others nothing is sent."""
        if child.identity is None:
            return
        child.seq_out += 1
        event = Event(SCHEMA_VERSION, child.seq_out, child.run_id, child.role, kind, body)
        self.socket.send_multipart([child.identity, encode(event)])

    def intent(self, child: Child, name: str, **body: Any) -> None:
        """Tell a child what the person or the parent wants."""
        self.send(child, "intent", name=name, **body)

    def poll(self, timeout_ms: int = 0) -> list[tuple[Child, Event]]:
        """Beat to all children and return the events that came, oldest first; the listener hears them too."""
        now = time.monotonic()
        if now - self._last_beat >= BEAT_S:
            self._last_beat = now
            for child in self.children.values():
                self.send(child, "heartbeat")
        heard: list[tuple[Child, Event]] = []
        while self.socket.poll(timeout_ms if not heard else 0):
            identity, data = self.socket.recv_multipart()[:2]
            try:
                event = decode(Event, data)
            except WireError:
                continue  # not one of ours; the child that matters is missed by its deadline
            source = self.children.get(event.run)
            if source is None:
                continue
            self._note(source, identity, event)
            heard.append((source, event))
            if self.listener is not None:
                self.listener(source, event)
        return heard

    def _note(self, child: Child, identity: bytes, event: Event) -> None:
        child.identity = identity
        if event.kind == "ready":
            child.ready = event.body
        elif event.kind == "result":
            child.result = event.body

    def wait_for(self, child: Child, kinds: tuple[EventKind, ...], timeout_s: float, **match: Any) -> Event:
        """Poll until the child sends an event of one of these kinds whose body holds `match`, and return it.

        Raises:
            ProcessError: If the child ends first, or nothing comes within `timeout_s`.
        """
        patience = Patience(timeout_s)
        while patience.left_s() > 0:
            for source, event in self.poll(50):
                matches = all(event.body.get(key) == value for key, value in match.items())
                if source is child and event.kind in kinds and matches:
                    return event
            if not child.running and not self.socket.poll(0):
                raise self.death_of(child)
        wanted = " or ".join(kinds)
        raise ProcessError(
            f"process {child.role!r}", f"no {wanted} within {timeout_s:g} s; it said: {child.error_tail(600)}"
        )

    def wait_ready(self, child: Child, timeout_s: float = 60.0) -> dict[str, Any]:
        """Return the body of the child's `ready`."""
        if child.ready is None:
            self.wait_for(child, ("ready",), timeout_s)
        return child.ready or {}

    def death_of(self, child: Child) -> ProcessError:
        """Return the error that says how a child ended: in its own words if it explained itself."""
        status = child.process.returncode
        thing = f"process {child.role!r}"
        if status is not None and status < 0:
            return ProcessError(thing, f"it was killed by signal {-status}")
        result = child.last_json() or {}
        if explained := str(result.get("error") or ""):
            return ExplainedError(explained)
        words = child.error_tail(600).strip().splitlines()
        return ProcessError(
            thing, f"it ended with status {status}: {words[-1] if words else 'it said nothing'}"
        )

    def stop(self, child: Child, ask_s: float = ASK_S) -> None:
        """End a child: ask, wait, terminate, kill; then forget it."""
        self.wind_up(child, ask_s)
        child.errors.close()
        child.output.close()
        self.children.pop(child.run_id, None)

    def wind_up(self, child: Child, ask_s: float = ASK_S) -> None:
        """End a child as `stop` does; what it wrote can still be read."""
        if child.running:
            self.send(child, "stop", why="the parent asked")
            self._wait_exit(child, ask_s if child.identity is not None else 0.0)
        if child.running:
            child.process.terminate()
            self._wait_exit(child, TERMINATE_S)
        if child.running:
            child.process.kill()
        child.process.wait()

    def _wait_exit(self, child: Child, seconds: float) -> None:
        patience = Patience(seconds)
        while child.running and patience.left_s() > 0:
            self.poll(20)

    def close(self) -> None:
        """Stop all children and close the socket."""
        for child in list(self.children.values()):
            if child.running:
                self.send(child, "stop", why="the parent ends")
        for child in list(self.children.values()):
            self.stop(child)
        self.socket.close()
        self._context.term()
