"""Batches samples and publishes them on the streams socket, with sequence numbers per signal."""

from __future__ import annotations

import numpy as np
import zmq

from app.core.wire.client import SYNC_PREFIX
from app.core.wire.codec import encode
from app.core.wire.messages import SCHEMA_VERSION, SampleHeader, StreamSpec
from devices.interface import Sample


def _bytes_of(buffer: np.ndarray | bytes) -> memoryview:
    return buffer.data if isinstance(buffer, np.ndarray) else memoryview(buffer)


class Publisher:
    """Collects samples and sends one message per signal and flush (one per sample for pictures).

    Args:
        socket: A bound PUB socket, owned by the calling thread.
        streams: The signals that may be published; any other topic is a programming error (KeyError).
    """

    def __init__(self, socket: zmq.Socket[bytes], streams: tuple[StreamSpec, ...]) -> None:
        self._socket = socket
        self._specs = {spec.topic: spec for spec in streams}
        self._seq = dict.fromkeys(self._specs, 0)
        self._waiting: dict[str, list[tuple[int, Sample]]] = {}

    def add(self, sample: Sample, t_ns: int) -> None:
        """Take in one sample with its session time; sent at the next flush."""
        self._waiting.setdefault(sample.topic, []).append((t_ns, sample))

    def flush(self) -> None:
        """Send what is waiting, signal by signal; ticks last, so that a tick closes its period."""
        waiting, self._waiting = self._waiting, {}
        ticks = waiting.pop("bench/tick", None)
        for topic, rows in waiting.items():
            self._send(topic, rows)
        if ticks:
            self._send("bench/tick", ticks)

    def sync(self, nonce: str) -> None:
        """Publish a synchronisation message: the subscriber that waits for it knows that it hears everything now."""
        self._socket.send_multipart([SYNC_PREFIX + nonce.encode(), b"", b""])

    def _send(self, topic: str, rows: list[tuple[int, Sample]]) -> None:
        spec = self._specs[topic]
        if spec.encoding == "raw":
            data = np.stack([np.asarray(row.data, dtype=spec.dtype) for _, row in rows])
            self._send_one(spec, rows, np.ascontiguousarray(data))
        else:
            for row in rows:
                self._send_one(spec, [row], row[1].data)

    def _send_one(self, spec: StreamSpec, rows: list[tuple[int, Sample]], buffer: np.ndarray | bytes) -> None:
        header = SampleHeader(
            SCHEMA_VERSION, spec.device, spec.signal, self._seq[spec.topic], len(rows),
            tuple(row.t_device_ns for _, row in rows), tuple(t for t, _ in rows), spec.encoding, spec.dtype, spec.shape,
        )  # fmt: skip
        self._seq[spec.topic] += len(rows)
        self._socket.send_multipart([spec.topic.encode(), encode(header), _bytes_of(buffer)])
