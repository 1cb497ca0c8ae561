"""Sockets with our settings: bounded messages, no linger, heartbeats off (deadlines are the receiver's business).

A socket belongs to the thread that made it. Loopback only; other addresses are refused until keys exist.
"""

from __future__ import annotations

from urllib.parse import urlparse

import zmq

from app.core.errors import WireError
from app.core.wire.messages import MAX_MESSAGE_BYTES

STREAM_HIGH_WATER = 4000
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def check_address(endpoint: str) -> None:
    """Refuse an endpoint that other machines could reach.

    Raises:
        WireError: If the endpoint is neither loopback, ipc nor inproc.
    """
    parsed = urlparse(endpoint)
    if parsed.scheme in ("ipc", "inproc"):
        return
    host = endpoint.removeprefix("tcp://").rsplit(":", 1)[0].strip("[]")
    if parsed.scheme == "tcp" and host in _LOOPBACK:
        return
    raise WireError(
        f"address {endpoint!r}",
        "it is not on this machine, and this version has no keys to protect the wire",
        options=["tcp://127.0.0.1:PORT", "ipc://PATH"],
    )


def make_socket(context: zmq.Context[zmq.Socket[bytes]], kind: int) -> zmq.Socket[bytes]:
    """Return a socket of ZeroMQ type `kind` with our bounds set."""
    socket = context.socket(kind)
    socket.linger = 0
    socket.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE_BYTES)
    if kind in (zmq.PUB, zmq.SUB):
        socket.setsockopt(zmq.SNDHWM if kind == zmq.PUB else zmq.RCVHWM, STREAM_HIGH_WATER)
    return socket


def bind(
    context: zmq.Context[zmq.Socket[bytes]], kind: int, endpoint: str = "tcp://127.0.0.1:*"
) -> zmq.Socket[bytes]:
    """Bind a socket and return it; `endpoint_of` tells the port that was taken.

    Raises:
        WireError: If the address is not ours to use, or is in use.
    """
    check_address(endpoint)
    socket = make_socket(context, kind)
    try:
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        socket.close()
        raise WireError(
            f"address {endpoint}",
            "another program uses it" if error.errno == zmq.EADDRINUSE else f"it cannot be bound ({error})",
            way_out="Stop that program, or choose another port (0 or * takes a free one)",
        ) from error
    return socket


def connect(context: zmq.Context[zmq.Socket[bytes]], kind: int, endpoint: str) -> zmq.Socket[bytes]:
    """Connect a socket and return it.

    Raises:
        WireError: If the address is malformed or not ours to use.
    """
    check_address(endpoint)
    socket = make_socket(context, kind)
    try:
        socket.connect(endpoint)
    except zmq.ZMQError as error:
        socket.close()
        raise WireError(f"address {endpoint}", f"it cannot be connected to ({error})") from error
    return socket


def endpoint_of(socket: zmq.Socket[bytes]) -> str:
    """Return the address that a bound socket took."""
    return socket.getsockopt_string(zmq.LAST_ENDPOINT)
