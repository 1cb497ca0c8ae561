"""Digests and comparisons on a second thread, while the first one reads or writes: both let go of the interpreter.

Used by the writer and the verifier.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Protocol

from recorders.hdf5.schema import new_digest

MOST_WAITING = 16  # blocks, of about 1 MiB


class Taker(Protocol):
    """Whatever takes the bytes of a data set block by block."""

    def update(self, data: bytes | bytearray | memoryview, /) -> object:
        """Take the next block."""


class Hasher:
    """One thread (a context manager); blocks are taken in the order in which they were given."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="digest")
        self._waiting: deque[Future[object]] = deque()

    def __enter__(self) -> Hasher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the thread."""
        self._pool.shutdown(cancel_futures=True)

    def new(self) -> RunningDigest:
        """Return an empty digest."""
        return RunningDigest(self)

    def submit(self, taker: Taker, data: bytes | bytearray | memoryview) -> Future[object]:
        """Hand on a block, which must not change any more; waits while too many are waiting."""
        while len(self._waiting) >= MOST_WAITING:
            self._waiting.popleft().result()
        taken = self._pool.submit(taker.update, data)
        self._waiting.append(taken)
        return taken


class Running:
    """What is done with the bytes of a data set while they come."""

    def __init__(self, hasher: Hasher, taker: Taker) -> None:
        self._hasher, self._taker = hasher, taker
        self._last: Future[object] | None = None

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Add a block, which must not change any more."""
        self._last = self._hasher.submit(self._taker, data)

    def wait(self) -> None:
        """Wait until all blocks were taken; raises what one of the last of them met."""
        if self._last is not None:
            self._last.result()


class RunningDigest(Running):
    """The digest of a data set while its bytes come."""

    def __init__(self, hasher: Hasher) -> None:
        self._digest = new_digest()
        super().__init__(hasher, self._digest)

    def hexdigest(self) -> str:
        """Wait for all blocks, and return the digest as 32 hexadecimal digits."""
        self.wait()
        return self._digest.hexdigest()
