"""The rows of a data folder, held in memory: only what changed is read again, and only that need be asked for.

Used by `recorders.library` (once) and by the reader role (for as long as it lives).
"""

from __future__ import annotations

import itertools
import os
import time
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path

import msgspec

from app.core.episodes import EpisodeRow
from app.core.errors import EpisodeError
from app.core.ids import new_uuid
from recorders.catalogue import Index, Said, load, store
from recorders.doubt import Careful
from recorders.effective import effective_rows
from recorders.measures import Marks, marked, quality_marks, quality_version
from recorders.scan import Key, Version, find_files, find_labels, path_of
from recorders.sheets import Labels, check_name, read_labels

JUST_NOW_NS = 2_000_000_000  # a file changed so lately may change again under the same time of change
MOST_FOLDERS = 8
LOOK_AGAIN_S = 2.0  # while files are left to be read, the folder is not gone through for each answer
RowKey = tuple[str, str]  # path, uuid


class Changes(msgspec.Struct, frozen=True):
    """Rows that changed, in the order in which they did.

    Attributes:
        serial: Ask for what follows it next time.
        gone: Path and uuid of rows that are not there any more.
        more: Whether there is more already.
    """

    serial: int
    rows: tuple[EpisodeRow, ...]
    gone: tuple[RowKey, ...]
    more: bool


class Listing:
    """The rows of one folder. Owned by one thread.

    Args:
        quality: Rows carry what was measured of them.

    Attributes:
        stamp: Differs from that of every other listing, so that serial numbers are not mixed up.
    """

    def __init__(self, folder: Path, quality: bool = False) -> None:
        self._quality, self._marks, self._marks_version = quality, dict[str, Marks](), (0, 0)
        self.folder, self.stamp = folder, new_uuid()
        self._index: Index | None = None
        self._shown: dict[Key, tuple[EpisodeRow, ...]] = {}
        self._log: dict[RowKey, tuple[int, EpisodeRow | None]] = {}  # in the order of their serial numbers
        self._broken: dict[Key, Version] = {}
        self._backlog: list[tuple[Key, Version]] = []  # files that are to be read, the last one first
        self._looked_s = -LOOK_AGAIN_S
        self._serials = itertools.count(1)
        self._of_label: dict[str, Key] = {}  # uuid of an episode or part to its file

    def rows(self) -> list[EpisodeRow]:
        """Return all rows, the oldest first (by start of recording, then by name)."""
        return sorted((row for rows in self._shown.values() for row in rows), key=_order)

    @property
    def pending(self) -> int:
        """Files that are known by name but not read yet."""
        return len(self._backlog)

    def refresh(self, budget_s: float | None = None) -> None:
        """Look at the folder, and read what is new or changed for `budget_s` seconds, one file at least.

        Raises:
            EpisodeError: If there is no such folder.
        """
        if not self.folder.is_dir():
            raise EpisodeError(
                f"data folder {self.folder}", "there is no such folder",
                way_out="Record with `python main.py collect --data DIR`",
            )  # fmt: skip
        deadline = None if budget_s is None else time.monotonic() + budget_s
        touched: set[Key] = set()
        if self._index is None:
            self._index = load(self.folder)
            touched = set(self._index.files)
            for key, (_, row) in self._index.files.items():
                msgspec.structs.force_setattr(row, "path", path_of(self.folder, key))
        sheets, files = set[str](), set[Key]()
        if budget_s is None or not self._backlog or time.monotonic() - self._looked_s >= LOOK_AGAIN_S:
            sheets, files = self._refresh_labels(self._index), self._look(self._index)
            self._looked_s = time.monotonic()
        files |= self._read_files(self._index, deadline)
        sheets_and_marks = sheets | self._refresh_marks()
        touched |= files | {self._of_label[uuid] for uuid in sheets_and_marks if uuid in self._of_label}
        self._show(self._index, touched)
        if files or sheets:
            store(self.folder, self._index, files, sheets)

    def _refresh_marks(self) -> set[str]:
        """Read again what was measured, if that changed; returns whose marks differ."""
        if not self._quality or (version := quality_version(self.folder)) == self._marks_version:
            return set()
        before, self._marks, self._marks_version = self._marks, quality_marks(self.folder), version
        return {
            uuid for uuid in before.keys() | self._marks.keys() if before.get(uuid) != self._marks.get(uuid)
        }

    def _refresh_labels(self, index: Index) -> set[str]:
        """Read the label files that changed; returns their uuids."""
        found, now = find_labels(self.folder), time.time_ns()
        changed = {uuid for uuid in index.labels if uuid not in found}
        for uuid in changed:
            del index.labels[uuid]
        for uuid, version in found.items():
            known = index.labels.get(uuid)
            if known is not None and known[0] == version:
                continue
            said = self._read_said(uuid)
            settled = not said.problem and now - version[1] > JUST_NOW_NS
            entry = (version if settled else (version[0], 0), said)
            if known != entry:
                index.labels[uuid] = entry
                changed.add(uuid)
        return changed

    def _read_said(self, uuid: str) -> Said:
        try:
            return Said(read_labels(self.folder, uuid).labels)
        except EpisodeError as error:
            return Said(problem=error.sentence())

    def _look(self, index: Index) -> set[Key]:
        """Note the episode files that changed, for `_read_files`; returns the keys of those that are gone."""
        found = find_files(self.folder)
        changed = {key for key in index.files if key not in found}
        for key in changed:
            del index.files[key]
            self._broken.pop(key, None)
        known = {key: version for key, (version, _) in index.files.items()} | self._broken
        fresh = [key for key, version in found.items() if known.get(key) != version]
        fresh.sort(key=lambda key: found[key][1])
        self._backlog = [(key, found[key]) for key in fresh]
        return changed

    def _read_files(self, index: Index, deadline: float | None) -> set[Key]:
        """Read the files that were noted, the newest first; returns the keys of those that say something else now."""
        changed: set[Key] = set()
        if not self._backlog:
            return changed
        careful = Careful(self.folder)
        while self._backlog:
            key, version = self._backlog.pop()
            if not os.path.exists(path_of(self.folder, key)):
                continue  # it went since; the next look sees that too
            entry = self._read_file(careful, key, version)
            if index.files.get(key) != entry:
                index.files[key] = entry
                changed.add(key)
            if deadline is not None and time.monotonic() > deadline:
                break
        careful.close()
        return changed

    def _read_file(self, careful: Careful, key: Key, version: Version) -> tuple[Version, EpisodeRow]:
        row, settled = careful.row(Path(path_of(self.folder, key)), version[0])
        if settled:
            self._broken.pop(key, None)
            return version, row
        self._broken[key] = version  # it is looked at once by each listing
        return (version[0], 0), row

    def _show(self, index: Index, touched: Iterable[Key]) -> None:
        """Make the rows of these files again and number those that differ; the newest come first."""
        fresh: list[EpisodeRow] = []
        for key in touched:
            before = self._shown.pop(key, ())
            after: tuple[EpisodeRow, ...] = ()
            if key in index.files:
                file = index.files[key][1]
                after = self._shown[key] = tuple(map(self._marked, effective_rows(file, self._said)))
                self._of_label.update(dict.fromkeys((file.uuid, *(row.uuid for row in after)), key))
            kept = {(row.path, row.uuid) for row in after}
            for row in before:
                if (row.path, row.uuid) not in kept:
                    self._number((row.path, row.uuid), None)
            fresh += [row for row in after if row not in before]
        for row in sorted(fresh, key=_order, reverse=True):
            self._number((row.path, row.uuid), row)

    def _marked(self, row: EpisodeRow) -> EpisodeRow:
        return marked(row, self._marks.get(row.uuid))

    def _said(self, uuid: str) -> tuple[Labels, str]:
        assert self._index is not None
        found = self._index.labels.get(uuid)
        if found is not None:
            return found[1].labels, found[1].problem
        try:
            check_name(uuid)
        except EpisodeError as error:
            return Labels(), error.sentence()
        return Labels(), ""

    def _number(self, key: RowKey, row: EpisodeRow | None) -> None:
        self._log.pop(key, None)
        self._log[key] = (next(self._serials), row)

    def since(self, serial: int, most: int) -> Changes:
        """Return at most `most` changes after `serial` (0 = from the beginning); does not look at the folder."""
        found = list(itertools.takewhile(lambda item: item[1][0] > serial, reversed(self._log.items())))
        page = found[::-1][:most]
        return Changes(
            page[-1][1][0] if page else serial,
            tuple(row for _, (_, row) in page if row is not None),
            tuple(key for key, (_, row) in page if row is None),
            len(found) > len(page),
        )

    def find(self, uuid: str) -> EpisodeRow | None:
        """Return the row of an episode or part as it was seen last, None if there was none."""
        rows = self._shown.get(self._of_label.get(uuid, ("", "")), ())
        return next((row for row in rows if row.uuid == uuid), None)


class Listings:
    """The listings of the folders that were asked about last. Owned by one thread.

    Args:
        quality: Rows carry what was measured of them.
    """

    def __init__(self, quality: bool = False) -> None:
        self._quality = quality
        self._held: OrderedDict[Path, Listing] = OrderedDict()

    def of(self, folder: Path) -> Listing:
        """Return the listing of a folder, made when it is asked for first."""
        if folder not in self._held:
            self._held[folder] = Listing(folder, self._quality)
        self._held.move_to_end(folder)
        while len(self._held) > MOST_FOLDERS:
            self._held.popitem(last=False)
        return self._held[folder]

    def find(self, folder: Path, uuid: str) -> EpisodeRow:
        """Return the row of an episode or part; looks at the folder only if it is not known.

        Raises:
            EpisodeError: If it is not there.
        """
        listing = self.of(folder)
        row = listing.find(uuid)
        if row is None or not os.path.exists(row.path):
            listing.refresh()
            row = listing.find(uuid)
        if row is None:
            raise EpisodeError(
                f"episode {uuid}", f"it is not in {folder}", way_out="See `python main.py episodes DIR`"
            )
        return row


def _order(row: EpisodeRow) -> tuple[str, str, int]:
    return row.order
