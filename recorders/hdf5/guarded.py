"""The file below HDF5 while an episode is written. It never lets HDF5 see a write fail.

HDF5 cannot close a file whose writes fail: it keeps the dirty pages, fails again on close, and crashes the process
at its end. So after the first error writes are swallowed here, HDF5 closes in peace, and `check` raises the error.
"""

from __future__ import annotations

import os
from pathlib import Path


class GuardedFile:
    """A read-write file for `h5py.File(fileobj)`; new and empty.

    Raises:
        OSError: If it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        self._at = 0
        self.error: OSError | None = None

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move; returns the new position."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at}.get(whence)
        self._at = offset + (os.fstat(self._handle).st_size if base is None else base)
        return self._at

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def read(self, size: int) -> bytes:
        """Return `size` bytes from the position on, zeros where nothing was written."""
        buffer = bytearray(size)
        self.readinto(memoryview(buffer))
        return bytes(buffer)

    def read_at(self, offset: int, size: int) -> bytes:
        """Return so many bytes from a place on, wherever the position is; fewer at the end."""
        return os.pread(self._handle, size, offset)

    def readinto(self, buffer: memoryview) -> int:
        """Fill `buffer` from the position on; bytes that were never written read as zeros."""
        view = memoryview(buffer).cast("B")
        data = os.pread(self._handle, len(view), self._at)
        view[: len(data)] = data
        view[len(data) :] = bytes(len(view) - len(data))
        self._at += len(view)
        return len(view)

    def write(self, data: bytes | memoryview) -> int:
        """Write at the position; the first error is kept for `check`."""
        view = memoryview(data).cast("B")
        size = len(view)
        while view and self.error is None:
            try:
                written = os.pwrite(self._handle, view, self._at)
            except OSError as error:
                self.error = error
                break
            self._at += written
            view = view[written:]
        self._at += len(view)
        return size

    def truncate(self, size: int) -> int:
        """Set the length."""
        if self.error is None:
            try:
                os.ftruncate(self._handle, size)
            except OSError as error:
                self.error = error
        return size

    def flush(self) -> None:
        """Nothing is held back here."""

    def check(self) -> None:
        """Raise the first error that a write met."""
        if self.error is not None:
            raise self.error

    def sync(self) -> None:
        """Wait until everything is on the disk; raises the first error of all."""
        self.check()
        os.fsync(self._handle)

    def close(self) -> None:
        """Close the file."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
