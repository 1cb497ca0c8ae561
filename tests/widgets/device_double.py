"""A device server of few lines over real sockets: answers commands, publishes what a test tells it to."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Any

import msgspec
import numpy as np
import zmq

from app.core.wire.client import KIND_COMMAND, KIND_ENABLE, Endpoints
from app.core.wire.codec import decode, encode
from app.core.wire.messages import (
    SCHEMA_VERSION,
    CameraInfo,
    Command,
    Enable,
    Reply,
    SampleHeader,
    ServerInfo,
    StreamSpec,
)
from app.core.wire.sockets import bind, endpoint_of

CAMERA = CameraInfo(
    "scene", 320, 240, 300.0, 300.0, 160.0, 120.0, "base",
    (1.0, 0.0, 0.0, 0.5, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, -1.0, 1.0, 0.0, 0.0, 0.0, 1.0),
)  # fmt: skip
INFO = ServerInfo(
    rig="sim/wipe",
    simulated=True,
    lockstep=False,
    period_ns=20_000_000,
    streams=(
        StreamSpec("arm", "pose", "<f8", (7,), 250.0),
        StreamSpec("scene", "color", "|u1", (240, 320, 3), 25.0, encoding="jpeg"),
    ),
    cameras=(CAMERA,),
    markers_m=(0.0,) * 9,
    home=(0.5, 0.0, 0.2, 0.0, 1.0, 0.0, 0.0),
    limits={"speed_m_s": 0.25},
    task="wipe",
    version="0",
)


class DeviceDouble:
    """Runs in a thread of its own; `publish` may be called from the test."""

    def __init__(self, answers: bool = True) -> None:
        self.commands: list[tuple[str, dict[str, Any]]] = []
        self.enables: list[Enable] = []
        self._answers = answers
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._router = bind(self._context, zmq.ROUTER)
        self._streams = bind(self._context, zmq.XPUB)
        self.endpoints = Endpoints(endpoint_of(self._streams), endpoint_of(self._router))
        self._seq: dict[str, int] = {}
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> DeviceDouble:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()
        self._router.close()
        self._streams.close()
        self._context.term()

    def _serve(self) -> None:
        while not self._ending.is_set():
            if not self._router.poll(10):
                continue
            identity, kind, data = self._router.recv_multipart()
            if kind == KIND_ENABLE:
                self.enables.append(decode(Enable, data))
                continue
            assert kind == KIND_COMMAND
            command = decode(Command, data)
            if command.name == "clock":
                reply = Reply(SCHEMA_VERSION, command.id, True, time.monotonic_ns())
                self._router.send_multipart([identity, encode(reply)])
                continue
            if command.name == "sync" and not self._seq:  # a test that publishes owns the streams itself
                self._streams.send_multipart([f"sync/{command.arguments['nonce']}".encode(), b"", b""])
            self.commands.append((command.name, command.arguments))
            if self._answers:
                result = msgspec.to_builtins(INFO) if command.name == "describe" else {}
                reply = Reply(
                    SCHEMA_VERSION,
                    command.id,
                    command.name != "nonsense",
                    result,
                    "There is no such command.",
                )
                self._router.send_multipart([identity, encode(reply)])

    def await_subscriber(self, timeout_ms: int = 5000) -> None:
        """Wait until somebody subscribed: what is published from now on arrives."""
        assert self._streams.poll(timeout_ms), "nobody subscribed"
        self._streams.recv()

    def publish(self, topic: str, samples: np.ndarray, skip: int = 0) -> None:
        """Publish samples (n, …) of a raw signal; `skip` leaves out sequence numbers, as lost samples do."""
        device, signal = topic.split("/")
        seq = self._seq.get(topic, 0) + skip
        self._seq[topic] = seq + len(samples)
        now = time.monotonic_ns()
        times = tuple(now - (len(samples) - 1 - i) * 4_000_000 for i in range(len(samples)))
        header = SampleHeader(
            SCHEMA_VERSION,
            device,
            signal,
            seq,
            len(samples),
            times,
            times,
            "raw",
            samples.dtype.str,
            samples.shape[1:],
        )
        self._streams.send_multipart([topic.encode(), encode(header), samples.tobytes()])

    def publish_picture(self, topic: str, jpeg: bytes, shape: tuple[int, ...]) -> None:
        """Publish one encoded picture."""
        device, signal = topic.split("/")
        seq = self._seq.get(topic, 0)
        self._seq[topic] = seq + 1
        now = time.monotonic_ns()
        header = SampleHeader(SCHEMA_VERSION, device, signal, seq, 1, (now,), (now,), "jpeg", "|u1", shape)
        self._streams.send_multipart([topic.encode(), encode(header), jpeg])
