"""Whether the disk has room: before a take, while it runs, and how long it lasts. Nothing here ever deletes anything.

A take needs room twice until it is committed: for its journal and for its episode. Used by the recorder.
"""

from __future__ import annotations

from pathlib import Path

from app.core.errors import RecordingError
from recorders.files import free_bytes

NOMINAL_BYTES_PER_S = 5e6  # until a take has run long enough to tell
RESERVE_BYTES = 64 * 1024 * 1024
WARN_S = 900.0  # told once, while there are still more than ten minutes


class Room:
    """The room on the disk of a data folder.

    Args:
        folder: Data folder.
        floor_bytes: What must be left over beside a take.
    """

    def __init__(self, folder: Path, floor_bytes: int) -> None:
        self.folder, self.floor_bytes = folder, floor_bytes
        self._rate = NOMINAL_BYTES_PER_S
        self._last_bytes = 0  # of the newest take's journal: the estimate for the next one
        self._warned = False

    def check_start(self) -> None:
        """Refuse a take that might not fit.

        Raises:
            RecordingError: If less is left than a take like the last one and the floor.
        """
        free, needed = self.free(), self.floor_bytes + 2 * self._last_bytes
        if free < needed:
            raise RecordingError(
                f"data folder {self.folder}",
                f"{free / 1e6:.0f} MB are left on its disk, and a take needs {needed / 1e6:.0f} MB to start",
                way_out="Make room, or record into another folder with --data",
            )

    def free(self) -> int:
        """Return the free bytes.

        Raises:
            RecordingError: If the folder is gone.
        """
        try:
            return free_bytes(self.folder)
        except OSError as error:
            raise RecordingError(
                f"data folder {self.folder}", f"it cannot be reached any more ({error.strerror})",
                way_out="Bring it back, or record into another folder with --data",
            ) from error  # fmt: skip

    def note(self, journal_bytes: int, seconds: float) -> None:
        """Take note of how much the running take has written."""
        self._last_bytes = journal_bytes
        if seconds > 1.0:
            self._rate = max(journal_bytes / seconds, 1.0)

    def is_nearly_full(self, owed_bytes: int) -> bool:
        """Whether a running take must end now; `owed_bytes` of its journal are not in the episode yet."""
        return self.free() < owed_bytes + min(self.floor_bytes, RESERVE_BYTES) // 2

    def seconds_left(self, owed_bytes: int) -> float:
        """Return for how long the disk lasts, at the rate of the newest take."""
        return max(0.0, (self.free() - owed_bytes - self.floor_bytes) / (2.0 * self._rate))

    def warning(self, seconds_left: float) -> str:
        """Return what to tell the person, once; empty otherwise."""
        if seconds_left >= WARN_S:
            self._warned = False
            return ""
        if self._warned:
            return ""
        self._warned = True
        return (
            f"The disk of {self.folder} lasts for another {seconds_left / 60:.0f} min of recording. "
            "Make room, or choose another folder; nothing is ever deleted by itself."
        )
