"""Who may connect from other machines: answers ZeroMQ's question at each handshake (ZAP, RFC 27 of ZeroMQ).

One `Gate` per context, before the sockets that it guards are bound. Only CURVE clients of the explicit list
`allowed/` pass; a socket that is guarded and finds no gate lets nobody in (ZAP_ENFORCE_DOMAIN).
"""

from __future__ import annotations

import contextlib
import queue
import threading
from pathlib import Path

import zmq
from zmq.utils import z85

from app.core.errors import WireError
from app.core.wire.keys import allowed_clients, key_folder, read_pair

ZAP_ENDPOINT = "inproc://zeromq.zap.01"
ZAP_DOMAIN = b"touchstone"
HANDSHAKE_MS = 3000
_POLL_MS = 100
_MOST_UNTOLD = 100


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
        self._ending = threading.Event()
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
        try:
            while not self._ending.is_set():
                if self._socket.poll(_POLL_MS):
                    self._answer(self._socket.recv_multipart())
        finally:
            self._socket.close()

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
        with contextlib.suppress(queue.Full):
            self._refused.put_nowait(f"A client at {address.decode(errors='replace')} was refused: {why}.")
        self._socket.send_multipart([version, request, b"400", b"not allowed", b"", b""])

    def _name_of(self, public: bytes) -> tuple[str, str]:
        try:
            return allowed_clients(self._folder).get(public, ""), "its key is not among the allowed ones"
        except WireError as error:
            return "", error.sentence().rstrip(".")
