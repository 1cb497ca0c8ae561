"""Changes of many episodes beside the reader's other work: a slow disk then delays no picture.

Undo and redo are among them: one of them may take back a step over many, which only the labels on the disk tell.
Used by the role `read`. Labels have one writer at a time: while such a change runs, every other one waits its turn
behind it; questions are answered meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from app.core.wire.messages import Reply

LONG = frozenset(
    {
        "change_many",
        "reject",
        "trash",
        "restore",
        "undo",
        "redo",
        "undo_many",
        "redo_many",
        "mark_phases",
        "purge",
    }
)
WRITING = LONG | {"change", "split", "join"}


class Aside:
    """One thread that answers commands in their order. Its owner asks for the replies."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="labels")
        self._running: deque[tuple[bytes, Future[Reply]]] = deque()

    @property
    def busy(self) -> bool:
        """Whether replies are still owed."""
        return bool(self._running)

    def takes(self, name: str) -> bool:
        """Whether a command is to be answered here."""
        return name in LONG or (self.busy and name in WRITING)

    def submit(self, sender: bytes, work: Callable[[], Reply]) -> None:
        """Have a command answered; `work` must not raise."""
        self._running.append((sender, self._pool.submit(work)))

    def replies(self) -> Iterator[tuple[bytes, Reply]]:
        """Yield what is done since the last time, with who asked."""
        while self._running and self._running[0][1].done():
            sender, future = self._running.popleft()
            yield sender, future.result()

    def close(self) -> None:
        """End the thread, once all that it was given is done."""
        self._pool.shutdown()
