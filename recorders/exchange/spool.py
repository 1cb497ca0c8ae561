"""Pictures on their way into an episode, in a temporary file: a foreign MCAP file has them in the order of time."""

from __future__ import annotations

import tempfile
from pathlib import Path


class Spool:
    """Byte strings in a file without a name, read back by number."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by close()
        self._ends = [0]

    def __len__(self) -> int:
        return len(self._ends) - 1

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._ends[-1]

    def append(self, data: bytes) -> None:
        """Add one."""
        self._file.seek(self._ends[-1])
        self._file.write(data)
        self._ends.append(self._ends[-1] + len(data))

    def read(self, index: int) -> bytes:
        """Return one."""
        self._file.seek(self._ends[index])
        return self._file.read(self._ends[index + 1] - self._ends[index])

    def close(self) -> None:
        """Give the space back."""
        self._file.close()
