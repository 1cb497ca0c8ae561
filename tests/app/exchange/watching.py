"""Tells whether anybody opened a file, by inotify: no call of any library is missed."""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path
from types import TracebackType

IN_ACCESS, IN_OPEN = 0x1, 0x20
EVENT = struct.Struct("iIII")


class Watch:
    """Watches one file from creation on (a context manager)."""

    def __init__(self, path: Path) -> None:
        library = ctypes.CDLL(None, use_errno=True)
        self._handle = int(library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        assert self._handle >= 0
        assert library.inotify_add_watch(self._handle, os.fsencode(path), IN_OPEN | IN_ACCESS) >= 0

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._handle)

    @property
    def opened(self) -> int:
        """How often the file was opened or read since the last look."""
        try:
            return len(os.read(self._handle, 65536)) // EVENT.size
        except BlockingIOError:
            return 0
