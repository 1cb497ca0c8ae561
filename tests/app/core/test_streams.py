"""What comes on a stream and is no sample is refused by name, and what follows is heard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import zmq

from app.core.errors import WireError
from app.core.wire.client import DeviceClient, Endpoints
from app.core.wire.codec import decode_array, encode
from app.core.wire.messages import SCHEMA_VERSION, SampleHeader
from app.core.wire.sockets import bind, endpoint_of

GOOD = encode(SampleHeader(SCHEMA_VERSION, "arm", "pose", 0, 1, (1,), (1,), "raw", "<f8", (7,)))


@pytest.fixture
def streams() -> Iterator[tuple[zmq.Socket[bytes], DeviceClient]]:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    publisher, router = bind(context, zmq.XPUB), bind(context, zmq.ROUTER)
    client = DeviceClient(Endpoints(endpoint_of(publisher), endpoint_of(router)))
    client.streams = client.context.socket(zmq.SUB)
    client.streams.linger = 0
    client.streams.connect(client.endpoints.streams)
    client.streams.setsockopt(zmq.SUBSCRIBE, b"")
    publisher.poll(2000)
    publisher.recv()
    yield publisher, client
    client.close()
    publisher.close()
    router.close()
    context.term()


@pytest.mark.parametrize(
    "frames",
    [[b"arm/pose"], [b"arm/pose", GOOD], [b"arm/pose", GOOD, b"", b""], [b"arm/pose", b"\xff", b""], [b""],
     [b"arm/pose", b"", b""], [b"\x00" * 1000, GOOD[:-1], b""]],
)  # fmt: skip
def test_a_malformed_message_is_refused_and_the_next_is_heard(
    streams: tuple[zmq.Socket[bytes], DeviceClient], frames: list[bytes]
) -> None:
    publisher, client = streams
    publisher.send_multipart(frames)
    publisher.send_multipart([b"arm/pose", GOOD, bytes(56)])
    with pytest.raises(WireError):
        list(client.receive(2000))
    ((topic, header, buffer),) = client.receive(2000)
    assert topic == b"arm/pose"
    assert decode_array(header, buffer).shape == (1, 7)


def test_a_message_without_samples_is_refused() -> None:
    header = SampleHeader(SCHEMA_VERSION, "arm", "pose", 0, 0, (), (), "raw", "<f8", (7,))
    with pytest.raises(WireError):
        decode_array(header, b"")
