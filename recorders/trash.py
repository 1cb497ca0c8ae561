"""The trash: what lies in it, what is due, and deleting for good. Used by the roles `episodes` and `read`.

Trashing is a label (`Labels.trashed_at`); only what this module deletes is gone. A file goes when all its parts lie in
the trash.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from app.core.errors import EpisodeError
from recorders.files import remove
from recorders.library import EpisodeRow, list_episodes
from recorders.sheets import labels_path


class Purged(msgspec.Struct, frozen=True):
    """What was deleted.

    Attributes:
        episodes: Uuids, parts included.
        bytes: Of their files.
        kept: Uuid to the reason why it is still there.
    """

    episodes: tuple[str, ...]
    bytes: int
    kept: dict[str, str]


def due(rows: Sequence[EpisodeRow], now: datetime, days: float) -> list[str]:
    """Return the episodes that have been in the trash for `days` or longer."""
    limit = now - timedelta(days=days)
    return [row.uuid for row in rows if row.trashed_at and datetime.fromisoformat(row.trashed_at) <= limit]


def purge(folder: Path, uuids: Collection[str]) -> Purged:
    """Delete files and labels of episodes that lie in the trash; the rest of those named stays, with the reason.

    The file goes first: what is cut off in between leaves labels of nothing, never an episode that lost its labels.

    Raises:
        EpisodeError: If there is no such folder.
    """
    rows = list_episodes(folder)
    known = {row.uuid: row for row in rows}
    kept = {uuid: "it is not in this folder" for uuid in uuids if uuid not in known}
    deleted: list[str] = []
    size = 0
    for path, family in _families(rows).items():
        asked = [row for row in family if row.uuid in uuids]
        if not asked:
            continue
        reason = _why_not(family, uuids)
        if not reason:
            reason = _delete(folder, Path(path), family)
        if reason:
            kept.update((row.uuid, reason) for row in asked)
        else:
            deleted += [row.uuid for row in family]
            size += family[0].bytes
    return Purged(tuple(deleted), size, kept)


def _families(rows: Sequence[EpisodeRow]) -> dict[str, list[EpisodeRow]]:
    families: dict[str, list[EpisodeRow]] = {}
    for row in rows:
        families.setdefault(row.path, []).append(row)
    return families


def _why_not(family: Sequence[EpisodeRow], uuids: Collection[str]) -> str:
    if any(row.label_problem for row in family):
        return "its labels cannot be read"
    if any(not row.trashed_at and row.uuid in uuids for row in family):
        return "it is not in the trash"
    if any(not row.trashed_at for row in family):
        return "other parts of its file are not in the trash"
    return "" if all(row.uuid in uuids for row in family) else "other parts of its file are not due yet"


def _delete(folder: Path, path: Path, family: Sequence[EpisodeRow]) -> str:
    try:
        remove(path)
        for uuid in {row.uuid for row in family} | {row.part_of for row in family if row.part_of}:
            if (labels := labels_path(folder, uuid)).exists():
                remove(labels)
    except (OSError, EpisodeError) as error:
        return f"it cannot be deleted ({getattr(error, 'strerror', None) or error})"
    return ""
