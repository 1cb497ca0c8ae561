"""The index of a data folder, `DIR/catalogue.sqlite`: what each episode file and each label file says.

So nobody opens them all again. It holds nothing of its own: missing, damaged or of an older layout, it begins empty and
is filled again with the same content. A folder that cannot be written, or an index that another holds, is done without.
Used by `recorders.listing`.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from app.core.episodes import EpisodeRow
from recorders.scan import Key, Version
from recorders.sheets import Labels

CATALOGUE_NAME = "catalogue.sqlite"
LAYOUT = 3
_LOCK_WAIT_S = 10.0
DAMAGED = (sqlite3.Error, ValueError, OverflowError)  # a damaged name or text may not even decode
_TABLES = (
    """CREATE TABLE IF NOT EXISTS episodes (place TEXT, name TEXT, bytes INTEGER, changed_ns INTEGER,
        row BLOB, crc INTEGER, PRIMARY KEY (place, name))""",
    """CREATE TABLE IF NOT EXISTS labels (uuid TEXT PRIMARY KEY, bytes INTEGER, changed_ns INTEGER,
        row BLOB, crc INTEGER)""",
)
T = TypeVar("T")


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a label file says: the labels that hold now, or why they cannot be read."""

    labels: Labels = Labels()
    problem: str = ""


@dataclass
class Index:
    """What is known of a folder: for each file its version when it was read, and what it said.

    A version whose time is 0 is no file's: such a file is looked at again.
    """

    files: dict[Key, tuple[Version, EpisodeRow]] = field(default_factory=dict)
    labels: dict[str, tuple[Version, Said]] = field(default_factory=dict)


def load(folder: Path) -> Index:
    """Return what the index holds; nothing if there is none, and none is left if it was damaged."""
    path = folder / CATALOGUE_NAME
    if not path.is_file():
        return Index()
    try:
        with closing(_open(path)) as database:
            return _read(database)
    except DAMAGED as error:
        if not _busy(error):
            _forget(path)
        return Index()


def store(folder: Path, index: Index, files: Iterable[Key], labels: Iterable[str]) -> None:
    """Bring the named entries of the index on the disk to what `index` says; what it lacks is deleted.

    What cannot be written is left: it is then read from the files again next time.
    """
    path = folder / CATALOGUE_NAME
    if not os.access(folder, os.W_OK):
        return
    try:
        with closing(_open(path)) as database:
            _write(database, index, files, labels)
    except DAMAGED as error:
        if _busy(error) or not _forget(path):
            return
        with contextlib.suppress(*DAMAGED), closing(_open(path)) as database:
            _write(database, index, index.files, index.labels)


def checksum(key: Iterable[str], version: Version, row: bytes) -> int:
    """Return the checksum of an entry."""
    return zlib.crc32(row, zlib.crc32("\0".join((*key, str(version[0]), str(version[1]))).encode()))


def _open(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_LOCK_WAIT_S)
    try:
        database.execute(
            "PRAGMA synchronous = OFF"
        )  # what a power cut damages has a checksum, and is read again
        (layout,) = database.execute("PRAGMA user_version").fetchone()
        if layout not in (0, LAYOUT):
            raise sqlite3.DatabaseError(f"layout {layout}")
        if layout == 0:
            for table in _TABLES:
                database.execute(table)
            database.execute(f"PRAGMA user_version = {LAYOUT}")
    except DAMAGED:
        database.close()
        raise
    return database


def _read(database: sqlite3.Connection) -> Index:
    """Return all entries.

    Raises:
        sqlite3.DatabaseError: If one is not what was written: SQLite itself would not notice.
    """
    index = Index()
    row_of, said_of = msgspec.json.Decoder(EpisodeRow).decode, msgspec.json.Decoder(Said).decode
    for place, name, size, changed, row, crc in database.execute("SELECT * FROM episodes"):
        index.files[place, name] = _entry((place, name), (size, changed), row, crc, row_of)
    for uuid, size, changed, row, crc in database.execute("SELECT * FROM labels"):
        index.labels[uuid] = _entry((uuid,), (size, changed), row, crc, said_of)
    return index


def _entry(
    key: tuple[str, ...], version: Version, row: bytes, crc: int, decode: Callable[[bytes], T]
) -> tuple[Version, T]:
    if not isinstance(row, bytes) or not all(isinstance(text, str) for text in key):
        raise sqlite3.DatabaseError("a row is damaged")
    if checksum(key, version, row) != crc:
        raise sqlite3.DatabaseError("a row is damaged")
    return version, decode(row)


def _write(database: sqlite3.Connection, index: Index, files: Iterable[Key], labels: Iterable[str]) -> None:
    encode = msgspec.json.Encoder().encode
    rows, gone = [], []
    for key in files:
        if key not in index.files:
            gone.append(key)
            continue
        version, row = index.files[key]
        text = encode(msgspec.structs.replace(row, path=""))
        rows.append((*key, *version, text, checksum(key, version, text)))
    sheets, lost = [], []
    for uuid in labels:
        if uuid not in index.labels:
            lost.append((uuid,))
            continue
        version, said = index.labels[uuid]
        text = encode(said)
        sheets.append((uuid, *version, text, checksum((uuid,), version, text)))
    with database:
        database.executemany("INSERT OR REPLACE INTO episodes VALUES (?, ?, ?, ?, ?, ?)", rows)
        database.executemany("DELETE FROM episodes WHERE place = ? AND name = ?", gone)
        database.executemany("INSERT OR REPLACE INTO labels VALUES (?, ?, ?, ?, ?)", sheets)
        database.executemany("DELETE FROM labels WHERE uuid = ?", lost)


def _busy(error: BaseException) -> bool:
    """Return whether another holds the index, or the folder refuses: neither is damage."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
    return code in (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
    )


def _forget(path: Path) -> bool:
    """Delete a damaged index; returns whether that could be."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return False
    return True
