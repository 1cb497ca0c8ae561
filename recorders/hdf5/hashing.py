"""Digests that are taken on a second thread, while the first one reads or writes: hashing lets go of the interpreter.

Used by the writer and the verifier; over half of what a commit computes is hashing.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from recorders.hdf5.schema import new_digest

MOST_WAITING = 16  # blocks, of about 1 MiB


class Hasher:
    """One thread that hashes (a context manager); blocks are taken in the order in which they were given."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="digest")
        self._waiting: deque[Future[None]] = deque()

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

    def submit(self, digest: RunningDigest, data: bytes | bytearray | memoryview) -> None:
        """Hash a block, which must not change any more; waits while too many are waiting."""
        while len(self._waiting) >= MOST_WAITING:
            self._waiting.popleft().result()
        digest.last = self._pool.submit(digest.digest.update, data)
        self._waiting.append(digest.last)


class RunningDigest:
    """The digest of a data set while its bytes come."""

    def __init__(self, hasher: Hasher) -> None:
        self._hasher = hasher
        self.digest = new_digest()
        self.last: Future[None] | None = None

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Add a block, which must not change any more."""
        self._hasher.submit(self, data)

    def hexdigest(self) -> str:
        """Wait for all blocks, and return the digest as 32 hexadecimal digits."""
        if self.last is not None:
            self.last.result()
        return self.digest.hexdigest()
