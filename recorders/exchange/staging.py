"""A file or folder that appears under its final name only when it is whole. Used by every exporter."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from types import TracebackType

from app.core.errors import EpisodeError
from recorders.files import free_bytes, sync_folder

KEEP_FREE_BYTES = 200 * 1000 * 1000


class Staging:
    """A temporary name beside the final one (a context manager); what was not published is deleted at the end.

    Raises:
        EpisodeError: If the final name is taken, or its folder is missing or cannot be written.
    """

    def __init__(self, final: Path) -> None:
        self.final = final.absolute()
        if self.final.exists() or self.final.is_symlink():
            raise EpisodeError(
                f"export {final}", "there is something of this name already",
                way_out="Give another --out, or move that away; nothing is ever written over",
            )  # fmt: skip
        parent = self.final.parent
        if not parent.is_dir() or not os.access(parent, os.W_OK):
            cause = "its folder cannot be written" if parent.is_dir() else "its folder does not exist"
            raise EpisodeError(f"export {final}", cause, way_out=f"Make {parent}, or give another --out")
        self._remove_of_the_dead()
        self.path = parent / f".{self.final.name}.{os.getpid()}.part"

    def __enter__(self) -> Staging:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        delete(self.path)

    def check_room(self, needed: int) -> None:
        """Refuse when `needed` bytes would leave less than 200 MB on the disk.

        Raises:
            EpisodeError: With both numbers.
        """
        free = free_bytes(self.final.parent)
        if free < needed + KEEP_FREE_BYTES:
            raise EpisodeError(
                f"export {self.final}", f"it takes about {needed / 1e6:.0f} MB and {free / 1e6:.0f} MB are free",
                way_out="Make room, choose another disk with --out, or export fewer episodes",
            )  # fmt: skip

    def publish(self) -> None:
        """Wait until everything is on the disk, and give it its final name."""
        for path in [self.path, *self.path.rglob("*")] if self.path.is_dir() else [self.path]:
            _sync(path)
        if self.final.exists():
            raise EpisodeError(
                f"export {self.final}",
                "something of this name appeared meanwhile",
                way_out="Move it away, and export again",
            )
        os.rename(self.path, self.final)
        sync_folder(self.final.parent)

    def _remove_of_the_dead(self) -> None:
        pattern = re.compile(rf"\.{re.escape(self.final.name)}\.(\d+)\.part")
        for path in self.final.parent.iterdir():
            match = pattern.fullmatch(path.name)
            if match and not Path(f"/proc/{match[1]}").exists() and Path("/proc/self").exists():
                delete(path)


def delete(path: Path) -> None:
    """Delete a file or a whole folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
