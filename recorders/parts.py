"""Splitting an episode into parts and joining them again: labels only. Used by the reader role.

The parent's labels list the parts (`Labels.parts`); the library shows them in its place, each with labels of its own.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from app.core.errors import EpisodeError
from app.core.ids import new_uuid
from recorders.library import EpisodeRow, find_episode
from recorders.sheets import (
    SCHEMA_VERSION,
    Labels,
    LabelSheet,
    Part,
    change_labels,
    labels_path,
    read_labels,
    write_sheet,
)

SHORTEST_NS = 100_000_000  # of a part


def split_episode(folder: Path, uuid: str, t_ns: int) -> LabelSheet:
    """Split an episode, or a part of one, at a session time; returns the sheet of the file's episode.

    Each part takes over outcome, instruction, notes and tags, and of trim and phases what lies in it. A part that the
    trim had cut off altogether begins rejected.

    Raises:
        EpisodeError: If the time lies outside or too near to an end, or the episode is broken.
    """
    row = _whole(folder, uuid)
    if not row.start_ns + SHORTEST_NS <= t_ns <= row.end_ns - SHORTEST_NS:
        raise EpisodeError(
            f"episode {uuid}", "it cannot be split here",
            way_out=f"Choose a time {SHORTEST_NS / 1e9:g} s or more from both ends",
        )  # fmt: skip
    parent = row.part_of or uuid
    pieces = (Part(new_uuid(), row.start_ns, t_ns), Part(new_uuid(), t_ns, row.end_ns))
    labels = read_labels(folder, uuid).labels
    for piece in pieces:
        _begin(folder, parent, piece, carried(labels, piece))
    parts = read_labels(folder, parent).labels.parts or (Part(uuid, row.start_ns, row.end_ns),)
    at = next((number for number, part in enumerate(parts) if part.uuid == uuid), None)
    if at is None:
        raise EpisodeError(f"episode {uuid}", f"it is no part of {parent} any more")
    return _say(folder, parent, (*parts[:at], *pieces, *parts[at + 1 :]))


def part_span(folder: Path, uuid: str) -> tuple[str, tuple[int, ...]]:
    """Return the episode whose part a uuid is, with the part's start and end in ns; empty if it is no part of one."""
    parent = read_labels(folder, uuid).part_of
    parts = read_labels(folder, parent).labels.parts if parent else ()
    return next(((parent, (part.start_ns, part.end_ns)) for part in parts if part.uuid == uuid), ("", ()))


def join_parts(folder: Path, uuid: str) -> LabelSheet:
    """Join a part with the one that follows it, the last one with the one before; returns the sheet of the episode.

    What was said of both goes together; an outcome on which they differ falls back to the recorded one. Where nothing
    is split any more, the labels of the parts become the episode's.

    Raises:
        EpisodeError: If it is no part, or one of the two lies in the trash.
    """
    row = _whole(folder, uuid)
    parts = read_labels(folder, row.part_of).labels.parts if row.part_of else ()
    at = next((number for number, part in enumerate(parts) if part.uuid == uuid), None)
    if at is None or len(parts) < 2:
        raise EpisodeError(f"episode {uuid}", "it is not part of a split episode")
    at = min(at, len(parts) - 2)
    one, two = parts[at : at + 2]
    said = [read_labels(folder, part.uuid).labels for part in (one, two)]
    if any(labels.trashed_at for labels in said):
        raise EpisodeError(f"episode {uuid}", "its neighbour lies in the trash", way_out="Restore it first")
    labels = merged(said[0], said[1], two.start_ns)
    if len(parts) == 2:
        fields = {name: msgspec.to_builtins(getattr(labels, name)) for name in Labels.__struct_fields__}
        return change_labels(folder, row.part_of, {**fields, "parts": []})
    whole = Part(new_uuid(), one.start_ns, two.end_ns)
    _begin(folder, row.part_of, whole, labels)
    return _say(folder, row.part_of, (*parts[:at], whole, *parts[at + 2 :]))


def carried(labels: Labels, part: Part) -> Labels:
    """Return what a part takes over from the whole."""
    start, end = labels.trim_start_ns, labels.trim_end_ns
    cut_off = (start is not None and start >= part.end_ns) or (end is not None and end <= part.start_ns)
    phases = [mark for mark in labels.phases if part.start_ns <= mark[0] < part.end_ns]
    going = [name for t_ns, name in labels.phases if t_ns < part.start_ns]
    if going and (not phases or phases[0][0] > part.start_ns):
        phases.insert(0, (part.start_ns, going[-1]))
    return msgspec.structs.replace(
        labels,
        rejected=labels.rejected or cut_off,
        trim_start_ns=start if start is not None and start > part.start_ns and not cut_off else None,
        trim_end_ns=end if end is not None and end < part.end_ns and not cut_off else None,
        phases=tuple(phases), subtasks=within(labels.subtasks, part), parts=(), trashed_at=None,
    )  # fmt: skip


def within(subtasks: tuple[tuple[int, int, str], ...], part: Part) -> tuple[tuple[int, int, str], ...]:
    """Return what of subtasks lies in a part."""
    cut = [(max(start, part.start_ns), min(end, part.end_ns), text) for start, end, text in subtasks]
    return tuple(each for each in cut if each[0] < each[1])


def merged(one: Labels, two: Labels, seam_ns: int) -> Labels:
    """Return what is said of two parts that are joined at `seam_ns`: a rejected one is trimmed off."""
    phases = list(one.phases)
    for t_ns, name in two.phases:
        if not (t_ns == seam_ns and phases and phases[-1][1] == name):  # it only went on
            phases.append((t_ns, name))
    notes = [text for text in dict.fromkeys((one.notes, two.notes)) if text]
    start, end = one.trim_start_ns, two.trim_end_ns
    if one.rejected and not two.rejected:
        start = two.trim_start_ns or seam_ns
    if two.rejected and not one.rejected:
        end = one.trim_end_ns or seam_ns
    return Labels(
        outcome=one.outcome if one.outcome == two.outcome else None,
        trim_start_ns=start, trim_end_ns=end,
        phases=tuple(phases), subtasks=_rejoined(one.subtasks, two.subtasks),
        instruction=one.instruction if one.instruction is not None else two.instruction,
        notes="; ".join(notes), tags=tuple(sorted({*one.tags, *two.tags})), rejected=one.rejected and two.rejected,
    )  # fmt: skip


def _rejoined(
    one: tuple[tuple[int, int, str], ...], two: tuple[tuple[int, int, str], ...]
) -> tuple[tuple[int, int, str], ...]:
    """Return the subtasks of two neighbours; one that the seam had cut is one again."""
    if one and two and one[-1][1] == two[0][0] and one[-1][2] == two[0][2]:
        return (*one[:-1], (one[-1][0], two[0][1], two[0][2]), *two[1:])
    return (*one, *two)


def _whole(folder: Path, uuid: str) -> EpisodeRow:
    row = find_episode(folder, uuid)
    if row.broken or row.label_problem:
        raise EpisodeError(f"episode {uuid}", (row.broken or row.label_problem).rstrip("."))
    return row


def _begin(folder: Path, parent: str, part: Part, labels: Labels) -> None:
    before = LabelSheet(0, "", (), 0)
    labels_path(folder, part.uuid)  # a name that leads nowhere else
    write_sheet(folder, before, LabelSheet(SCHEMA_VERSION, part.uuid, (labels,), 0, part_of=parent))


def _say(folder: Path, parent: str, parts: tuple[Part, ...]) -> LabelSheet:
    return change_labels(folder, parent, {"parts": msgspec.to_builtins(parts)})
