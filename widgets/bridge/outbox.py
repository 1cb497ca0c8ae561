"""The way from the window into the I/O thread: a queue of tasks and an inproc socket that wakes the poller."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from queue import Empty, SimpleQueue

import zmq

from app.core.wire.sockets import make_socket

Task = Callable[[], None]


class Outbox:
    """Tasks that the I/O thread runs in the order they were posted.

    The sending socket belongs to the thread that made the outbox (the Qt thread), the receiving one to the I/O thread,
    which makes it with `open_reader`.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self._context = context
        self._address = f"inproc://outbox-{id(self):x}"
        self._tasks: SimpleQueue[Task] = SimpleQueue()
        self._waker = make_socket(context, zmq.PUSH)
        self._waker.bind(self._address)

    def post(self, task: Task) -> None:
        """Hand a task to the I/O thread (Qt thread only)."""
        self._tasks.put(task)
        with contextlib.suppress(zmq.Again):  # it is awake already: a thousand wake-ups wait for it
            self._waker.send(b"", zmq.NOBLOCK)

    def open_reader(self) -> zmq.Socket[bytes]:
        """Return the socket that becomes readable when a task was posted (I/O thread)."""
        reader = make_socket(self._context, zmq.PULL)
        reader.connect(self._address)
        return reader

    def run_all(self, reader: zmq.Socket[bytes]) -> None:
        """Run what was posted (I/O thread)."""
        while reader.poll(0):
            reader.recv()
        while True:
            try:
                task = self._tasks.get_nowait()
            except Empty:
                return
            task()

    def close(self) -> None:
        """Close the sending end (Qt thread)."""
        self._waker.close()
