"""The other end of `bench wire`: a process that answers commands and publishes frames, in our way and with bare pyzmq.

Our way is what a device server does: typed commands and replies, `SampleHeader` and the `Publisher`. Bare is pyzmq with
the same socket types and the same number of bytes, and nothing else.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import zmq

from app.core.link.child import ChildLink
from app.core.priority import prefer_control
from app.core.wire.client import KIND_COMMAND, Endpoints
from app.core.wire.codec import decode, encode
from app.core.wire.messages import SCHEMA_VERSION, Command, Reply, StreamSpec
from app.core.wire.sockets import bind, endpoint_of, make_context
from devices.interface import Sample
from devices.serving.publisher import Publisher

FRAME_SHAPE = (480, 640, 3)
FRAME_TOPIC = "scene/frame"
HEADER_BYTES = 60  # of our own header, about: the bare frame carries as many


def run(_args: argparse.Namespace, link: ChildLink) -> dict[str, Any]:
    """Answer until stopped."""
    context = make_context()
    prefer_control()
    sockets = [bind(context, kind) for kind in (zmq.ROUTER, zmq.PUB, zmq.ROUTER, zmq.PUB)]
    ours, frames, bare, bare_frames = sockets
    picture = np.random.default_rng(0).integers(0, 256, FRAME_SHAPE, dtype=np.uint8)
    publisher = Publisher(frames, (StreamSpec("scene", "frame", "|u1", FRAME_SHAPE, 0.0),))
    poller = zmq.Poller()
    poller.register(ours, zmq.POLLIN)
    poller.register(bare, zmq.POLLIN)
    try:
        link.ready(
            connect=Endpoints(endpoint_of(frames), endpoint_of(ours)).text(),
            bare=Endpoints(endpoint_of(bare_frames), endpoint_of(bare)).text(),
        )
        while not link.stopping:
            ready = dict(poller.poll(100))
            if ours in ready:
                _answer(ours, publisher, picture)
            if bare in ready:
                identity, _, data = bare.recv_multipart()
                if data == b"frame":
                    bare_frames.send_multipart([FRAME_TOPIC.encode(), bytes(HEADER_BYTES), picture.data])
                else:
                    bare.send_multipart([identity, data])
            if not ready:
                link.poll()
    finally:
        for socket in sockets:
            socket.close()
        context.term()
    return {}


def _answer(socket: zmq.Socket[bytes], publisher: Publisher, picture: np.ndarray) -> None:
    """Answer one command as a device server does: `echo` {data}, `sync` {nonce}, `frame`."""
    identity, kind, data = socket.recv_multipart()
    if kind != KIND_COMMAND:
        return
    command = decode(Command, data)
    if command.name == "frame":
        publisher.add(Sample(FRAME_TOPIC, 0, picture), 0)
        publisher.flush()
        return
    if command.name == "sync":
        publisher.sync(str(command.arguments["nonce"]))
    reply = Reply(SCHEMA_VERSION, command.id, True, command.arguments.get("data"))
    socket.send_multipart([identity, encode(reply)])
