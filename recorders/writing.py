"""The thread that writes a take: samples to the journal while it runs, then what is left of it into the episode."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from app.core.errors import RecordingError, TouchstoneError
from recorders.commit import Committed, commit
from recorders.files import remove
from recorders.following import EVERY_S, Follower
from recorders.journal import JournalWriter
from recorders.queueing import QueuedSample, SampleQueue
from recorders.records import StopRecord

SYNC_S = 0.08  # with the sync itself, less than 0.1 s of a take are ever at risk


class TakeWriter(threading.Thread):
    """Writes one take to its end. Made and asked by the recorder's main thread.

    Attributes:
        committed: What was kept, once `finished`; None after an error, or when there was nothing to keep.
        error: Why the take could not be written or committed; its journal stays on the disk.
        size: Bytes in the journal.
        sealed: Set once every sample of the take is on the disk, before it is converted.
    """

    def __init__(
        self,
        folder: Path,
        journal: JournalWriter,
        queue: SampleQueue | None = None,
        follow_s: float = EVERY_S,
    ) -> None:
        super().__init__(name="take-writer")
        self._folder, self._journal = folder, journal
        self._queue = queue or SampleQueue()
        self._follower = Follower(folder, journal.path, journal.take, follow_s)
        self._stop_record: StopRecord | None = None
        self._dropped = False
        self.committed: Committed | None = None
        self.error: TouchstoneError | None = None
        self.size = journal.size
        self.sealed = threading.Event()

    def put(self, sample: QueuedSample, timeout_s: float = 0.2) -> bool:
        """Hand one message over; False when there was no room in time (try again) or writing has failed."""
        return self._queue.put(sample, timeout_s)

    def finish(self, stop: StopRecord) -> None:
        """Write what is queued, close the journal with this record, and commit. Returns at once."""
        self._stop_record = stop
        self._queue.close()

    def drop(self) -> None:
        """Delete the journal instead: nothing of the take is wanted. Returns at once."""
        self._dropped = True
        self._queue.close()

    @property
    def owed(self) -> int:
        """Bytes of the journal that are not in the episode yet."""
        return max(0, self.size - self._follower.place)

    @property
    def finished(self) -> bool:
        """Whether everything is done."""
        return not self.is_alive()

    def run(self) -> None:
        """Write until `finish`, then commit. Whatever goes wrong ends up in `error`: nobody else would tell."""
        try:
            self._follower.start()
            self._write_and_commit()
        except Exception as error:  # noqa: BLE001
            self._queue.close()
            self.error = RecordingError(
                f"journal {self._journal.path}", f"the recorder failed over it ({type(error).__name__}: {error})",
                way_out="What was recorded is safe in it; please report this",
            )  # fmt: skip
            self._follower.give_up()

    def _write_and_commit(self) -> None:
        try:
            self._write()
        except OSError as error:
            self._queue.close()
            self._follower.give_up()
            self._journal.abandon()
            self.error = RecordingError(
                f"journal {self._journal.path}", f"it cannot be written any more ({error.strerror or error})",
                way_out="Make room on the disk; what was recorded is safe and is recovered at the next start",
            )  # fmt: skip
            return
        if self._dropped:
            self._follower.give_up()
            self._journal.abandon()
            remove(self._journal.path)
            return
        try:
            self.committed = commit(self._folder, self._journal.path, self._follower.finish())
        except TouchstoneError as error:
            self.error = error
        except OSError as error:
            self.error = RecordingError(
                f"journal {self._journal.path}", f"it could not be committed ({error.strerror or error})",
                way_out="What was recorded is safe in it; the next start of a recorder commits it",
            )  # fmt: skip

    def _write(self) -> None:
        next_sync = time.monotonic() + SYNC_S
        dirty = False
        while True:
            closed = self._queue.closed  # before taking: nothing is put after that
            for sample in self._queue.take_all(max(0.0, next_sync - time.monotonic()) if dirty else SYNC_S):
                self._journal.append(sample.topic, sample.header, sample.buffer, sample.t_receive_ns)
                dirty = True
            self.size = self._journal.size
            if dirty and time.monotonic() >= next_sync:
                self._journal.sync()
                self._follower.safe = self._journal.synced
                dirty = False
                next_sync = time.monotonic() + SYNC_S
            if closed:
                break
        if self._stop_record is not None:
            self._journal.finish(self._stop_record)
            self.sealed.set()
