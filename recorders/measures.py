"""What was measured of the episodes of a folder, `DIR/quality.sqlite`: computed once per version of a file.

It holds nothing of its own: missing, damaged or of an older layout, it begins empty and is filled again. Who measures
is `app.quality`; who reads is the list of episodes and the reader role.
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
import numpy as np

from app.core.episodes import EpisodeRow
from recorders.catalogue import DAMAGED

MEASURES_NAME = "quality.sqlite"
LAYOUT = 2
_LOCK_WAIT_S = 10.0


class QualityFlag(msgspec.Struct, frozen=True):
    """Something doubtful about an episode.

    Attributes:
        kind: What it is: idle, lag, clipped, governor, stopped, spike, drift, saturated, dead, gap, stalled, stuck,
            dark, bright, outlier, unreadable.
        severity: info, warning or severe.
        text: A sentence with the number and the limit.
        start_ns, end_ns: Session times of the place.
        topic: The stream, where it is one's.
        value, limit: The two numbers of the sentence.
    """

    kind: str
    severity: str
    text: str
    start_ns: int
    end_ns: int
    topic: str = ""
    value: float = 0.0
    limit: float = 0.0


class Measured(msgspec.Struct, frozen=True):
    """What was measured of one episode.

    Attributes:
        version: Everything that decides whether it still holds: see `version_of`.
        measures: Number by name; what could not be measured is absent.
        by_device: The same for each arm, sensor and camera, `name_device`; governor seconds by reason.
        flags: In the order of time.
        missing: Why a measure is absent, by its name.
        places: Where the number of a measure comes from, session times, where it has a place.
        problem: Why nothing could be measured; empty otherwise.
    """

    uuid: str
    version: str
    measures: dict[str, float] = {}
    by_device: dict[str, float] = {}
    flags: tuple[QualityFlag, ...] = ()
    missing: dict[str, str] = {}
    places: dict[str, tuple[int, int]] = {}
    problem: str = ""


_DECODER = msgspec.msgpack.Decoder(Measured)


def version_of(path: Path, span_ns: tuple[int, int], measures: int) -> str:
    """Return the version of an episode's measures: of its file, of the part used, and of how it is measured."""
    status = path.stat()
    return f"{status.st_size}-{status.st_mtime_ns}-{span_ns[0]}-{span_ns[1]}-m{measures}"


def _sound(data: object, crc: int) -> bool:
    """Return whether bytes are what was written: SQLite itself would not notice."""
    return isinstance(data, bytes) and zlib.crc32(data) == crc


class MeasureStore:
    """The file, open (a context manager). Owned by one thread; one process writes, others may read.

    Args:
        read_only: Look only; a folder without the file is like an empty one.
    """

    def __init__(self, folder: Path, read_only: bool = False) -> None:
        self.path = folder / MEASURES_NAME
        self._read_only = read_only
        self.rebuilt = ""  # why it had to begin anew, if it had to
        try:
            self._database = self._open()
            self._check()
        except DAMAGED as error:
            self.rebuilt = str(error)
            self._begin_anew()

    def __enter__(self) -> MeasureStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def all(self) -> dict[str, Measured]:
        """Return what was measured, by uuid; damaged rows are left out."""
        found = self._database.execute("SELECT uuid, row, crc FROM measured ORDER BY uuid")
        return {uuid: _DECODER.decode(row) for uuid, row, crc in found if _sound(row, crc)}

    def versions(self) -> dict[str, str]:
        """Return of which version of each episode the measures are, by uuid."""
        return dict(self._database.execute("SELECT uuid, version FROM measured ORDER BY uuid").fetchall())

    def one(self, uuid: str) -> Measured | None:
        """Return what was measured of an episode, None if nothing was."""
        found = self._database.execute("SELECT row, crc FROM measured WHERE uuid = ?", (uuid,)).fetchone()
        return _DECODER.decode(found[0]) if found is not None and _sound(*found) else None

    def put(self, measured: Measured, visits: np.ndarray) -> None:
        """Keep what was measured of an episode, and which state-action cells it visited (`app.quality.coverage`)."""
        row, cells = msgspec.msgpack.encode(measured), visits.astype("<i8").tobytes()
        with self._database:
            self._database.execute(
                "INSERT OR REPLACE INTO measured VALUES (?, ?, ?, ?, ?, ?)",
                (measured.uuid, measured.version, row, zlib.crc32(row), cells, zlib.crc32(cells)),
            )

    def visits(self) -> dict[str, np.ndarray]:
        """Return the cells that each episode visited, int64 (n,), by uuid."""
        found = self._database.execute("SELECT uuid, visits, visits_crc FROM measured ORDER BY uuid")
        return {uuid: np.frombuffer(cells, "<i8") for uuid, cells, crc in found if _sound(cells, crc)}

    def put_about(self, name: str, about: Any) -> None:
        """Keep something about the whole set as JSON, by name."""
        row = msgspec.json.encode(about)
        with self._database:
            self._database.execute(
                "INSERT OR REPLACE INTO about VALUES (?, ?, ?)", (name, row, zlib.crc32(row))
            )

    def about(self, name: str) -> Any:
        """Return what was kept about the whole set, None if nothing was."""
        found = self._database.execute("SELECT row, crc FROM about WHERE name = ?", (name,)).fetchone()
        return msgspec.json.decode(found[0]) if found is not None and _sound(*found) else None

    def keep_only(self, uuids: set[str]) -> None:
        """Forget episodes that are not there any more."""
        known = {row[0] for row in self._database.execute("SELECT uuid FROM measured")}
        with self._database:
            self._database.executemany(
                "DELETE FROM measured WHERE uuid = ?", [(uuid,) for uuid in sorted(known - uuids)]
            )

    def _open(self, memory: bool = False) -> sqlite3.Connection:
        writable = os.access(self.path.parent, os.W_OK) and not self._read_only
        if memory or not (writable or self.path.is_file()):
            database = sqlite3.connect(":memory:")
        elif writable:
            database = sqlite3.connect(self.path, timeout=_LOCK_WAIT_S)
        else:
            database = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode=ro", uri=True, timeout=_LOCK_WAIT_S
            )
        try:
            self._prepare(database)
        except DAMAGED:
            database.close()
            raise
        return database

    def _prepare(self, database: sqlite3.Connection) -> None:
        (layout,) = database.execute("PRAGMA user_version").fetchone()
        if layout == LAYOUT:
            return
        if layout != 0:
            raise sqlite3.DatabaseError(f"it has layout {layout}")
        database.execute(
            "CREATE TABLE measured (uuid TEXT PRIMARY KEY, version TEXT, row BLOB, crc INTEGER, visits BLOB,"
            " visits_crc INTEGER)"
        )
        database.execute("CREATE TABLE about (name TEXT PRIMARY KEY, row BLOB, crc INTEGER)")
        database.execute(f"PRAGMA user_version = {LAYOUT}")

    def _check(self) -> None:
        """Read every row.

        Raises:
            sqlite3.DatabaseError: If one is not what was written: SQLite itself would not notice.
        """
        for table, columns in (
            ("measured", "row, crc"),
            ("measured", "visits, visits_crc"),
            ("about", "row, crc"),
        ):
            for data, crc in self._database.execute(f"SELECT {columns} FROM {table}"):
                if not _sound(data, crc):
                    raise sqlite3.DatabaseError("a row is damaged")

    def _begin_anew(self) -> None:
        """Start afresh; a locked or unwritable file is left alone, and one in memory serves this once."""
        if getattr(self, "_database", None) is not None:
            self._database.close()
        try:
            if self._read_only or "locked" in self.rebuilt:
                raise OSError("it is another's to write")
            self.path.unlink(missing_ok=True)
            self._database = self._open()
        except (OSError, *DAMAGED):
            self._database = self._open(memory=True)


class Marks(msgspec.Struct, frozen=True):
    """What a row says of its quality; `app.core.episodes.EpisodeRow` explains the fields."""

    measures: dict[str, float]
    doubts: tuple[str, ...]


def quality_version(folder: Path) -> tuple[int, int]:
    """Return what changes when something was measured: size and time of the file; (0, 0) when there is none."""
    try:
        status = (folder / MEASURES_NAME).stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def quality_marks(folder: Path) -> dict[str, Marks]:
    """Return what rows say of what was measured, by uuid; nothing where nothing was."""
    if not (folder / MEASURES_NAME).is_file():
        return {}
    with MeasureStore(folder, read_only=True) as store:
        measured, outliers = store.all(), store.about("outliers") or {}
    found = {}
    for uuid, each in measured.items():
        kinds = {flag.kind for flag in each.flags} | ({"outlier"} if uuid in outliers else set())
        found[uuid] = Marks(each.measures, tuple(sorted(kinds)))
    return found


def with_measures(folder: Path, rows: list[EpisodeRow]) -> list[EpisodeRow]:
    """Return rows with what was measured of them; as they are where nothing was."""
    marks = quality_marks(folder)
    return [marked(row, marks.get(row.uuid)) for row in rows]


def marked(row: EpisodeRow, marks: Marks | None) -> EpisodeRow:
    """Return a row with its marks, if it has any; the peak force of a part is what was measured of it."""
    if marks is None:
        return row
    peak_n = marks.measures.get("peak_n") if row.part_of else row.peak_force_n
    return msgspec.structs.replace(row, measures=marks.measures, doubts=marks.doubts, peak_force_n=peak_n)
