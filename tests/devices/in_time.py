"""A device server with its real sockets in simulated time, in the test's own thread, and a client with the lease."""

from __future__ import annotations

import msgspec
import numpy as np
import zmq

from app.core.clock import ManualClock
from app.core.ids import next_message_id
from app.core.rig import load_rig
from app.core.wire.client import KIND_COMMAND
from app.core.wire.codec import decode, decode_array, encode
from app.core.wire.messages import SCHEMA_VERSION, Command, SampleHeader
from app.core.wire.sockets import bind, connect, endpoint_of
from devices.serving.core import DeviceServer
from tests.hygiene import wait_until

TICK_NS = 4_000_000


class Link:
    """The parent's end: what was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def notice(self, text: str, level: str = "info") -> None:
        self.told.append(text)


class ServedInTime:
    """The server of a rig's limits over as much of a device as the test needs, and a client with its lease."""

    def __init__(self, rig: str, device: object) -> None:
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        commands, streams = bind(self.context, zmq.ROUTER), bind(self.context, zmq.PUB)
        self.link, self.clock = Link(), ManualClock(10**9)
        self.server = DeviceServer(
            load_rig(rig), device, self.clock, commands, streams, True, self.link,  # type: ignore[arg-type]
        )  # fmt: skip
        self.client = connect(self.context, zmq.DEALER, endpoint_of(commands))
        self.listener = connect(self.context, zmq.SUB, endpoint_of(streams))
        self.listener.setsockopt(zmq.SUBSCRIBE, b"")
        self._sockets = (commands, streams, self.client, self.listener)
        while not self.listener.poll(20):
            self.server.publisher.sync("there")
        self.seq, self.press = 0, 1
        self.command("lease", holder="me", source="operator")

    def close(self) -> None:
        """Close every socket."""
        for socket in self._sockets:
            socket.close()
        self.context.term()

    def put(self, kind: bytes, message: msgspec.Struct) -> None:
        """Send a message and let the server take it in; on a busy machine its share of time may be over before."""
        self.client.send_multipart([kind, encode(message)])
        wait_until(lambda: self.server.hear(100), what="a message at the server")

    def command(self, name: str, **arguments: object) -> None:
        """Send a command."""
        self.put(KIND_COMMAND, Command(SCHEMA_VERSION, next_message_id(), name, arguments))

    def tick(self, count: int = 1) -> None:
        """Let periods of the governor pass, and publish what they gave."""
        for _ in range(count):
            self.clock.set_ns(self.clock.now_ns() + TICK_NS)
            self.server.step(self.clock.now_ns())
        self.server.publish_tick()

    def recorded(self) -> dict[str, int]:
        """Return every reason bit that was published since the last call, by topic."""
        found: dict[str, int] = {}
        while self.listener.poll(50):
            topic, head, data = self.listener.recv_multipart()
            if topic.endswith(b"/reasons"):
                rows = decode_array(decode(SampleHeader, head), memoryview(data))
                name = topic.decode()
                found[name] = found.get(name, 0) | int(np.bitwise_or.reduce(rows.ravel()))
        return found
