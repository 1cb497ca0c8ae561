"""What comes to a device server's command socket: a bounded share of it at a time, and from whom."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

import zmq

from app.core.wire.gate import Gate
from devices.serving.peers import Peers

SHARE_S = 1e-3  # so long at a time: whoever floods the socket delays a governor period by no more


@dataclass(frozen=True)
class Letter:
    """One message: connection, name of its key ("" without keys), kind, content."""

    identity: bytes
    user: str
    kind: bytes
    data: bytes


class Inbox:
    """Reads the command socket; whoever reads it says which letters were bad.

    Args:
        socket: A bound ROUTER, owned by the calling thread.
        gate: Its gate, if it has one.
    """

    def __init__(self, socket: zmq.Socket[bytes], gate: Gate | None) -> None:
        self._socket, self.peers = socket, Peers(gate)
        self._newest: zmq.Frame | None = None
        self._news: list[str] = []

    def receive(self, timeout_ms: int) -> Iterator[Letter]:
        """Yield what is there, waiting at most `timeout_ms` for the first, and going on for at most `SHARE_S`."""
        if not self._socket.poll(timeout_ms):
            return
        end = time.monotonic() + SHARE_S
        while time.monotonic() < end:
            try:
                frames = self._socket.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            identity = frames[0].bytes
            if self.peers.is_cut_off(identity):
                continue
            self._newest = frames[-1]
            user = self.peers.user_of(frames[-1])
            if len(frames) == 3:
                yield Letter(identity, user, frames[1].bytes, frames[2].bytes)
            else:
                self.bad(Letter(identity, user, b"", b""))

    def bad(self, letter: Letter) -> None:
        """Note that a letter meant nothing; its sender may be cut off for it."""
        address = "an unknown address"
        with contextlib.suppress(zmq.ZMQError):  # ipc has none
            address = str(self._newest.get("Peer-Address")) if self._newest is not None else address
        told = self.peers.note_bad(letter.identity, letter.user, address)
        if told:
            self._news.append(told)

    def news(self) -> list[str]:
        """Return who was cut off since the last call, in words."""
        news, self._news = self._news, []
        return news
