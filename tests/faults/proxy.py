"""Fault proxies: a link that misbehaves on purpose, between a client and a server of ours.

`TcpProxy` works on bytes (delay, jitter, stall, black hole, close, reset); `MessageProxy` on messages from DEALER
to ROUTER (drop, duplicate, reorder). Each runs in a thread of its own; faults are set from any thread.
"""

from __future__ import annotations

import contextlib
import random
import selectors
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import urlparse

import zmq

STEP_S = 0.002
CHUNK = 65536


@dataclass
class Faults:
    """What a link does wrong at present.

    Attributes:
        delay_s, jitter_s: Each chunk comes so much later; jitter is uniform on top, order is kept.
        stalled: Nothing passes; what came is kept and passes when the stall ends.
        black_hole: What comes is gone; connections stay.
        down: New connections are closed at once.
        drop, duplicate, reorder: Share of messages that this happens to (`MessageProxy`).
    """

    delay_s: float = 0.0
    jitter_s: float = 0.0
    stalled: bool = False
    black_hole: bool = False
    down: bool = False
    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0


@dataclass
class Pipe:
    """One direction of one connection, and what is under way in it."""

    source: socket.socket
    sink: socket.socket
    waiting: list[tuple[float, bytes]] = field(default_factory=list)


class _Threaded:
    """A proxy that turns in a thread until it is closed. A context manager."""

    faults: Faults

    def __init__(self) -> None:
        self._ending = threading.Event()
        self._chance = random.Random(0)
        self._thread = threading.Thread(target=self._run, name="fault proxy")

    def __enter__(self) -> _Threaded:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        raise NotImplementedError


class TcpProxy(_Threaded):
    """Forwards TCP connections to a target.

    Args:
        target: `tcp://HOST:PORT`.
        host: Address of this machine at which clients connect.
    """

    def __init__(self, target: str, host: str = "127.0.0.1") -> None:
        super().__init__()
        parsed = urlparse(target)
        self._target = (parsed.hostname or "127.0.0.1", int(parsed.port or 0))
        self._listener = socket.create_server((host, 0))
        self.endpoint = f"tcp://{host}:{self._listener.getsockname()[1]}"
        self.faults = Faults()
        self._selector = selectors.DefaultSelector()
        self._pipes: list[Pipe] = []
        self._cut: str = ""
        self._done = threading.Event()

    def __enter__(self) -> TcpProxy:
        super().__enter__()
        return self

    def close_all(self) -> None:
        """End every connection properly (FIN); new ones are accepted."""
        self._end("close")

    def reset_all(self) -> None:
        """End every connection by RST; new ones are accepted."""
        self._end("reset")

    def _end(self, how: str) -> None:
        self._done.clear()
        self._cut = how
        self._done.wait(5.0)

    def _run(self) -> None:
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        while not self._ending.is_set():
            for key, _ in self._selector.select(STEP_S):
                if key.data is None:
                    self._accept()
                else:
                    self._read(key.data)
            self._forward()
            if self._cut:
                self._end_connections(self._cut == "reset")
                self._cut = ""
                self._done.set()
        self._end_connections(reset=False)
        self._selector.close()
        self._listener.close()

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        if self.faults.down:
            client.close()
            return
        server = socket.create_connection(self._target)
        for source, sink in ((client, server), (server, client)):
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pipe = Pipe(source, sink)
            self._pipes.append(pipe)
            self._selector.register(source, selectors.EVENT_READ, pipe)

    def _read(self, pipe: Pipe) -> None:
        try:
            data = pipe.source.recv(CHUNK)
        except OSError:
            data = b""
        if not data:
            self._end_pair(pipe, reset=False)
        elif not self.faults.black_hole:
            due = time.monotonic() + self.faults.delay_s + self._chance.random() * self.faults.jitter_s
            due = max(due, pipe.waiting[-1][0]) if pipe.waiting else due
            pipe.waiting.append((due, data))

    def _forward(self) -> None:
        if self.faults.stalled:
            return
        now = time.monotonic()
        for pipe in list(self._pipes):
            while pipe.waiting and pipe.waiting[0][0] <= now:
                try:
                    pipe.sink.sendall(pipe.waiting.pop(0)[1])
                except OSError:
                    self._end_pair(pipe, reset=False)
                    break

    def _end_pair(self, pipe: Pipe, reset: bool) -> None:
        for one in [p for p in self._pipes if p.source in (pipe.source, pipe.sink)]:
            self._pipes.remove(one)
            self._selector.unregister(one.source)
            if reset:  # no linger: the other side sees a reset
                with contextlib.suppress(OSError):
                    one.source.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            one.source.close()

    def _end_connections(self, reset: bool) -> None:
        while self._pipes:
            self._end_pair(self._pipes[0], reset)


class MessageProxy(_Threaded):
    """Forwards messages of one DEALER client to a ROUTER and back; faults are done to what goes to the ROUTER.

    Args:
        target: The ROUTER's endpoint.
    """

    def __init__(self, target: str) -> None:
        super().__init__()
        self.faults = Faults()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._front = self._context.socket(zmq.ROUTER)
        self._back = self._context.socket(zmq.DEALER)
        self._front.linger = self._back.linger = 0
        port = self._front.bind_to_random_port("tcp://127.0.0.1")
        self._back.connect(target)
        self.endpoint = f"tcp://127.0.0.1:{port}"
        self.counts = {"passed": 0, "dropped": 0, "duplicated": 0, "reordered": 0}

    def __enter__(self) -> MessageProxy:
        super().__enter__()
        return self

    def _run(self) -> None:
        client = b""
        held: list[bytes] | None = None
        try:
            while not self._ending.is_set():
                if self._front.poll(int(STEP_S * 1000)):
                    client, *frames = self._front.recv_multipart()
                    held = self._pass(frames, held)
                while self._back.poll(0):
                    self._front.send_multipart([client, *self._back.recv_multipart()])
        finally:
            self._front.close()
            self._back.close()
            self._context.term()

    def _pass(self, frames: list[bytes], held: list[bytes] | None) -> list[bytes] | None:
        """Send one message on, or not, or twice, or after the next one; returns the one that waits."""
        draw = self._chance.random
        if self.faults.black_hole or draw() < self.faults.drop:
            self.counts["dropped"] += 1
            return held
        if held is None and draw() < self.faults.reorder:
            self.counts["reordered"] += 1
            return frames
        for message in (frames, *([held] if held is not None else [])):
            self._back.send_multipart(message)
            self.counts["passed"] += 1
            if draw() < self.faults.duplicate:
                self.counts["duplicated"] += 1
                self._back.send_multipart(message)
        return None
