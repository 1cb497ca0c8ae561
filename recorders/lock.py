"""The lock that keeps two recorders out of one data folder. The kernel gives it back when its holder dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from app.core.errors import RecordingError
from recorders.files import make_folder

LOCK_NAME = ".recorder.lock"


class FolderLock:
    """An exclusive lock on a data folder, held from creation until `close` (a context manager).

    Raises:
        RecordingError: If another process holds the folder, or the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / LOCK_NAME
        try:
            make_folder(folder)
            self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise RecordingError(
                f"data folder {folder}", f"it cannot be written ({error.strerror})",
                way_out="Choose another folder with --data, or make this one writable",
            ) from error  # fmt: skip
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._handle, 20).decode(errors="replace").strip()
            os.close(self._handle)
            raise RecordingError(
                f"data folder {folder}",
                f"another recorder (process {holder or 'unknown'}) holds it",
                way_out="End that recording first, or record into another folder with --data",
            ) from error
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, f"{os.getpid()}\n".encode(), 0)

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the folder back."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
