"""A device server among hostile clients: malformed, oversized, replayed, and from outside without a key."""

from __future__ import annotations

import contextlib
import random
import socket as plain
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
import zmq

from app.core.errors import DeviceError, WireError
from app.core.safety.reasons import Reason
from app.core.wire import keys
from app.core.wire.client import KIND_COMMAND, KIND_ENABLE, KIND_SETPOINT, DeviceClient, Endpoints
from app.core.wire.codec import decode, decode_array, encode
from app.core.wire.messages import (
    SCHEMA_VERSION,
    Beat,
    Command,
    Enable,
    Event,
    Reply,
    SampleHeader,
    SetPoint,
)
from app.keys import process as keys_role
from devices.serving.peers import MOST_BAD
from tests.devices.served import Served

KINDS: tuple[type[msgspec.Struct], ...] = (SetPoint, Enable, Command, Reply, Event, Beat, SampleHeader)
MUTATIONS = 100_000
SENT = 3_000
POSE = (0.5, 0.0, 0.2, 0.0, 1.0, 0.0, 0.0)
LOWER = (0.5, 0.0, 0.15, 0.0, 1.0, 0.0, 0.0)
VALID = (
    encode(SetPoint(SCHEMA_VERSION, "me", "operator", 3, 5, 5, 1, -1, POSE, 0.04)),
    encode(Enable(SCHEMA_VERSION, "me", 5, 1, True)),
    encode(Command(SCHEMA_VERSION, 3, "reset", {"seed": 3, "condition": "nominal"})),
    encode(Event(SCHEMA_VERSION, 1, "run", "role", "notice", {"text": "hello", "level": "info"})),
    encode(SampleHeader(SCHEMA_VERSION, "arm", "pose", 0, 2, (1, 2), (1, 2), "raw", "<f8", (7,))),
)


def mutations(count: int) -> Iterator[bytes]:
    """Yield broken messages: flipped, cut, grown, with huge lengths, nested deep."""
    chance = random.Random(1)
    for _ in range(count):
        data = bytearray(chance.choice(VALID))
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(data) or 1)
            match chance.randrange(6):
                case 0:
                    data[place : place + 1] = bytes([chance.randrange(256)])
                case 1:
                    del data[place:]
                case 2:
                    data[place:place] = chance.randbytes(chance.randint(1, 9))
                case 3:
                    data[place : place + 1] = b"\xdd\xff\xff\xff\xff"  # an array of 4 billion
                case 4:
                    data[place : place + 1] = b"\xdb\x7f\xff\xff\xff"  # a text of 2 GB
                case 5:
                    data[place:place] = b"\x91" * chance.randint(1, 2000)  # nested lists
        yield bytes(data)


def test_no_broken_message_does_more_than_raise_our_error() -> None:
    refused = 0
    for data in mutations(MUTATIONS):
        kind = KINDS[len(data) % len(KINDS)]
        try:
            message = decode(kind, data)
        except WireError:
            refused += 1
        else:
            assert isinstance(message, kind)
    assert refused > 0.9 * MUTATIONS


@pytest.mark.parametrize(
    ("dtype", "shape", "count"),
    [("<f8", (7,), 3), ("O", (7,), 2), ("<f8", (2**40, 2**40), 2), ("<f8", (-7, -2), 2), ("x" * 999, (7,), 2),
     ("<f8,<f8", (7,), 2), ("<f8", (), 2), ("<f8", (7,), -2), ("V0", (7,), 2)],
)  # fmt: skip
def test_a_header_that_lies_about_its_buffer_is_refused(
    dtype: str, shape: tuple[int, ...], count: int
) -> None:
    header = SampleHeader(SCHEMA_VERSION, "arm", "pose", 0, count, (1, 2), (1, 2), "raw", dtype, shape)
    with pytest.raises(WireError):
        decode_array(header, bytes(2 * 7 * 8))


@pytest.fixture(scope="module")
def bench() -> Iterator[Endpoints]:
    with Served("--fast") as endpoints:
        yield endpoints


def hostile_commands() -> Iterator[bytes]:
    """Yield commands that decode and whose arguments are nonsense."""
    odd: tuple[object, ...] = (None, -1, 2**63, 1e400, float("nan"), "", "x" * 9999, [], {}, [[1]], True)
    names = {"reset": "seed", "lease": "source", "credit": "count", "credits_on": "count", "sync": "nonce",
             "release": "holder", "stop": "reason", "tare": "x", "_answer": "x", "__class__": "x", "": "x"}  # fmt: skip
    number = 1_000_000_000  # no id that an honest client of this run uses
    for name, argument in names.items():
        for value in odd:
            number += 1
            extra = {"holder": "thief"} if name in ("lease", "credit", "credits_on") else {}
            yield encode(Command(SCHEMA_VERSION, number, name, {argument: value, **extra}))


@pytest.mark.process
def test_a_server_that_is_fed_rubbish_answers_the_next_question(bench: Endpoints) -> None:
    kinds = (KIND_COMMAND, KIND_SETPOINT, KIND_ENABLE, b"", b"?")
    broken = list(mutations(SENT))
    with DeviceClient(bench) as good:
        for begin in range(0, SENT, MOST_BAD // 2):  # so few from each that it is heard to the end
            with DeviceClient(bench) as bad:
                for number, data in enumerate(broken[begin : begin + MOST_BAD // 2]):
                    bad.commands.send_multipart([kinds[number % len(kinds)], data])
                bad.call("status")
            good.call("status")
    with DeviceClient(bench) as good, DeviceClient(bench) as bad:
        for data in hostile_commands():
            bad.commands.send_multipart([KIND_COMMAND, data])
            while bad.commands.poll(0):
                bad.commands.recv()
        bad.call("status")  # all of it has been taken in
        bad.commands.send_multipart([KIND_COMMAND, bytes(2 * 1024 * 1024)])  # over the limit: it is cut off
        for holder in ("thief", ""):
            good.call("credits_off", holder=holder)
        good.call("reset", seed=1, condition="nominal")
        assert good.call("status")["epoch"] >= 1


@pytest.mark.process
def test_who_sends_too_much_rubbish_is_not_heard_any_more_and_others_are(bench: Endpoints) -> None:
    with DeviceClient(bench) as good, DeviceClient(bench) as bad:
        bad.call("status")
        for _ in range(MOST_BAD + 1):
            bad.commands.send_multipart([KIND_SETPOINT, b"rubbish"])
        with pytest.raises(DeviceError, match="no answer"):
            bad.call("status", timeout_s=0.5)
        good.call("status")


@pytest.mark.process
def test_a_flood_and_idle_connections_leave_a_client_served(bench: Endpoints) -> None:
    port = int(bench.commands.rsplit(":", 1)[1])
    idle = [plain.create_connection(("127.0.0.1", port)) for _ in range(200)]
    for connection in idle[::2]:
        connection.sendall(b"\xff")  # the first byte of a greeting, and no more
    with DeviceClient(bench) as good, DeviceClient(bench) as flood:
        for _ in range(20_000):
            with contextlib.suppress(zmq.Again):
                flood.commands.send_multipart([KIND_ENABLE, b"x" * 1000], zmq.NOBLOCK)
        for _ in range(20):
            good.call("status", timeout_s=2.0)
    for connection in idle:
        connection.close()


def point(holder: str, seq: int, period: int, t_ns: int) -> bytes:
    message = SetPoint(SCHEMA_VERSION, holder, "operator", seq, t_ns, t_ns, 1, period, LOWER, 0.04)
    return encode(message)


@pytest.mark.process
def test_recorded_commands_that_are_sent_again_move_nothing(bench: Endpoints) -> None:
    with DeviceClient(bench) as client:
        client.call("reset", seed=1, condition="nominal")
        recorded: list[bytes] = []
        client.subscribe(("arm/reasons", "arm/commanded", "bench/tick"))
        for session in range(2):
            client.call("lease", holder="me", source="operator")
            client.call("publish")
            taken, reasons = drive(client, recorded, session)
            client.call("release", holder="me")
            if session == 0:
                assert len(taken) == 8
    assert len(taken) == 0
    assert any(reason & Reason.AGE for reason in reasons)
    assert any(reason & Reason.SEQUENCE for reason in reasons)


def drive(client: DeviceClient, recorded: list[bytes], session: int) -> tuple[list[np.ndarray], list[int]]:
    """Send eight set-points; in the second session the recorded ones as well, with only "none" of our own."""
    taken: list[np.ndarray] = []
    reasons: list[int] = []
    period, t_ns = hear_tick(client, taken, reasons)
    taken.clear()
    old = random.Random(3).sample(recorded, len(recorded))
    for seq in range(100, 108):
        if session == 0:
            recorded.append(point("me", seq, period, t_ns))
            client.commands.send_multipart([KIND_SETPOINT, recorded[-1]])
        else:
            for data in old:
                client.commands.send_multipart([KIND_SETPOINT, data])
            client.send_setpoint(
                SetPoint(SCHEMA_VERSION, "me", "operator", seq, t_ns, 0, 0, period, None, 0.04)
            )
            fresh = encode(SetPoint(SCHEMA_VERSION, "me", "operator", 5, t_ns, t_ns, 9, period, LOWER, 0.04))
            client.commands.send_multipart([KIND_SETPOINT, fresh])
        period, t_ns = hear_tick(client, taken, reasons)
    return taken, reasons


def hear_tick(client: DeviceClient, taken: list[np.ndarray], reasons: list[int]) -> tuple[int, int]:
    deadline = time.monotonic() + 10.0
    while time.monotonic() < deadline:
        ticks = []
        for topic, header, buffer in client.receive(50):
            rows = np.array(decode_array(header, buffer))
            if topic == b"arm/commanded":
                taken.extend(rows)
            elif topic == b"arm/reasons":
                reasons.extend(int(row[0]) for row in rows)
            else:
                ticks.append(rows[-1])
        if ticks:
            return int(ticks[-1][0]), int(ticks[-1][3])
    raise AssertionError("no tick")


@pytest.mark.process
def test_a_rig_is_served_to_others_with_keys_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "keys"
    monkeypatch.setenv(keys.FOLDER_VARIABLE, str(folder))
    keys_role.make_missing(folder)
    with Served("--fast", "--bind", "tcp://0.0.0.0") as endpoints:
        with DeviceClient(endpoints) as client:
            assert client.describe().rig == "sim/wipe"
            client.subscribe()
        look_only(endpoints, folder, monkeypatch)
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        stranger = context.socket(zmq.DEALER)
        stranger.linger = 0
        stranger.connect(endpoints.commands)
        stranger.send_multipart([KIND_COMMAND, encode(Command(SCHEMA_VERSION, 1, "describe", {}))])
        assert not stranger.poll(500)
        stranger.close()
        context.term()


def look_only(endpoints: Endpoints, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of a viewer hears everything and moves nothing."""
    keys_role.make_client(folder, "screen", view=True)
    with monkeypatch.context() as patch:
        patch.setenv(keys.FOLDER_VARIABLE, str(folder / "clients" / "screen"))
        viewer = DeviceClient(endpoints)
    with viewer, DeviceClient(endpoints) as master:
        assert viewer.describe().rig == "sim/wipe"
        for command in ("lease", "stop", "reset", "publish", "tare", "credits_on"):
            with pytest.raises(DeviceError, match=r"key of screen may look and not command.*keys --allow"):
                viewer.call(command)
        master.call("lease", holder="me", source="operator")
        before = master.call("status")
        viewer.send_enable(Enable(SCHEMA_VERSION, "me", before["t_ns"], 1, True))
        viewer.send_setpoint(
            SetPoint(SCHEMA_VERSION, "me", "operator", 1, before["t_ns"], 0, 1, before["period"], POSE, 0.04)
        )
        viewer.call("status")  # both were taken in
        assert master.call("status")["period"] == before["period"]
