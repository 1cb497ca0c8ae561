"""Questions to a process that answers `Command`s (device server, reader): ids, deadlines, one answer each.

One thread only: the one that made it. The answer reaches the window as a letter that carries the callback.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import zmq

from app.core.errors import WireError
from app.core.ids import next_message_id
from app.core.wire.codec import decode, encode
from app.core.wire.messages import SCHEMA_VERSION, Command, Reply
from app.core.wire.sockets import connect
from app.core.wire.timekeeper import TimeKeeper
from widgets.bridge.letters import Answer, Answered, Callback, Letter


@dataclass
class _Pending:
    name: str
    callback: Callback
    deadline: float
    timeout_s: float


class Correspondent:
    """One DEALER socket and the questions that wait on it.

    Args:
        who: Name of the other side, for messages ("device server", "reader").
        prefix: Frames before the command (`(b"C",)` for a device server, none for a reader).

    Attributes:
        time: Keeps the map to the other side's clock, if that is asked for with `keep_time`.
    """

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        who: str,
        endpoint: str,
        prefix: tuple[bytes, ...],
        deliver: Callable[[Letter], None],
    ) -> None:
        self.socket = connect(context, zmq.DEALER, endpoint)
        self._who = who
        self._prefix = prefix
        self._deliver = deliver
        self._pending: dict[int, _Pending] = {}
        self.time = TimeKeeper()

    def keep_time(self) -> None:
        """Ask for the other side's time when that is due."""
        question = self.time.due()
        if question is not None:
            with contextlib.suppress(zmq.Again):
                self.socket.send_multipart([*self._prefix, encode(question)], zmq.NOBLOCK)

    def ask(self, name: str, arguments: dict[str, Any], timeout_s: float, callback: Callback) -> None:
        """Send a question; exactly one answer will be delivered, at the latest after `timeout_s`."""
        identity = next_message_id()
        self._pending[identity] = _Pending(name, callback, time.monotonic() + timeout_s, timeout_s)
        try:
            data = encode(Command(SCHEMA_VERSION, identity, name, arguments))
            self.socket.send_multipart([*self._prefix, data], zmq.NOBLOCK)
        except (zmq.ZMQError, TypeError, NotImplementedError) as error:
            self._finish(identity, Answer(False, error=f"{self._who}: {name!r} cannot be sent ({error})."))

    def receive(self) -> None:
        """Take in the replies that came."""
        while self.socket.poll(0):
            frames = self.socket.recv_multipart()
            try:
                reply = decode(Reply, frames[-1])
            except WireError:
                continue  # the question will run into its deadline and say so
            if self.time.take(reply):
                continue
            if reply.ok:
                self._finish(reply.id, Answer(True, reply.result))
            else:
                self._finish(reply.id, Answer(False, error=reply.error))

    def expire(self) -> None:
        """Answer the questions whose time is over."""
        now = time.monotonic()
        for identity, pending in list(self._pending.items()):
            if now >= pending.deadline:
                text = f"{self._who}: no answer to {pending.name!r} within {pending.timeout_s:g} s."
                self._finish(identity, Answer(False, error=text))

    def _finish(self, identity: int, answer: Answer) -> None:
        pending = self._pending.pop(identity, None)
        if pending is not None:
            self._deliver(Answered(pending.callback, answer))

    def close(self) -> None:
        """Close; questions that wait are answered with the reason."""
        for identity in list(self._pending):
            self._finish(
                identity, Answer(False, error=f"The {self._who} ended before it had answered. Ask again.")
            )
        self.socket.close()
