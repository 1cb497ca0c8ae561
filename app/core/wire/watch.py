"""Who failed at the handshake before any key was asked for: no key, another mechanism, noise. Used by the gate.

ZeroMQ asks the gate about CURVE clients only; the others it drops by itself, and tells a monitor of the socket. Events
of one I/O thread come in order, and a failed handshake is followed by its connection's end, which names the descriptor
that was accepted. Where the connection was gone before this was read, the address stays unknown.
"""

from __future__ import annotations

import contextlib
import os
import socket as sockets

import zmq
from zmq.utils.monitor import parse_monitor_message

FAILED = zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
EVENTS = FAILED | zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED | zmq.EVENT_MONITOR_STOPPED
MOST_OPEN = 10_000


class Watch:
    """The monitor of one guarded socket, read in the gate's thread.

    Args:
        context: Of the socket.
        address: The inproc address to which the socket's events go.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], address: str) -> None:
        self.socket = context.socket(zmq.PAIR)
        self.socket.linger = 0
        self.socket.connect(address)
        self._peers: dict[int, str] = {}
        self._failed = False
        self.ended = False

    def read(self) -> list[str]:
        """Return the addresses whose handshakes failed since the last call."""
        found: list[str] = []
        while not self.ended and self.socket.poll(0):
            event = parse_monitor_message(self.socket.recv_multipart())
            kind, value = int(event["event"]), int(event["value"])
            if kind == zmq.EVENT_ACCEPTED:
                if len(self._peers) < MOST_OPEN:
                    self._peers[value] = address_of(value)
            elif kind & FAILED:
                self._failed = True
            elif kind == zmq.EVENT_DISCONNECTED:
                address = self._peers.pop(value, "an unknown address")
                if self._failed:
                    found.append(address)
                self._failed = False
            elif kind == zmq.EVENT_MONITOR_STOPPED:
                self.ended = True
        return found

    def close(self) -> None:
        """Stop reading."""
        self.socket.close()


def address_of(descriptor: int) -> str:
    """Return who is at the other end of a descriptor of this process; it may be gone already."""
    with contextlib.suppress(OSError), sockets.socket(fileno=os.dup(descriptor)) as copy:
        return str(copy.getpeername()[0])
    return "an unknown address"
