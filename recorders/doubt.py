"""A file that ended the process which read it is read by no process of ours again, unless it is changed.

HDF5 can crash over a hostile or damaged file. Most rows are read without it (`recorders.glance`). Before it opens a
file, the file's name goes into a mark beside the index; the mark goes when all were read. A mark whose process is dead
names a file in doubt, and that one is read by a child with limits (role `peek`): a process killed for another reason
leaves a mark too, and its file may be good.
Used by `recorders.listing`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec

from app.core.episodes import EpisodeRow
from app.core.errors import EpisodeError
from app.core.link.hub import MAIN
from recorders.glance import glance
from recorders.hdf5.second_index import remedy
from recorders.scan import read_row

PREFIX = ".reading-"
WAIT_S = 120.0


class Careful:
    """Reads rows of the files of one folder, in this process as long as nothing speaks against it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mark = folder / f"{PREFIX}{os.getpid()}"
        self._doubted = {name for mark in self._dead_marks() if (name := _take(mark))}

    def row(self, path: Path, size: int) -> tuple[EpisodeRow, bool]:
        """Return what a file says, and whether that holds until the file changes."""
        if str(path) in self._doubted:
            return self._ask_child(path, size), True
        if (known := glance(path, size)) is not None:
            return known, True
        with contextlib.suppress(OSError):  # no place to write: it is read without a mark
            self._mark.write_bytes(os.fsencode(path))
        row = read_row(path, size)
        return row, not row.broken

    def close(self) -> None:
        """Nothing is being read any more."""
        with contextlib.suppress(OSError):
            self._mark.unlink(missing_ok=True)

    def _ask_child(self, path: Path, size: int) -> EpisodeRow:
        self._mark.write_bytes(os.fsencode(path))  # whoever ends us now leaves the file in doubt
        command = [sys.executable, str(MAIN), "peek", str(path), "--json"]
        why = "reading it took too long"
        with contextlib.suppress(subprocess.TimeoutExpired):
            done = subprocess.run(command, capture_output=True, timeout=WAIT_S, check=False)
            if done.returncode == 0:
                return msgspec.json.decode(done.stdout.splitlines()[-1], type=_Peeked).row
            why = f"it ends the process that reads it ({_words(done.returncode)})"
        reason = EpisodeError(f"episode {path}", why, way_out=remedy(path)).sentence()
        return EpisodeRow(path.stem, str(path), bytes=size, broken=reason)

    def _dead_marks(self) -> list[Path]:
        try:
            marks = [path for path in self._folder.iterdir() if path.name.startswith(PREFIX)]
        except OSError:
            return []
        return [mark for mark in marks if not _alive(mark.name.removeprefix(PREFIX))]


class _Peeked(msgspec.Struct):
    row: EpisodeRow


def _take(mark: Path) -> str:
    """Return the path in a mark and remove it."""
    try:
        name = os.fsdecode(mark.read_bytes())
        mark.unlink()
    except OSError:
        return ""
    return name


def _alive(pid: str) -> bool:
    if not pid.isdigit() or int(pid) == os.getpid():
        return False  # a mark with our number is that of a dead process which had it before
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _words(status: int) -> str:
    if status < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-status).name
    return f"status {status}"
