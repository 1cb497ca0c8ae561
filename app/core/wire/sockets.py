"""Sockets with our settings: bounded messages, no linger, heartbeats off (deadlines are the receiver's business).

A socket belongs to the thread that made it. On this machine (loopback, ipc, inproc) there are no keys; every other
address is bound through a `Gate` and connected to with the client's key.
"""

from __future__ import annotations

import contextlib
import socket as sockets
from urllib.parse import urlparse

import zmq

from app.core.errors import WireError
from app.core.priority import add_wire, threads
from app.core.wire.gate import HANDSHAKE_MS, Gate
from app.core.wire.keys import MAKE_KEYS, key_folder, read_pair, read_public
from app.core.wire.messages import MAX_MESSAGE_BYTES

STREAM_HIGH_WATER = 4000
AWAKE_MS = 500
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_EVERYWHERE = ("0.0.0.0", "*")


def host_of(endpoint: str) -> str:
    """Return the host of a tcp endpoint."""
    return endpoint.removeprefix("tcp://").rsplit(":", 1)[0].strip("[]")


def is_local(endpoint: str) -> bool:
    """Whether only this machine can reach an endpoint; those need no keys.

    Raises:
        WireError: If it is no address that we speak.
    """
    scheme = urlparse(endpoint).scheme
    if scheme in ("ipc", "inproc"):
        return True
    if scheme != "tcp" or not host_of(endpoint):
        raise WireError(
            f"address {endpoint!r}", "it is no address", options=["tcp://HOST:PORT", "ipc://PATH"]
        )
    return host_of(endpoint) in _LOOPBACK


def with_port(endpoint: str) -> str:
    """Return an endpoint to bind, with any free port where none was given."""
    bare = endpoint.startswith("tcp://") and ":" not in endpoint.removeprefix("tcp://")
    return f"{endpoint}:*" if bare else endpoint


def advertised(endpoint: str) -> str:
    """Return a bound endpoint as others can connect to it: a real address in place of "everywhere"."""
    host = host_of(endpoint)
    if not endpoint.startswith("tcp://") or host not in _EVERYWHERE:
        return endpoint
    with contextlib.suppress(OSError), sockets.socket(sockets.AF_INET, sockets.SOCK_DGRAM) as probe:
        probe.connect(
            ("192.0.2.1", 9)
        )  # an address for documentation: nothing is sent, the route is looked up
        host = probe.getsockname()[0]
    return endpoint if host in _LOOPBACK else f"tcp://{host}:{endpoint.rsplit(':', 1)[1]}"


def check_bind(endpoint: str) -> None:
    """Refuse an address that others can reach while there are no keys to protect it.

    Raises:
        WireError: With the way out.
    """
    if not is_local(endpoint):
        try:
            read_pair(key_folder(), "server")
        except WireError as error:
            raise WireError(
                f"address {endpoint!r}",
                f"others can reach it, and there is no key to protect it ({error.thing}: {error.cause})",
                options=["tcp://127.0.0.1:PORT without keys"],
                way_out=error.way_out or MAKE_KEYS,
            ) from error


def make_context() -> zmq.Context[zmq.Socket[bytes]]:
    """Return a context whose I/O thread `app.core.priority.prefer_control` raises together with its caller."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    before = threads()
    with context.socket(zmq.PULL) as pull, context.socket(zmq.PUSH) as push:
        started = (
            threads() - before
        )  # with the first socket: the one that closes sockets, then the one for I/O
        push.linger = 0
        push.connect(f"tcp://127.0.0.1:{pull.bind_to_random_port('tcp://127.0.0.1')}")
        push.send(b"")
        if pull.poll(AWAKE_MS) and started:
            add_wire(max(started))
    return context


def make_socket(
    context: zmq.Context[zmq.Socket[bytes]], kind: int, most_bytes: int = MAX_MESSAGE_BYTES
) -> zmq.Socket[bytes]:
    """Return a socket of type `kind` with our bounds set; a peer that sends more than `most_bytes` is cut off."""
    socket = context.socket(kind)
    socket.linger = 0
    socket.setsockopt(zmq.MAXMSGSIZE, most_bytes)
    if kind in (zmq.PUB, zmq.SUB):
        socket.setsockopt(zmq.SNDHWM if kind == zmq.PUB else zmq.RCVHWM, STREAM_HIGH_WATER)
    return socket


def bind(
    context: zmq.Context[zmq.Socket[bytes]], kind: int, endpoint: str = "tcp://127.0.0.1:*",
    gate: Gate | None = None, most_bytes: int = MAX_MESSAGE_BYTES,
) -> zmq.Socket[bytes]:  # fmt: skip
    """Bind a socket and return it; `endpoint_of` tells the port that was taken.

    Raises:
        WireError: If the address is in use, or others can reach it and there is no gate.
    """
    if not is_local(endpoint) and gate is None:
        check_bind(endpoint)
        raise WireError(f"address {endpoint!r}", "others can reach it, and this socket has no gate")
    socket = make_socket(context, kind, most_bytes)
    if gate is not None and not is_local(endpoint):
        gate.guard(socket)
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
    """Connect a socket and return it; with this machine's client key when the address is another machine's.

    Raises:
        WireError: If the address is malformed, or keys are needed and missing or not private.
    """
    socket = make_socket(context, kind)
    try:
        if not is_local(endpoint):
            _bring_key(socket)
        socket.connect(endpoint)
    except zmq.ZMQError as error:
        socket.close()
        raise WireError(f"address {endpoint}", f"it cannot be connected to ({error})") from error
    except WireError:
        socket.close()
        raise
    return socket


def _bring_key(socket: zmq.Socket[bytes]) -> None:
    folder = key_folder()
    pair = read_pair(folder, "client")
    socket.setsockopt(zmq.CURVE_PUBLICKEY, pair.public)
    socket.setsockopt(zmq.CURVE_SECRETKEY, pair.secret)
    socket.setsockopt(zmq.CURVE_SERVERKEY, read_public(folder / "server.public"))
    socket.setsockopt(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)


def endpoint_of(socket: zmq.Socket[bytes]) -> str:
    """Return the address that a bound socket took."""
    return socket.getsockopt_string(zmq.LAST_ENDPOINT)
