"""A small device server on its own thread that speaks the wire: real sockets, samples that can be told apart."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import simplejpeg
import zmq

from app.core.wire.client import KIND_COMMAND, SYNC_PREFIX, Endpoints
from app.core.wire.codec import decode, encode
from app.core.wire.messages import SCHEMA_VERSION, Command, Reply, SampleHeader, ServerInfo, StreamSpec
from app.core.wire.sockets import bind, endpoint_of

PERIOD_NS = 20_000_000
STREAMS = (
    StreamSpec("arm", "joints", "<f8", (14,), 250.0, "rad, rad/s"),
    StreamSpec("arm", "applied", "<f8", (8,), 250.0, "m", "base"),
    StreamSpec("arm", "commanded", "<f8", (8,), 0.0, required=False),
    StreamSpec("finger", "wrench", "<f4", (6,), 250.0, "N, N·m", "tool"),
    StreamSpec("finger", "field", "<f4", (63, 3), 62.5, "mm", "tool"),
    StreamSpec("scene", "color", "|u1", (24, 32, 3), 25.0, encoding="jpeg"),
    StreamSpec("task", "score", "<f8", (2,), 25.0, privileged=True),
    StreamSpec(
        "bench", "tick", "<i8", (4,), 50.0, labels=("period", "done", "epoch", "t_ns"), required=False
    ),
)
PER_PERIOD = {
    "arm/joints": 5,
    "arm/applied": 5,
    "finger/wrench": 5,
    "finger/field": 1,
    "scene/color": 1,
    "task/score": 1,
}
Message = tuple[str, SampleHeader, bytes]


def make_info(lockstep: bool, streams: tuple[StreamSpec, ...] = STREAMS) -> ServerInfo:
    return ServerInfo(
        rig="fake/bench", simulated=True, lockstep=lockstep, period_ns=PERIOD_NS, streams=streams, cameras=(),
        markers_m=(), home=(0.4, 0.0, 0.3, 1.0, 0.0, 0.0, 0.0), limits={"speed": 0.25}, task="wipe", version="0.1.0",
    )  # fmt: skip


def make_jpeg(number: int) -> bytes:
    picture = np.full((24, 32, 3), number * 7 % 256, np.uint8)
    picture[:, : number % 32] = 255 - picture[0, 0]
    return simplejpeg.encode_jpeg(picture, quality=80)


def make_message(
    spec: StreamSpec, seq: int, t_ns: int, count: int, rows: np.ndarray | None = None
) -> Message:
    """Return `count` samples that end at `t_ns`; sample n is filled with n + column / 100."""
    step = PERIOD_NS // max(count, 1)
    times = tuple(t_ns - (count - 1 - i) * step for i in range(count))
    device_times = tuple(t - 1000 for t in times)
    header = SampleHeader(
        SCHEMA_VERSION,
        spec.device,
        spec.signal,
        seq,
        count,
        device_times,
        times,
        spec.encoding,
        spec.dtype,
        spec.shape,
    )
    if spec.encoding == "jpeg":
        return spec.topic, header, make_jpeg(seq)
    if rows is None:
        width = int(np.prod(spec.shape))
        rows = np.arange(seq, seq + count)[:, None] + np.arange(width)[None, :] / 100.0
    return spec.topic, header, rows.astype(spec.dtype).reshape(count, *spec.shape).tobytes()


class Signals:
    """Makes the messages of one control period after the other, with sequence numbers."""

    def __init__(self, streams: tuple[StreamSpec, ...] = STREAMS) -> None:
        self.specs = {spec.topic: spec for spec in streams}
        self.seq = dict.fromkeys(self.specs, 0)
        self.period = 0

    def message(self, topic: str, t_ns: int, count: int = 1, rows: np.ndarray | None = None) -> Message:
        made = make_message(self.specs[topic], self.seq[topic], t_ns, count, rows)
        self.seq[topic] += count
        return made

    def next_period(self, t_ns: int) -> list[Message]:
        self.period += 1
        messages = [self.message(topic, t_ns, n) for topic, n in PER_PERIOD.items() if topic in self.specs]
        return [*messages, self.tick(t_ns)]

    def tick(self, t_ns: int) -> Message:
        return self.message("bench/tick", t_ns, 1, np.array([[self.period, 0, 1, t_ns]]))


class FakeDevice(threading.Thread):
    """Serves until `close`. Everything that touches a socket happens on this thread; `do` hands it work.

    Real time: a period every 20 ms while `running`. Lock-step: `periods_left` periods as credits allow.
    """

    def __init__(self, lockstep: bool = True, streams: tuple[StreamSpec, ...] = STREAMS) -> None:
        super().__init__(name="fake-device")
        self.info = make_info(lockstep, streams)
        self.signals = Signals(streams)
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.streams = bind(self.context, zmq.PUB)
        self.commands = bind(self.context, zmq.ROUTER)
        self.endpoints = Endpoints(endpoint_of(self.streams), endpoint_of(self.commands))
        self.credits: dict[str, int] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.now_ns = 0
        self.periods_left = 0
        self.running = not lockstep
        self.mute: set[str] = set()
        self.frozen: set[str] = set()  # these go on with the reading that they had
        self._held: dict[str, bytes] = {}
        self._work: list[Callable[[], object]] = []
        self._lock = threading.Lock()
        self._changed = threading.Condition()
        self._closing = False
        self._next_s = 0.0

    def __enter__(self) -> FakeDevice:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        self.join()
        self.streams.close()
        self.commands.close()
        self.context.term()

    def do(self, work: Callable[[], object]) -> None:
        """Run `work` on this thread and wait for it."""
        done = threading.Event()

        def wrapped() -> None:
            work()
            done.set()

        with self._lock:
            self._work.append(wrapped)
        assert done.wait(10.0)

    def send(self, message: Message) -> None:
        """Publish one message; only from this thread (`do`)."""
        topic, header, buffer = message
        size = len(buffer) // header.count
        buffer = self._held[topic] * header.count if topic in self.frozen else buffer
        self._held[topic] = buffer[:size] if topic in self.frozen else buffer[-size:]
        if topic not in self.mute:
            self.streams.send_multipart([topic.encode(), encode(header), buffer])

    def publish(self) -> None:
        """Publish the present samples and tick, as the command of that name does."""
        for topic in PER_PERIOD:
            if topic in self.signals.specs:
                self.send(self.signals.message(topic, self.now_ns))
        self.send(self.signals.tick(self.now_ns))

    def step_periods(self, count: int) -> None:
        """Lock-step: let `count` periods happen as credits allow, and wait until they have."""
        self.do(lambda: setattr(self, "periods_left", self.periods_left + count))
        self.wait(lambda: self.periods_left == 0)

    def wait(self, condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, timeout_s)

    def run(self) -> None:
        while not self._closing:
            self._hear()
            with self._lock:
                work, self._work = self._work, []
            for item in work:
                item()
            if self.periods_left and all(count > 0 for count in self.credits.values()):
                self._step()
            elif self.running and not self.info.lockstep and time.monotonic() >= self._next_s:
                self._next_s = time.monotonic() + PERIOD_NS * 1e-9
                self._send_period(time.monotonic_ns())
            with self._changed:
                self._changed.notify_all()

    def _step(self) -> None:
        self.now_ns += PERIOD_NS
        self._send_period(self.now_ns)
        self.periods_left -= 1
        for holder in self.credits:
            self.credits[holder] -= 1

    def _send_period(self, t_ns: int) -> None:
        for message in self.signals.next_period(t_ns):
            self.send(message)

    def _hear(self) -> None:
        while self.commands.poll(0 if self.periods_left else 1):
            identity, kind, data = self.commands.recv_multipart()
            assert kind == KIND_COMMAND
            command = decode(Command, data)
            self.calls.append((command.name, command.arguments))
            result = self._answer(command.name, command.arguments)
            self.commands.send_multipart([identity, encode(Reply(SCHEMA_VERSION, command.id, True, result))])

    def _answer(self, name: str, arguments: dict[str, Any]) -> Any:
        if name == "describe":
            return msgspec.to_builtins(self.info)
        if name == "clock":
            return time.monotonic_ns()
        if name == "sync":
            self.streams.send_multipart([SYNC_PREFIX + arguments["nonce"].encode(), b"", b""])
        elif name == "credits_on":
            self.credits[arguments["holder"]] = arguments["count"]
        elif name == "credit":
            self.credits[arguments["holder"]] += arguments["count"]
        elif name == "credits_off":
            self.credits.pop(arguments["holder"], None)
        return None
