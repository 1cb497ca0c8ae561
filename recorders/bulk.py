"""The same change of labels for many episodes, as one step that one undo takes back. Used by the reader role."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from app.core.errors import EpisodeError
from app.core.ids import new_uuid
from recorders.history import write_group
from recorders.sheets import Labels, change_labels, read_labels


class Edit(msgspec.Struct, frozen=True):
    """What is changed about each episode; what is not named stays.

    Attributes:
        change: Fields of `Labels` with their new values.
        append_notes: Words behind the notes.
        add_tags, remove_tags: Words.
        trash: True puts it into the trash, False takes it out.
    """

    change: dict[str, Any] = {}
    append_notes: str = ""
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    trash: bool | None = None


class Bulk(msgspec.Struct, frozen=True):
    """What a step over many did.

    Attributes:
        group: Its name in the history; empty where nothing changed.
        changed: Episodes that are different now.
        same: Those that were like this before.
        failed: Episode to the reason.
    """

    group: str
    changed: tuple[str, ...]
    same: tuple[str, ...]
    failed: dict[str, str]


def change_many(folder: Path, uuids: Sequence[str], edit: Edit) -> Bulk:
    """Change labels of many episodes; one that fails does not keep the others.

    Raises:
        EpisodeError: If the step cannot be noted; nothing was changed then.
    """
    now = datetime.now(UTC).astimezone().isoformat(timespec="seconds")
    group = new_uuid()
    changed: list[str] = []
    same: list[str] = []
    failed: dict[str, str] = {}
    uuids = list(dict.fromkeys(uuids))
    write_group(folder, group, uuids)
    for uuid in uuids:
        try:
            before = read_labels(folder, uuid)
            after = change_labels(folder, uuid, wanted(before.labels, edit, now), group)
        except EpisodeError as error:
            failed[uuid] = error.sentence()
        else:
            (same if after == before else changed).append(uuid)
    return Bulk(group if changed else "", tuple(changed), tuple(same), failed)


def wanted(labels: Labels, edit: Edit, now: str) -> dict[str, Any]:
    """Return the fields that an edit sets on labels; a trashed episode keeps the time at which it went."""
    change = dict(edit.change)
    if edit.append_notes.strip():
        change["notes"] = "; ".join(text for text in (labels.notes, edit.append_notes.strip()) if text)
    if edit.add_tags or edit.remove_tags:
        kept = set(labels.tags) | {" ".join(tag.split()) for tag in edit.add_tags}
        change["tags"] = sorted(kept - set(edit.remove_tags))
    if edit.trash is not None:
        change["trashed_at"] = (labels.trashed_at or now) if edit.trash else None
    return change
