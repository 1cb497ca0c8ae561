"""Who may connect from other machines: answers ZeroMQ's question at each handshake (ZAP, RFC 27 of ZeroMQ).

One `Gate` per context, before the sockets that it guards are bound. Only CURVE clients of the explicit lists `allowed/`
and `viewers/` pass; a socket that is guarded and finds no gate lets nobody in (ZAP_ENFORCE_DOMAIN). Whoever passes gets
the name of its key as ZeroMQ's `User-Id`, with `VIEWER` before it if the key may only look.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from pathlib import Path

import zmq
from zmq.utils import z85

from app.core.errors import WireError
from app.core.wire.keys import allowed_clients, key_folder, read_pair, viewers
from app.core.wire.watch import EVENTS, Watch

ZAP_ENDPOINT = "inproc://zeromq.zap.01"
ZAP_DOMAIN = b"touchstone"
HANDSHAKE_MS = 3000
_POLL_MS = 100
_MOST_UNTOLD = 1000
VIEWER = "view:"  # no client name holds a colon


class Gate:
    """Answers handshakes in a thread of its own, so that a busy server never delays them.

    Args:
        context: The context of the sockets that are guarded.
        folder: Folder of the keys; the person's by default.

    Raises:
        WireError: If the server has no keys, or they are not private; or the allow list is broken.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], folder: Path | None = None) -> None:
        self._folder = folder or key_folder()
        self._pair = read_pair(self._folder, "server")
        allowed_clients(self._folder)
        self._refused: queue.Queue[str] = queue.Queue(_MOST_UNTOLD)
        self._context = context
        self._new: queue.Queue[str] = queue.Queue()
        self._watches: list[Watch] = []
        self._ending = threading.Event()
        self._denied: dict[str, float] = {}
        self._socket = context.socket(zmq.REP)
        self._socket.linger = 0
        self._socket.bind(ZAP_ENDPOINT)
        self._thread = threading.Thread(target=self._answer_all, name="wire gate", daemon=True)
        self._thread.start()

    def guard(self, socket: zmq.Socket[bytes]) -> None:
        """Let only allowed clients into a socket that is not bound yet."""
        socket.setsockopt(zmq.CURVE_SERVER, 1)
        socket.setsockopt(zmq.CURVE_SECRETKEY, self._pair.secret)
        socket.setsockopt(zmq.ZAP_DOMAIN, ZAP_DOMAIN)
        socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)
        socket.setsockopt(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)
        address = f"inproc://watch-{id(socket):x}"
        socket.monitor(address, EVENTS)
        self._new.put(address)

    def deny(self, user: str, seconds: float) -> None:
        """Let this key open no connection for some time; callable from any thread."""
        self._denied[user] = time.monotonic() + seconds

    def refusals(self) -> list[str]:
        """Return, in words, who was refused since the last call; callable from any thread."""
        found: list[str] = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self._refused.get_nowait())
        return found

    def close(self) -> None:
        """Stop answering."""
        self._ending.set()
        self._thread.join()

    def _answer_all(self) -> None:
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        try:
            while not self._ending.is_set():
                ready = dict(poller.poll(_POLL_MS))
                if self._socket in ready:
                    self._answer(self._socket.recv_multipart())
                with contextlib.suppress(queue.Empty):
                    self._watches.append(Watch(self._context, self._new.get_nowait()))
                    poller.register(self._watches[-1].socket, zmq.POLLIN)
                self._look(poller)
        finally:
            self._socket.close()
            for watch in self._watches:
                watch.close()

    def _look(self, poller: zmq.Poller) -> None:
        """Note whose handshakes failed before their key was asked for."""
        for watch in list(self._watches):
            for address in watch.read():
                self._tell(f"A client at {address} was refused: it brings no CURVE key.")
            if watch.ended:
                poller.unregister(watch.socket)
                self._watches.remove(watch)
                watch.close()

    def _tell(self, text: str) -> None:
        with contextlib.suppress(queue.Full):
            self._refused.put_nowait(text)

    def _answer(self, frames: list[bytes]) -> None:
        version, request, domain, address, _, mechanism, *credentials = (*frames, *[b""] * (6 - len(frames)))
        name, why = "", "it brings no CURVE key"
        if (
            domain == ZAP_DOMAIN
            and mechanism == b"CURVE"
            and len(credentials) == 1
            and len(credentials[0]) == 32
        ):
            name, why = self._name_of(z85.encode(credentials[0]))
        if name:
            self._socket.send_multipart([version, request, b"200", b"OK", name.encode(), b""])
            return
        self._tell(f"A client at {address.decode(errors='replace')} was refused: {why}.")
        self._socket.send_multipart([version, request, b"400", b"not allowed", b"", b""])

    def _name_of(self, public: bytes) -> tuple[str, str]:
        try:
            viewer, name = viewers(self._folder).get(public), allowed_clients(self._folder).get(public, "")
        except WireError as error:
            return "", error.sentence().rstrip(".")
        user = VIEWER + viewer if viewer else name
        if self._denied.get(user, 0.0) > time.monotonic():
            return "", f"{viewer or name} sent too much that means nothing"
        return user, "its key is not among the allowed ones"
