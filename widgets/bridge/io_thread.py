"""The one thread that owns the window's sockets: hub, streams, device commands, readers, beats.

Everything here runs in that thread except `start`, `post` and `join`. It never touches a widget; it tells the window
by letters (`deliver`, which emits a queued Qt signal) and fills the `Feed`.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

import msgspec
import zmq

from app.core.allocator import return_free_pages
from app.core.errors import WireError
from app.core.priority import prefer_hand
from app.core.wire.client import KIND_COMMAND, KIND_ENABLE, SYNC_PREFIX, Endpoints
from app.core.wire.codec import decode, encode
from app.core.wire.messages import Enable, SampleHeader
from app.core.wire.sockets import connect, make_context
from widgets.bridge.children import Children
from widgets.bridge.feed import Feed
from widgets.bridge.letters import Letter, ThreadFailed
from widgets.bridge.outbox import Outbox, Task
from widgets.bridge.requests import Correspondent

IDLE_MS = 20
STREAMING_MS = (
    5  # streams are collected at this pace rather than woken for: thousands of messages a second come
)
MOST_MESSAGES = 2000  # of the streams in one round, so that beats never wait behind a burst
BURST = 200  # messages in a round, of five in an ordinary one: the process was away and had to catch up
SETTLE_S = 2.0


class IoThread:
    """Sockets of the window and the loop that serves them.

    Args:
        feed: Where samples and pictures go.
        deliver: Called in the I/O thread with each letter for the window.
    """

    def __init__(self, feed: Feed, deliver: Callable[[Letter], None]) -> None:
        self.feed = feed
        self.deliver = deliver
        self.children: Children | None = None
        self.readers: dict[int, Correspondent] = {}
        self.device: Correspondent | None = None
        self._context = make_context()
        self._outbox = Outbox(self._context)
        self._streams: zmq.Socket[bytes] | None = None
        self._input: zmq.Socket[bytes] | None = None
        self._ending = False
        self._trim_at_s = 0.0
        self._thread = threading.Thread(target=self._run, name="window-io")

    @property
    def table(self) -> Children:
        """The child processes (I/O thread only)."""
        assert self.children is not None
        return self.children

    def start(self) -> None:
        """Start the thread (Qt thread)."""
        self._thread.start()

    def post(self, task: Task) -> None:
        """Have a task run in the I/O thread (Qt thread)."""
        self._outbox.post(task)

    def correspond(self, endpoint: str, deliver: Callable[[Letter], None]) -> Correspondent:
        """Return a line to a device server that belongs to the thread that asks for it; close it before `join`."""
        return Correspondent(self._context, "device server", endpoint, (KIND_COMMAND,), deliver)

    def join(self) -> None:
        """Stop the children that are left, close every socket and wait for the thread (Qt thread)."""
        self._outbox.post(self._end)
        self._thread.join()
        self._outbox.close()
        self._context.term()

    def _end(self) -> None:
        self._ending = True

    def _run(self) -> None:
        reader = self._outbox.open_reader()
        self.children = Children(self.deliver)
        prefer_hand()
        try:
            while not self._ending:
                try:
                    self._round(reader)
                except Exception as error:  # noqa: BLE001 - the thread must outlive any one bad message
                    self.deliver(ThreadFailed(error))
        finally:
            self.children.close()
            self._close_sockets()
            reader.close()

    def _round(self, reader: zmq.Socket[bytes]) -> None:
        poller = zmq.Poller()
        poller.register(reader, zmq.POLLIN)
        poller.register(self.table.hub.socket, zmq.POLLIN)
        correspondents = [*self.readers.values(), *([self.device] if self.device else [])]
        for correspondent in correspondents:
            poller.register(correspondent.socket, zmq.POLLIN)
        poller.poll(IDLE_MS if self._streams is None else STREAMING_MS)
        self._outbox.run_all(reader)
        self._return_memory(self._receive_streams())
        for correspondent in [*self.readers.values(), *([self.device] if self.device else [])]:
            correspondent.receive()
            correspondent.expire()
        if self.device is not None:
            self.device.keep_time()
        self.table.step()

    def connect_device(self, endpoints: Endpoints, topics: tuple[str, ...]) -> None:
        """Connect to a device server's streams and commands, in place of the one before."""
        self.disconnect_device()
        streams = connect(self._context, zmq.SUB, endpoints.streams)
        for topic in topics:
            streams.setsockopt_string(zmq.SUBSCRIBE, topic)
        self._streams = streams
        self.device = Correspondent(
            self._context, "device server", endpoints.commands, (KIND_COMMAND,), self.deliver
        )
        self.feed.clock = self.device.time.clock

    def add_streams(self, endpoint: str) -> None:
        """Receive also what a process of ours publishes beside the device server, until another server is connected."""
        if self._streams is not None:
            self._streams.connect(endpoint)

    def drop_streams(self, endpoint: str) -> None:
        """Let go of such a process; nothing happens if another server was connected meanwhile."""
        if self._streams is not None:
            with contextlib.suppress(zmq.ZMQError):  # it was never connected to this socket
                self._streams.disconnect(endpoint)

    def disconnect_device(self) -> None:
        """Let go of the device server."""
        if self._streams is not None:
            self._streams.close()
            self._streams = None
        if self.device is not None:
            self.device.close()
            self.device = None
        self.feed.clear()

    def connect_input(self, endpoint: str) -> None:
        """Connect to an operator process that takes beats; an empty address lets go."""
        if self._input is not None:
            self._input.close()
            self._input = None
        if endpoint:
            self._input = connect(self._context, zmq.PUSH, endpoint)
            self._input.setsockopt(zmq.SNDHWM, 4)  # an old beat is worth nothing

    def send_beat(self, data: bytes) -> None:
        """Pass a beat on, as it was stamped; one that cannot go at once is dropped."""
        if self._input is not None:
            with contextlib.suppress(zmq.Again):
                self._input.send(data, zmq.NOBLOCK)

    def send_enable(self, enable: Enable) -> None:
        """Pass an enabling input on to the device server, its stamp put into session time; dropped if it cannot go."""
        if self.device is not None:
            stamp_ns = self.device.time.clock.of(enable.stamp_ns)
            data = encode(msgspec.structs.replace(enable, stamp_ns=stamp_ns))
            with contextlib.suppress(zmq.Again):
                self.device.socket.send_multipart([KIND_ENABLE, data], zmq.NOBLOCK)

    def open_reader(self, key: int, endpoint: str) -> None:
        """Connect to a reader process."""
        self.close_reader(key)
        self.readers[key] = Correspondent(self._context, "reader", endpoint, (), self.deliver)

    def close_reader(self, key: int) -> None:
        """Let go of a reader."""
        reader = self.readers.pop(key, None)
        if reader is not None:
            reader.close()

    def _return_memory(self, received: int) -> None:
        """Give back what a burst took, once it is over: freed messages lie among blocks that stay."""
        now = time.monotonic()
        if received >= BURST:
            self._trim_at_s = now + SETTLE_S
        elif self._trim_at_s and now >= self._trim_at_s:
            self._trim_at_s = 0.0
            return_free_pages()

    def _receive_streams(self) -> int:
        """Take in what came; returns how many messages that were."""
        if self._streams is None:
            return 0
        for count in range(MOST_MESSAGES):
            try:
                frames = self._streams.recv_multipart(zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return count
            topic = frames[0].bytes
            if len(frames) < 3 or topic.startswith(SYNC_PREFIX):
                continue
            try:
                header = decode(SampleHeader, frames[1].buffer)
            except WireError:
                self.feed.refused += 1
                continue
            self.feed.take(topic.decode(errors="replace"), header, frames[2].buffer)
        return MOST_MESSAGES

    def _close_sockets(self) -> None:
        self.disconnect_device()
        self.connect_input("")
        for key in list(self.readers):
            self.close_reader(key)
