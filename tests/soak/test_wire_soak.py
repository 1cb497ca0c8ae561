"""A device server among a million malformed messages, a gigabyte at once, and 100,000 connections (X4, X5)."""

from __future__ import annotations

import contextlib
import itertools
import socket as plain
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zmq

from app.core.errors import WireError
from app.core.wire.client import KIND_COMMAND, KIND_ENABLE, KIND_SETPOINT, DeviceClient, Endpoints
from app.core.wire.codec import decode
from devices.serving.peers import MOST_BAD
from tests.devices.served import Served
from tests.devices.test_hostile_wire import KINDS, mutations

pytestmark = [pytest.mark.soak, pytest.mark.process, pytest.mark.timeout(1800)]
MESSAGES = 1_000_000
HEARD = 100_000  # of them from peers that stay under the limit, so that every one is decoded
GROWTH_MB = 50.0
HANG_S = 0.05
CONNECTIONS = 100_000
NEW = 25  # between two questions
IDLE = 1000  # open at any time
GIBIBYTE = 1 << 30
ROUND_TRIPS = 2_000
FLOOR_S = 0.010  # half a control period: nothing that waits for this socket minds less


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    server = Served()
    with server:
        yield server


def resident_mb(pid: int) -> float:
    """Return a process's resident memory in MB."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(lines["VmRSS"].split()[0]) / 1024.0


def endpoints_of(server: Served) -> Endpoints:
    return Endpoints.parse(server._connect)


def p99(client: DeviceClient, between: Callable[[], None] | None = None, count: int = ROUND_TRIPS) -> float:
    """Return the 99th percentile of a status question, s, with something done between two questions."""
    times = []
    for _ in range(count):
        if between is not None:
            between()
        began = time.perf_counter()
        client.call("status")
        times.append(time.perf_counter() - began)
    return statistics.quantiles(times, n=100)[98]


def test_a_million_mutations_raise_nothing_but_our_error() -> None:
    slowest = 0.0
    for data in mutations(MESSAGES):
        kind = KINDS[len(data) % len(KINDS)]
        began = time.perf_counter()
        with contextlib.suppress(WireError):
            decode(kind, data)
        slowest = max(slowest, time.perf_counter() - began)
    assert slowest < HANG_S


def test_a_million_malformed_messages_neither_end_nor_swell_nor_stop_a_server(served: Served) -> None:
    endpoints, kinds = endpoints_of(served), itertools.cycle((KIND_COMMAND, KIND_SETPOINT, KIND_ENABLE, b"?"))
    broken = mutations(MESSAGES)
    with DeviceClient(endpoints) as good:
        quiet = p99(good)
        before = resident_mb(served.pid)
        for _ in range(HEARD // (MOST_BAD // 2)):
            with DeviceClient(endpoints) as bad:
                for data in itertools.islice(broken, MOST_BAD // 2):
                    bad.commands.send_multipart([next(kinds), data])
                bad.call("status")
        with DeviceClient(endpoints) as flood:

            def more() -> None:
                for data in itertools.islice(broken, 1000):
                    with contextlib.suppress(zmq.Again):
                        flood.commands.send_multipart([next(kinds), data], zmq.NOBLOCK)

            busy = p99(good, more, (MESSAGES - HEARD) // 1000)
        grown = resident_mb(served.pid) - before
    assert next(broken, None) is None, "all were sent"
    assert grown <= GROWTH_MB, f"{before:.0f} MB, then {grown:+.0f} MB"
    assert busy <= max(HANG_S, 2 * quiet), (
        f"p99 {1e3 * quiet:.1f} ms quiet, {1e3 * busy:.1f} ms among rubbish"
    )


def test_a_gibibyte_at_once_is_cut_off_before_it_is_taken_in(served: Served) -> None:
    endpoints = endpoints_of(served)
    before = resident_mb(served.pid)
    with DeviceClient(endpoints) as good, DeviceClient(endpoints) as bad:
        quiet = p99(good)
        bad.commands.send_multipart([KIND_COMMAND, bytes(GIBIBYTE)])
        busy = p99(good)
    assert resident_mb(served.pid) - before <= GROWTH_MB
    assert busy <= max(FLOOR_S, 2 * quiet), f"p99 {1e3 * quiet:.1f} ms, then {1e3 * busy:.1f} ms"


def test_a_hundred_thousand_connections_leave_a_client_served(served: Served) -> None:
    endpoints = endpoints_of(served)
    port = int(endpoints.commands.rsplit(":", 1)[1])
    with DeviceClient(endpoints) as good:
        quiet = p99(good)
        before = resident_mb(served.pid)
        held: deque[plain.socket] = deque()

        def wave() -> None:
            """Open some more, with one byte of a greeting from every second, and close the oldest."""
            for number in range(NEW):
                held.append(plain.create_connection(("127.0.0.1", port)))
                if number % 2:
                    held[-1].sendall(b"\xff")
            while len(held) > IDLE:
                held.popleft().close()

        try:
            busy = p99(good, wave, CONNECTIONS // NEW)
        finally:
            for connection in held:
                connection.close()
        grown = resident_mb(served.pid) - before
    assert grown <= GROWTH_MB, f"{grown:+.0f} MB after {CONNECTIONS} connections"
    assert busy <= max(FLOOR_S, 2 * quiet), f"p99 {1e3 * quiet:.1f} ms, then {1e3 * busy:.1f} ms"
