"""Makes the episode while its take is recorded: a thread that follows the journal at a distance.

What it writes is a temporary file that is never needed: if anything goes wrong with it, or the recorder dies, the
episode is made of the journal as ever. Used by `recorders.writing`.
"""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

from recorders.converting import Conversion
from recorders.files import episode_path, make_folder, part_path
from recorders.journal_reader import JournalTail
from recorders.records import TakeRecord

EVERY_S = 0.5  # also the least distance to the newest sample: a take may end a moment before it is told to


class Follower(threading.Thread):
    """Follows one journal. Started with its take; `finish` or `give_up` must be called.

    Attributes:
        place: How many bytes of the journal are in the file.
    """

    def __init__(self, folder: Path, journal: Path, take: TakeRecord, every_s: float = EVERY_S) -> None:
        super().__init__(name="episode-follower")
        self._part = part_path(episode_path(folder, take.uuid))
        self._take, self._every_s = take, every_s
        self._tail = JournalTail(journal)
        self._conversion: Conversion | None = None
        self._over = threading.Event()
        self.place = 0
        self.safe = 0  # bytes of the journal that are synced; set by the thread that writes it

    def run(self) -> None:
        """Follow until told to stop. What fails here costs nothing but time: the journal has everything."""
        try:
            due = 0
            while not self._over.wait(self._every_s):
                if due > self._tail.place:
                    self._advance(due)
                due = self.safe
        except Exception:  # noqa: BLE001  whatever it is, the commit meets it again, and tells
            self._discard()

    def _advance(self, size: int) -> None:
        if self._conversion is None:
            make_folder(self._part.parent)
            self._conversion = Conversion(self._part, self._take, watched=True)
        for messages in self._tail.chunks(size):
            self._conversion.add(messages)
            self.place = self._conversion.place = self._tail.place
            if self._over.is_set():
                return
        self._conversion.sync()

    def _discard(self) -> None:
        self.place = 0
        if self._conversion is not None:
            self._conversion.__exit__(None, None, None)
            self._conversion = None
            with contextlib.suppress(OSError):  # a disk that is gone; the next start of a recorder deletes it
                self._part.unlink(missing_ok=True)

    def finish(self) -> Conversion | None:
        """Stop, and return the file as far as it is; None if there is none. The caller closes it."""
        self._over.set()
        if self.ident is not None:
            self.join()
        return self._conversion

    def give_up(self) -> None:
        """Stop, and delete the file."""
        self.finish()
        self._discard()
