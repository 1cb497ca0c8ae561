"""Keys and gate: who has an allowed key gets in, nobody else, and secrets are private."""

from __future__ import annotations

import contextlib
import os
import socket as plain
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zmq

from app.core.errors import WireError
from app.core.wire import keys
from app.core.wire.gate import VIEWER, Gate
from app.core.wire.sockets import bind, connect, endpoint_of, with_port
from app.keys import process as role
from tests.hygiene import wait_until

EVERYWHERE = "tcp://0.0.0.0:*"
TRIES = 200  # per way of being nobody
SILENT_MS = 300


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The keys of one machine that serves and connects."""
    place = tmp_path / "keys"
    monkeypatch.setenv(keys.FOLDER_VARIABLE, str(place))
    role.make_missing(place)
    return place


def speak(client: zmq.Socket[bytes]) -> None:
    """Say something to a server that refuses; if it has refused already, there is nobody to say it to."""
    with contextlib.suppress(zmq.Again):
        client.send(b"let me in", zmq.NOBLOCK)


class Echo:
    """A guarded ROUTER that answers what it is asked, polled by the test."""

    def __init__(self, most_bytes: int = 1024 * 1024) -> None:
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.gate = Gate(self.context)
        self.socket = bind(self.context, zmq.ROUTER, EVERYWHERE, self.gate, most_bytes)
        self.endpoint = endpoint_of(self.socket)
        self.heard = 0

    def serve(self, timeout_ms: int) -> None:
        while self.socket.poll(timeout_ms):
            identity, data = self.socket.recv_multipart()
            self.heard += 1
            self.socket.send_multipart([identity, data])
            timeout_ms = 0

    def asks(self, client: zmq.Socket[bytes], data: bytes = b"hello") -> bool:
        """Let a client ask; whether the answer came."""
        client.send(data)
        self.serve(2000)
        return bool(client.poll(2000)) and client.recv() == data

    def close(self) -> None:
        self.socket.close()
        self.gate.close()
        self.context.term()


@pytest.fixture
def echo(folder: Path) -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


class Outside:
    """Another machine's side: its sockets are closed at the end of the test."""

    def __init__(self) -> None:
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._sockets: list[zmq.Socket[bytes]] = []

    def client(self, endpoint: str) -> zmq.Socket[bytes]:
        """Return a client that brings the key of its machine."""
        self._sockets.append(connect(self.context, zmq.DEALER, endpoint))
        return self._sockets[-1]

    def raw(self) -> zmq.Socket[bytes]:
        """Return a bare client that is not connected."""
        self._sockets.append(self.context.socket(zmq.DEALER))
        self._sockets[-1].linger = 0
        return self._sockets[-1]

    def close(self) -> None:
        for socket in self._sockets:
            socket.close()
        self.context.term()


@pytest.fixture
def outside() -> Iterator[Outside]:
    place = Outside()
    yield place
    place.close()


def no_key(client: zmq.Socket[bytes], folder: Path) -> None:
    """A client of the NULL mechanism."""


def unknown_key(client: zmq.Socket[bytes], folder: Path) -> None:
    client.curve_publickey, client.curve_secretkey = zmq.curve_keypair()
    client.curve_serverkey = keys.read_public(folder / "server.public")


def wrong_server_key(client: zmq.Socket[bytes], folder: Path) -> None:
    pair = keys.read_pair(folder, "client")
    client.curve_publickey, client.curve_secretkey = pair.public, pair.secret
    client.curve_serverkey = zmq.curve_keypair()[0]


def plain_password(client: zmq.Socket[bytes], folder: Path) -> None:
    client.plain_username, client.plain_password = b"root", b"root"


def test_allowed_keys_get_in_every_time(echo: Echo, outside: Outside) -> None:
    for _ in range(20):
        client = outside.client(echo.endpoint)
        assert echo.asks(client)
    assert echo.gate.refusals() == []


@pytest.mark.parametrize("approach", [no_key, unknown_key, wrong_server_key, plain_password])
def test_others_never_do_and_the_allowed_one_is_served_meanwhile(
    echo: Echo, folder: Path, outside: Outside,
    approach: Callable[[zmq.Socket[bytes], Path], None],
) -> None:  # fmt: skip
    good = outside.client(echo.endpoint)
    assert echo.asks(good)
    intruders = []
    for _ in range(TRIES):
        client = outside.raw()
        approach(client, folder)
        client.connect(echo.endpoint)
        speak(client)
        intruders.append(client)
    echo.serve(SILENT_MS)
    assert echo.heard == 1
    assert echo.asks(good)
    assert not any(client.poll(0) for client in intruders)
    why = "not among the allowed" if approach is unknown_key else "brings no CURVE key"
    told: list[str] = []

    def named() -> int:
        told.extend(echo.gate.refusals())
        return sum("127.0.0.1" in text for text in told)

    # who hangs up before the address is asked for is told without it
    wait_until(
        lambda: named() >= TRIES // 2 and len(told) >= TRIES, what="refusals told, most with their address"
    )
    assert [text for text in told if why not in text] == []


def test_a_client_is_let_in_and_forgotten_while_the_server_runs(
    echo: Echo, folder: Path, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    role.make_client(folder, "laptop")
    monkeypatch.setenv(keys.FOLDER_VARIABLE, str(folder / "clients" / "laptop"))
    laptop = outside.client(echo.endpoint)
    assert echo.asks(laptop)
    role.forget(folder, "laptop")
    again = outside.client(echo.endpoint)
    speak(again)
    echo.serve(SILENT_MS)
    assert echo.heard == 1


def test_a_message_beyond_the_limit_is_not_delivered(echo: Echo, outside: Outside) -> None:
    good, bad = (outside.client(echo.endpoint) for _ in range(2))
    bad.send(bytes(2 * 1024 * 1024))
    echo.serve(SILENT_MS)
    assert echo.heard == 0
    assert echo.asks(good, bytes(1000 * 1000))


def test_garbage_and_idle_connections_do_not_keep_a_client_out(echo: Echo, outside: Outside) -> None:
    port = int(echo.endpoint.rsplit(":", 1)[1])
    idle = [plain.create_connection(("127.0.0.1", port)) for _ in range(100)]
    for number in range(300):
        with plain.create_connection(("127.0.0.1", port)) as junk:
            junk.sendall(os.urandom(number % 97 + 1))
    client = outside.client(echo.endpoint)
    assert echo.asks(client)
    assert echo.heard == 1
    for connection in idle:
        connection.close()


def test_a_key_on_the_list_of_viewers_is_let_in_as_one(echo: Echo, folder: Path, outside: Outside) -> None:
    role.make_client(folder, "screen", view=True)
    pair = keys.read_pair(folder / "clients" / "screen", "client")
    client = outside.raw()
    client.curve_publickey, client.curve_secretkey = pair.public, pair.secret
    client.curve_serverkey = keys.read_public(folder / "server.public")
    client.connect(echo.endpoint)
    client.send(b"hello")
    assert echo.socket.poll(2000)
    frames = echo.socket.recv_multipart(copy=False)
    assert frames[-1].get("User-Id") == VIEWER + "screen"
    assert frames[-1].get("Peer-Address") == "127.0.0.1"


def test_a_client_is_on_one_list_and_forgotten_from_both(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "laptop.public"
    keys.write_public(file, zmq.curve_keypair()[0])
    role.allow(folder, file, None)
    assert "laptop" in keys.allowed_clients(folder).values()
    role.allow(folder, file, None, view=True)
    assert "laptop" not in keys.allowed_clients(folder).values()
    assert list(keys.viewers(folder).values()) == ["laptop"]
    role.forget(folder, "laptop")
    assert keys.viewers(folder) == {}
    with pytest.raises(WireError, match="not on the list"):
        role.forget(folder, "laptop")


def test_a_denied_key_opens_no_connection_until_its_time_is_over(
    echo: Echo, folder: Path, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    echo.gate.deny(role.THIS_MACHINE, 3600.0)
    client = outside.client(echo.endpoint)
    speak(client)
    echo.serve(SILENT_MS)
    assert echo.heard == 0
    assert any("sent too much that means nothing" in text for text in echo.gate.refusals())
    echo.gate.deny(role.THIS_MACHINE, 0.0)
    assert echo.asks(outside.client(echo.endpoint))


def test_secrets_are_private_from_the_first_moment(folder: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "allowed").stat().st_mode & 0o777 == 0o700
    for name in ("server.secret", "client.secret"):
        assert (folder / name).stat().st_mode & 0o777 == 0o600
    made = role.make_client(folder, "laptop")
    assert str(folder / "clients" / "laptop") in made
    assert (folder / "clients" / "laptop" / "client.secret").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("name", "mode"), [("server.secret", 0o644), ("server.secret", 0o640), (".", 0o770)])
def test_a_secret_that_others_can_read_or_replace_is_refused(folder: Path, name: str, mode: int) -> None:
    (folder / name).chmod(mode)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    with pytest.raises(WireError, match=r"others can .*chmod"):
        Gate(context)
    context.term()


def test_existing_keys_are_kept_and_broken_ones_named(folder: Path) -> None:
    before = (folder / "server.secret").read_bytes()
    assert role.make_missing(folder) == []
    with pytest.raises(WireError, match="it exists"):
        keys.write_pair(folder, "server")
    assert (folder / "server.secret").read_bytes() == before
    (folder / "allowed" / "odd.public").write_text("short")
    with pytest.raises(WireError, match=r"odd\.public.*5 characters"):
        keys.allowed_clients(folder)
    (folder / "client.secret").write_text("!" * 20 + '"' * 20)
    with pytest.raises(WireError, match="no CURVE key"):
        keys.read_pair(folder, "client")
    with pytest.raises(WireError, match=r"client name '\.\./x'"):
        role.make_client(folder, "../x")


@pytest.mark.parametrize("address", ["tcp://0.0.0.0", "tcp://*:5555", "tcp://192.0.2.77:1"])
def test_without_keys_others_cannot_reach_us_and_we_are_told_how_to_make_them(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(keys.FOLDER_VARIABLE, str(tmp_path / "none"))
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    try:
        with pytest.raises(WireError, match=r"others can reach it.*python main\.py keys"):
            bind(context, zmq.ROUTER, with_port(address))
        with pytest.raises(WireError, match=r"no such file.*python main\.py keys"):
            connect(context, zmq.DEALER, "tcp://192.0.2.77:1")
    finally:
        context.term()


def test_a_guarded_socket_without_a_gate_lets_nobody_in(folder: Path, outside: Outside) -> None:
    server = Echo()
    server.gate.close()
    client = outside.client(server.endpoint)
    speak(client)
    server.serve(SILENT_MS)
    assert server.heard == 0
    server.socket.close()
    server.context.term()
