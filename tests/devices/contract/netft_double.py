"""A Net F/T box: speaks RDT on a real UDP socket, with a load that the test sets."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

COUNTS_PER_N, COUNTS_PER_NM = 500_000.0, 20_000_000.0
RATE_HZ = 500.0
NOISE = np.array([0.02, 0.02, 0.03, 0.001, 0.001, 0.001])


class Box:
    """Attributes:
    load: Untared wrench (6,), N and N·m, sensor frame.
    noise: Factor on the sensor's noise; 0 makes it stuck.
    requests: Commands that came, in order.
    skip: Records to leave out next.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(1.0 / RATE_HZ)
        self.port = int(self._socket.getsockname()[1])
        self.load, self.noise, self.status, self.skip = np.zeros(6), 1.0, 0, 0
        self.silent = threading.Event()
        self.requests: list[int] = []
        self.number = 2**32 - 20  # it wraps around soon
        self._bias = np.zeros(6)
        self._rng = np.random.default_rng(0)
        self._peer: tuple[str, int] | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._closing = True
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while not self._closing:
            try:
                data, peer = self._socket.recvfrom(64)
                self._hear(data, peer)
            except TimeoutError:
                pass
            if self._peer is not None and not self.silent.is_set():
                self._send(self._peer)

    def _hear(self, data: bytes, peer: tuple[str, int]) -> None:
        header, command, _ = struct.unpack("!HHI", data)
        assert header == 0x1234
        self.requests.append(command)
        if command == 0x42:
            self._bias = self.load.copy()
        self._peer = peer if command == 2 else None if command == 0 else self._peer

    def _send(self, peer: tuple[str, int]) -> None:
        self.number = (self.number + 1 + self.skip) % 2**32
        self.skip = 0
        wrench = self.load - self._bias + self._rng.standard_normal(6) * NOISE * self.noise
        counts = np.rint(wrench * ([COUNTS_PER_N] * 3 + [COUNTS_PER_NM] * 3)).astype(int)
        self._socket.sendto(
            struct.pack("!III6i", self.number, self.number, self.status, *counts.tolist()), peer
        )


@contextmanager
def netft_box() -> Iterator[tuple[dict[str, object], Box]]:
    """Yield the options of a rig file, and the box behind them."""
    box = Box()
    try:
        yield {
            "host": "127.0.0.1", "port": box.port, "counts_per_n": COUNTS_PER_N, "counts_per_nm": COUNTS_PER_NM,
            "rate_hz": RATE_HZ,
        }, box  # fmt: skip
    finally:
        box.close()
