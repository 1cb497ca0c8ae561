"""Client of a device server: commands with replies, set-points, and a synchronised subscription to its streams.

Used by recorder, operator, policy, collect, deploy. Owned by one thread. Never blocks without a deadline.
Session time is the server's clock. `clock` maps this machine's to it: `synchronise` once, then `keep_time` in the loop.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any

import msgspec
import zmq

from app.core.clock import ClockMap
from app.core.errors import DeviceError, WireError
from app.core.ids import next_message_id
from app.core.patience import Patience
from app.core.wire.codec import decode, encode
from app.core.wire.messages import (
    SCHEMA_VERSION,
    ArmTarget,
    Command,
    Enable,
    Reply,
    SampleHeader,
    ServerInfo,
    SetPoint,
    SetPoints,
)
from app.core.wire.sockets import connect, is_local, make_context
from app.core.wire.timekeeper import FIRST, TimeKeeper

TICK_TOPIC = b"bench/tick"
SYNC_PREFIX = b"sync/"
SYNC_PATIENCE_S = 0.05
LOOK_S = 0.2  # between two looks at how long an answer was waited for
# first byte of a DEALER message tells what it is
KIND_COMMAND, KIND_SETPOINT, KIND_ENABLE, KIND_SETPOINTS = b"C", b"P", b"E", b"M"


class Endpoints(msgspec.Struct, frozen=True):
    """Where a device server listens: `streams` (PUB) and `commands` (ROUTER)."""

    streams: str
    commands: str

    def text(self) -> str:
        """Return both as one word for `--connect`: STREAMS,COMMANDS."""
        return f"{self.streams},{self.commands}"

    @staticmethod
    def parse(text: str) -> Endpoints:
        """Return endpoints from `STREAMS,COMMANDS`.

        Raises:
            WireError: If there are not exactly two addresses.
        """
        parts = text.split(",")
        if len(parts) != 2 or not all(parts):
            raise WireError(
                f"--connect {text!r}",
                "it is not two addresses with a comma between",
                way_out="Copy the line that `python main.py serve` printed",
            )
        return Endpoints(*parts)


class DeviceClient:
    """Speaks to one device server. A context manager; sockets close on exit."""

    def __init__(self, endpoints: Endpoints, context: zmq.Context[zmq.Socket[bytes]] | None = None) -> None:
        self._owns_context = context is None
        self.context = context or make_context()
        self.endpoints = endpoints
        try:
            self.commands = connect(self.context, zmq.DEALER, endpoints.commands)
        except WireError:
            if self._owns_context:
                self.context.term()
            raise
        self.streams: zmq.Socket[bytes] | None = None
        self._time = TimeKeeper()

    @property
    def clock(self) -> ClockMap:
        """From this machine's monotonic clock to session time; in lock-step there is no such map."""
        return self._time.clock

    def __enter__(self) -> DeviceClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the sockets, and the context if it was made here."""
        self.commands.close()
        if self.streams is not None:
            self.streams.close()
        if self._owns_context:
            self.context.term()

    def call(self, name: str, timeout_s: float = 5.0, **arguments: Any) -> Any:
        """Ask the server and wait for its reply.

        Raises:
            DeviceError: If it refuses, or does not answer within `timeout_s`.
        """
        identity = next_message_id()
        self.commands.send_multipart(
            [KIND_COMMAND, encode(Command(SCHEMA_VERSION, identity, name, arguments))]
        )
        patience = Patience(timeout_s)
        while (left := patience.left_s()) > 0:
            if not self.commands.poll(int(min(left, LOOK_S) * 1000) + 1):
                continue
            reply = decode(Reply, self.commands.recv())
            if reply.id != identity:
                self._time.take(reply)  # or an answer to a question that timed out
                continue
            if not reply.ok:
                raise DeviceError(f"device server, command {name!r}", reply.error.rstrip("."))
            return reply.result
        raise DeviceError(
            f"device server at {self.endpoints.commands}",
            f"no answer to {name!r} within {timeout_s:g} s",
            way_out=self._way_out(),
        )

    def send(self, name: str, **arguments: Any) -> None:
        """Send a command without waiting; `replies` has what came of it."""
        command = Command(SCHEMA_VERSION, next_message_id(), name, arguments)
        self.commands.send_multipart([KIND_COMMAND, encode(command)])

    def replies(self) -> list[Reply]:
        """Return the replies that are there to what was sent without waiting; those about the time are taken in."""
        found: list[Reply] = []
        while self.commands.poll(0):
            reply = decode(Reply, self.commands.recv())
            if not self._time.take(reply):
                found.append(reply)
        return found

    def synchronise(self, timeout_s: float = 5.0) -> ClockMap:
        """Set the clock map by a few timed exchanges, and return it. Not for lock-step, where the server has the time.

        Raises:
            DeviceError: If the server does not answer.
        """
        deadline = time.monotonic() + timeout_s
        wanted = self._time.taken + FIRST
        while self._time.taken < wanted and time.monotonic() < deadline:
            before = self._time.taken
            self._put(KIND_COMMAND, self._time.ask())
            while self._time.taken == before and self.commands.poll(
                max(0, int((deadline - time.monotonic()) * 1e3))
            ):
                self.replies()
        if self.clock.bound_ns is None:
            raise DeviceError(
                f"device server at {self.endpoints.commands}",
                f"it did not tell the time within {timeout_s:g} s",
                way_out=self._way_out(),
            )
        return self.clock

    def keep_time(self) -> list[Reply]:
        """Take in answers about the time, and ask again when it is due; never blocks. For loops that seldom `call`.

        Returns:
            The other replies that were there.
        """
        others = self.replies()
        question = self._time.due()
        if question is not None:
            self._put(KIND_COMMAND, question)
        return others

    def _put(self, kind: bytes, message: msgspec.Struct) -> None:
        """Send, or drop the message when the server takes in nothing: it would only come too late."""
        with contextlib.suppress(zmq.Again):
            self.commands.send_multipart([kind, encode(message)], zmq.NOBLOCK)

    def _way_out(self) -> str:
        hint = "See whether `python main.py serve` still runs"
        if is_local(self.endpoints.commands):
            return hint
        return f"{hint}, and whether it allows the key of this machine (`python main.py keys --allow FILE` over there)"

    def describe(self) -> ServerInfo:
        """Return what the server offers."""
        return msgspec.convert(self.call("describe"), ServerInfo)

    def send_setpoint(self, setpoint: SetPoint, others: tuple[ArmTarget, ...] = ()) -> None:
        """Send a set-point, with those of the other arms if there are; the applied action comes back as a stream."""
        if others:
            self._put(KIND_SETPOINTS, SetPoints(SCHEMA_VERSION, setpoint, others))
        else:
            self._put(KIND_SETPOINT, setpoint)

    def send_enable(self, enable: Enable) -> None:
        """Send an enabling input."""
        self._put(KIND_ENABLE, enable)

    def subscribe(self, topics: tuple[str, ...] = ("",), timeout_s: float = 5.0) -> None:
        """Subscribe, and return only when the subscription is known to be live: nothing published later is missed.

        Raises:
            DeviceError: If no synchronisation message comes within `timeout_s`.
        """
        if self.streams is not None:
            self.streams.close()
        streams = connect(self.context, zmq.SUB, self.endpoints.streams)
        self.streams = streams
        nonce = f"{id(self):x}-{next_message_id()}"
        for topic in (*topics, (SYNC_PREFIX + nonce.encode()).decode()):
            streams.setsockopt_string(zmq.SUBSCRIBE, topic)
        patience = Patience(timeout_s)
        while patience.left_s() > 0:
            self.call("sync", nonce=nonce)
            again = (
                time.monotonic() + SYNC_PATIENCE_S
            )  # the first mark may be published before we are heard of
            while time.monotonic() < again and streams.poll(20):
                if streams.recv_multipart()[0] == SYNC_PREFIX + nonce.encode():
                    return
        raise DeviceError(f"streams of {self.endpoints.streams}", f"nothing came within {timeout_s:g} s")

    def catch_up(self, timeout_s: float = 5.0) -> Iterator[tuple[bytes, SampleHeader, memoryview]]:
        """Yield everything that the server published before this call, and return when that is known to be all.

        Raises:
            DeviceError: If the server falls silent.
        """
        if self.streams is None:
            raise WireError("streams", "catch_up() was called before subscribe()")
        nonce = f"{id(self):x}-{next_message_id()}"
        mark = SYNC_PREFIX + nonce.encode()
        self.streams.setsockopt(zmq.SUBSCRIBE, mark)
        patience = Patience(timeout_s)
        while patience.left_s() > 0:
            self.call("sync", nonce=nonce)
            again = time.monotonic() + SYNC_PATIENCE_S
            while time.monotonic() < again and self.streams.poll(20):
                frames = self.streams.recv_multipart(copy=False)
                topic = frames[0].bytes
                if topic == mark:
                    self.streams.setsockopt(zmq.UNSUBSCRIBE, mark)
                    return
                if not topic.startswith(SYNC_PREFIX):
                    yield sample_of(topic, frames)
        raise DeviceError(f"streams of {self.endpoints.streams}", f"nothing came within {timeout_s:g} s")

    def receive(self, timeout_ms: int) -> Iterator[tuple[bytes, SampleHeader, memoryview]]:
        """Yield (topic, header, buffer) of everything that is there, waiting at most `timeout_ms` for the first.

        Raises:
            WireError: At a message that is no sample; what is behind it waits for the next call.
        """
        if self.streams is None:
            raise WireError("streams", "receive() was called before subscribe()")
        if not self.streams.poll(timeout_ms):
            return
        while True:
            try:
                frames = self.streams.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            topic = frames[0].bytes
            if not topic.startswith(SYNC_PREFIX):
                yield sample_of(topic, frames)


def sample_of(topic: bytes, frames: Sequence[zmq.Frame]) -> tuple[bytes, SampleHeader, memoryview]:
    """Return topic, header and buffer of one message of the streams.

    Raises:
        WireError: If it is none.
    """
    if len(frames) != 3:
        raise WireError(f"stream {topic[:100]!r}", f"a message of {len(frames)} parts came where there are 3")
    return topic, decode(SampleHeader, frames[1].buffer), frames[2].buffer
