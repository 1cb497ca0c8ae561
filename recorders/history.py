"""Undo and redo of labels: of one episode, of a step over many, and of splitting and joining. Survives restarts.

A step over many episodes has a name; `DIR/labels/groups/<name>.json` lists whom it changed. Used by the reader role
through `recorders.labels`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from app.core.errors import EpisodeError
from recorders.files import labels_of, make_folder, write_atomically
from recorders.sheets import LabelSheet, check_name, read_labels, write_sheet

GROUPS = "groups"
KEPT_GROUPS = 50  # the newest are left alone: one of them may be being made
PRUNE_READS = 500  # sheets that are looked at for one step, about


class Step(msgspec.Struct, frozen=True):
    """What one undo or redo did.

    Attributes:
        sheet: The sheet that was moved first; the parent's where a part had no step of its own left.
        moved: All episodes whose labels changed.
        stayed: Episodes of the same step that were changed since, and keep what they have.
        failed: Episode to the reason why its labels could not be moved.
    """

    sheet: LabelSheet
    moved: tuple[str, ...] = ()
    stayed: tuple[str, ...] = ()
    failed: dict[str, str] = {}


def undo_labels(folder: Path, uuid: str) -> LabelSheet:
    """Go one step back, if there is one, and return the sheet."""
    return step_labels(folder, uuid, -1).sheet


def redo_labels(folder: Path, uuid: str) -> LabelSheet:
    """Go one undone step forward, if there is one, and return the sheet."""
    return step_labels(folder, uuid, +1).sheet


def step_labels(folder: Path, uuid: str, by: int) -> Step:
    """Move an episode's labels one step back (−1) or forward (+1), and with it all that the step changed.

    Raises:
        EpisodeError: If the labels of this episode cannot be read or written.
    """
    sheet = holder(folder, read_labels(folder, uuid), by)
    group = group_of(sheet, by)
    moved = write_sheet(folder, sheet, sheet.moved(by))
    if not group:
        return Step(moved, (moved.uuid,) if moved != sheet else ())
    return _rest_of(folder, group, by, moved)


def step_many(folder: Path, uuids: Sequence[str], by: int) -> Step:
    """Take back (or make again) the latest step over many episodes that any of these took part in.

    Raises:
        EpisodeError: If there is none.
    """
    found: dict[str, str] = {}
    for uuid in uuids:
        try:
            group = group_of(read_labels(folder, uuid), by)
        except EpisodeError:
            continue  # the others can be moved nevertheless
        if group:
            found[group] = uuid
    if not found:
        word = "made last" if by < 0 else "undone last"
        raise EpisodeError("these episodes", f"no step over several of them was {word}")
    name = max(found) if by < 0 else min(found)  # names sort by time
    return step_labels(folder, found[name], by)


def holder(folder: Path, sheet: LabelSheet, by: int) -> LabelSheet:
    """Return the sheet that has the step: a part without one of its own falls back to how its parent was split."""
    own = sheet.can_undo if by < 0 else sheet.can_redo
    if own or not sheet.part_of:
        return sheet
    parent = read_labels(folder, sheet.part_of)
    beside = parent.moved(by)
    return parent if beside.labels.parts != parent.labels.parts else sheet


def can_step(folder: Path, sheet: LabelSheet, by: int) -> bool:
    """Return whether there is a step back or forward."""
    found = holder(folder, sheet, by)
    return found.can_undo if by < 0 else found.can_redo


def group_of(sheet: LabelSheet, by: int) -> str:
    """Return the name of the step over many that would be taken back or made again; empty if it is none."""
    return sheet.groups.get(sheet.at if by < 0 else sheet.at + 1, "")


def _rest_of(folder: Path, group: str, by: int, first: LabelSheet) -> Step:
    moved, stayed, failed = [first.uuid], [], {}
    for uuid in read_group(folder, group):
        if uuid == first.uuid:
            continue
        try:
            sheet = read_labels(folder, uuid)
            if group_of(sheet, by) != group:
                stayed.append(uuid)
                continue
            write_sheet(folder, sheet, sheet.moved(by))
            moved.append(uuid)
        except EpisodeError as error:
            failed[uuid] = error.sentence()
    return Step(first, tuple(moved), tuple(stayed), failed)


def write_group(folder: Path, group: str, uuids: Sequence[str]) -> None:
    """Note whom a step changes, before it does; older notes that nothing needs any more go.

    Raises:
        EpisodeError: If it cannot be written.
    """
    path = _group_path(folder, group)
    try:
        make_folder(path.parent)
        write_atomically(path, msgspec.json.encode(list(uuids)))
    except OSError as error:
        raise EpisodeError(
            f"labels {path}", f"they cannot be written ({error.strerror})",
            way_out="Make room, or make the folder writable",
        ) from error  # fmt: skip
    _prune_groups(folder)


def _prune_groups(folder: Path) -> None:
    """Delete lists of old steps that no history names any more: forgotten, overwritten after an undo, or purged."""
    left = PRUNE_READS
    for name in sorted(path.stem for path in (labels_of(folder) / GROUPS).glob("*.json"))[:-KEPT_GROUPS]:
        uuids = read_group(folder, name)
        named = next((at for at, uuid in enumerate(uuids, 1) if _names(folder, uuid, name)), 0)
        if uuids and not named:
            with contextlib.suppress(OSError):  # the next step tries again
                _group_path(folder, name).unlink()
        left -= named or len(uuids)
        if left <= 0:
            return


def _names(folder: Path, uuid: str, group: str) -> bool:
    """Whether an episode's history has a step, as far as it can be read."""
    try:
        return group in read_labels(folder, uuid).groups.values()
    except EpisodeError:
        return True


def read_group(folder: Path, group: str) -> list[str]:
    """Return whom a step changed; nobody else if its list is lost, so that at least the one asked for can go back."""
    try:
        return msgspec.json.decode(_group_path(folder, group).read_bytes(), type=list[str])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return []


def _group_path(folder: Path, group: str) -> Path:
    return labels_of(folder) / GROUPS / f"{check_name(group)}.json"
