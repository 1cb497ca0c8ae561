"""The index of a data folder, `DIR/catalogue.sqlite`: what each episode file says, so that nobody opens them all again.

It holds nothing of its own: missing, broken or of an older layout, it is made again from the files with the same
content. A folder that cannot be written gets its index in memory.
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import msgspec

from app.core.episodes import EpisodeRow, Flag
from app.core.errors import EpisodeError
from recorders.files import episodes_of
from recorders.reader import EpisodeFile

CATALOGUE_NAME = "catalogue.sqlite"
LAYOUT = 3
SUFFIXES = (".h5", ".hdf5")
_LOCK_WAIT_S = 10.0
DAMAGED = (sqlite3.Error, ValueError, OverflowError)  # a damaged name or text may not even decode


def episode_files(folder: Path) -> Iterator[Path]:
    """Yield the files that are, or claim to be, episodes: in DIR/episodes, and in DIR itself."""
    for place in (folder, episodes_of(folder)):
        if place.is_dir():
            for path in sorted(place.iterdir()):
                if path.suffix in SUFFIXES and not path.name.startswith(".") and path.is_file():
                    yield path


def read_row(path: Path) -> EpisodeRow:
    """Return what a file says; a broken one gives a row with the reason."""
    size = path.stat().st_size
    try:
        with EpisodeFile(path) as episode:
            about = episode.attributes
            return EpisodeRow(
                uuid=about["uuid"], path=str(path), task=about["task"], instruction=about["instruction"],
                outcome=about["outcome"], seed=about["seed"], condition=about["condition"],
                seconds=max(0, episode.end_ns - episode.start_ns) * 1e-9, score=about["score"],
                peak_force_n=about["peak_force_n"], operator=about["operator"], created=about["created"],
                software=about["software"], recovered=about["recovered"], dropped=sum(about["dropped"].values()),
                provenance=about["provenance"], start_ns=episode.start_ns, end_ns=episode.end_ns, text=about["text"],
                bytes=size, topics=episode.topics, flags=msgspec.convert(about["flags"] or (), tuple[Flag, ...]),
            )  # fmt: skip
    except msgspec.ValidationError as error:
        reason = EpisodeError(f"episode {path}", f"its flags are broken ({error})").sentence()
        return EpisodeRow(uuid=path.stem, path=str(path), bytes=size, broken=reason)
    except EpisodeError as error:
        return EpisodeRow(uuid=path.stem, path=str(path), bytes=size, broken=error.sentence())


def checksum(row: tuple[object, ...]) -> int:
    """Return the checksum of a row of the index."""
    return zlib.crc32(repr(row).encode())


class Catalogue:
    """The index, brought up to date when it is opened (a context manager). Owned by one thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / CATALOGUE_NAME
        try:
            self._database = self._open()
            self._refresh()
        except DAMAGED:
            self._rebuild()

    def __enter__(self) -> Catalogue:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def rows(self) -> list[EpisodeRow]:
        """Return a row per file, by path."""
        found = self._stored()
        return [
            msgspec.structs.replace(
                msgspec.json.decode(text, type=EpisodeRow), path=str(self.folder / place / name)
            )
            for place, name, _, _, text in found
        ]

    def _stored(self) -> list[tuple[str, str, int, int, str]]:
        """Return the rows as they are kept.

        Raises:
            sqlite3.DatabaseError: If one is not what was written: SQLite itself would not notice.
        """
        found = self._database.execute(
            "SELECT place, name, bytes, changed_ns, row, crc FROM episodes ORDER BY place, name"
        ).fetchall()
        for *row, crc in found:
            if checksum(tuple(row)) != crc:
                raise sqlite3.DatabaseError("a row is damaged")
        return [tuple(row[:5]) for row in found]

    def _open(self, path: str | None = None) -> sqlite3.Connection:
        target = path or (str(self.path) if os.access(self.folder, os.W_OK) else ":memory:")
        database = sqlite3.connect(target, timeout=_LOCK_WAIT_S)
        try:
            (layout,) = database.execute("PRAGMA user_version").fetchone()
            if layout not in (0, LAYOUT):
                raise sqlite3.DatabaseError(f"layout {layout}")
            database.execute(
                "CREATE TABLE IF NOT EXISTS episodes (place TEXT, name TEXT, bytes INTEGER, changed_ns INTEGER,"
                " row TEXT, crc INTEGER, PRIMARY KEY (place, name))"
            )
            database.execute(f"PRAGMA user_version = {LAYOUT}")
        except DAMAGED:
            database.close()
            raise
        return database

    def _rebuild(self) -> None:
        """Start afresh. A locked or unwritable index is left alone, and one in memory serves this once."""
        if getattr(self, "_database", None) is not None:
            self._database.close()
        try:
            self.path.unlink(missing_ok=True)
            self._database = self._open()
            self._refresh()
        except (OSError, *DAMAGED):
            self._database = self._open(":memory:")
            self._refresh()

    def _refresh(self) -> None:
        known = {(place, name): (size, changed) for place, name, size, changed, _ in self._stored()}
        fresh = []
        for path in episode_files(self.folder):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue  # it went while we looked
            key = ("" if path.parent == self.folder else path.parent.name, path.name)
            if known.pop(key, None) != (status.st_size, status.st_mtime_ns):
                row = read_row(path)
                changed_ns = 0 if row.broken else status.st_mtime_ns  # a broken file is looked at every time
                stored = (*key, status.st_size, changed_ns, msgspec.json.encode(row).decode())
                fresh.append((*stored, checksum(stored)))
        if fresh or known:
            with self._database:
                self._database.executemany("INSERT OR REPLACE INTO episodes VALUES (?, ?, ?, ?, ?, ?)", fresh)
                self._database.executemany("DELETE FROM episodes WHERE place = ? AND name = ?", list(known))
