"""What a person says of an episode afterwards: outcome, trim, phases, instruction, notes. Beside it, never in it.

One file per episode, `DIR/labels/<uuid>.json`, replaced as a whole, with a linear history of undo and redo that
survives restarts. Others use it through `recorders.labels`.
"""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from app.core.errors import EpisodeError
from recorders.files import labels_of, make_folder, write_atomically
from recorders.records import OUTCOMES, Outcome

SCHEMA_VERSION = 2
READABLE = (1, 2)  # 1 knew no rejection, trash, tags, parts and groups
MAX_STATES = 500
MOST_NAME_BYTES = 200  # of the 255 a file name may have: endings are added
MAX_TEXT = 20_000
MAX_PHASES = 1000
MAX_TAGS = 100
MAX_TAG = 100
MAX_PARTS = 1000


class Part(msgspec.Struct, frozen=True):
    """A piece of an episode that stands in the library instead of the whole, with labels of its own.

    Attributes:
        uuid: Its own identifier, the name of its label file.
        start_ns, end_ns: Session times.
    """

    uuid: str
    start_ns: int
    end_ns: int


class Labels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be said of one episode; None or empty = nothing was said.

    Attributes:
        outcome: Overrides the recorded outcome.
        trim_start_ns: Session time before which training looks at nothing.
        trim_end_ns: The same for after.
        phases: Marks (session time in ns, name), in the order of time.
        instruction: Overrides the recorded instruction.
        subtasks: What is done from when to when, in words: (start_ns, end_ns, text), in the order of time, none over
            another.
        notes: Free text.
        tags: Words to find it by, sorted.
        rejected: Training and export leave it out.
        trashed_at: When it went to the trash, ISO 8601 with offset; None if it did not.
        parts: The pieces it is split into, without gaps and in the order of time; empty if it is whole.
    """

    outcome: Outcome | None = None
    trim_start_ns: int | None = None
    trim_end_ns: int | None = None
    phases: tuple[tuple[int, str], ...] = ()
    instruction: str | None = None
    subtasks: tuple[tuple[int, int, str], ...] = ()
    notes: str = ""
    tags: tuple[str, ...] = ()
    rejected: bool = False
    trashed_at: str | None = None
    parts: tuple[Part, ...] = ()


class LabelSheet(msgspec.Struct, frozen=True):
    """The history of one episode's labels: `states[at]` holds now, what follows it can be redone.

    Attributes:
        part_of: The episode whose part this is; empty for an episode with a file of its own.
        groups: State number to the name of the step over many episodes that made it (`recorders.bulk`).
    """

    version: int
    uuid: str
    states: tuple[Labels, ...]
    at: int
    part_of: str = ""
    groups: dict[int, str] = {}

    @property
    def labels(self) -> Labels:
        """The labels that hold now."""
        return self.states[self.at]

    @property
    def can_undo(self) -> bool:
        """Whether there is an older state."""
        return self.at > 0

    @property
    def can_redo(self) -> bool:
        """Whether an undone state is left."""
        return self.at < len(self.states) - 1

    def moved(self, by: int) -> LabelSheet:
        """Return the sheet `by` states later (earlier if negative), as far as the history goes."""
        return msgspec.structs.replace(self, at=min(max(self.at + by, 0), len(self.states) - 1))

    def changed(self, labels: Labels, group: str = "") -> LabelSheet:
        """Return the sheet with a new state, from which the undone ones are gone; the same if nothing changes."""
        if labels == self.labels:
            return self
        states = (*self.states[: self.at + 1], labels)
        groups = {number: name for number, name in self.groups.items() if number <= self.at}
        if group:
            groups[len(states) - 1] = group
        lost = max(0, len(states) - MAX_STATES)
        groups = {number - lost: name for number, name in groups.items() if number > lost}
        return msgspec.structs.replace(self, states=states[lost:], at=len(states) - lost - 1, groups=groups)


def labels_path(folder: Path, uuid: str) -> Path:
    """Return where the labels of an episode lie.

    Raises:
        EpisodeError: If `uuid` is no name of an episode.
    """
    return labels_of(folder) / f"{check_name(uuid)}.json"


def check_name(uuid: str) -> str:
    """Return a name that leads nowhere else.

    Raises:
        EpisodeError: If it could not be the name of an episode's file.
    """
    long = len(uuid.encode(errors="replace")) > MOST_NAME_BYTES
    if not uuid or long or "/" in uuid or "\0" in uuid or uuid.startswith("."):
        raise EpisodeError(f"episode {uuid[:80]!r}", "this is no name of an episode")
    return uuid


def read_labels(folder: Path, uuid: str) -> LabelSheet:
    """Return the labels of an episode; an empty sheet if nothing was ever said.

    Raises:
        EpisodeError: If the file is broken or of another schema version.
    """
    path = labels_path(folder, uuid)
    try:
        sheet = msgspec.json.decode(path.read_bytes(), type=LabelSheet)
    except FileNotFoundError:
        return LabelSheet(SCHEMA_VERSION, uuid, (Labels(),), 0)
    except (
        OSError,
        msgspec.DecodeError,
        msgspec.ValidationError,
        UnicodeDecodeError,
        RecursionError,
    ) as error:
        raise EpisodeError(
            f"labels {path}",
            f"the file is broken ({error})",
            way_out="Restore it from a copy, or delete it to start afresh",
        ) from error
    if sheet.version not in READABLE:
        raise EpisodeError(
            f"labels {path}", f"schema version {sheet.version} is not known here", options=map(str, READABLE),
            way_out="Open it with the Touchstone version that wrote it",
        )  # fmt: skip
    if not 0 <= sheet.at < len(sheet.states):
        raise EpisodeError(f"labels {path}", f"state {sheet.at} of {len(sheet.states)} is said to hold")
    return sheet


def change_labels(folder: Path, uuid: str, change: dict[str, Any], group: str = "") -> LabelSheet:
    """Change some fields of an episode's labels, as one step of the history, and return the new sheet.

    Args:
        change: Fields of `Labels` by name with their new values; those not named stay.
        group: The step over many episodes of which this is one, if any.

    Raises:
        EpisodeError: If a field is unknown or its value cannot be.
    """
    sheet = read_labels(folder, uuid)
    names = Labels.__struct_fields__
    if unknown := sorted(set(change) - set(names)):
        raise EpisodeError(f"labels of {uuid}", f"{unknown[0]!r} is no label", options=names)
    try:
        labels = msgspec.convert({**msgspec.to_builtins(sheet.labels), **change}, Labels)
    except msgspec.ValidationError as error:
        raise EpisodeError(
            f"labels of {uuid}", f"this cannot be ({error})", options=_options(change)
        ) from error
    return write_sheet(folder, sheet, sheet.changed(_checked(uuid, labels), group))


def _options(change: dict[str, Any]) -> tuple[str, ...]:
    return OUTCOMES if change.get("outcome") not in (None, *OUTCOMES) else ()


def _checked(uuid: str, labels: Labels) -> Labels:
    start, end = labels.trim_start_ns, labels.trim_end_ns
    if start is not None and end is not None and start >= end:
        raise EpisodeError(f"labels of {uuid}", f"the trim would start at {start} and end at {end} ns")
    if len(labels.phases) > MAX_PHASES or any(not name.strip() for _, name in labels.phases):
        raise EpisodeError(f"labels of {uuid}", f"there can be {MAX_PHASES} phases at most, each with a name")
    subtasks = _checked_subtasks(uuid, labels.subtasks)
    texts = (
        labels.notes, labels.instruction or "", *(name for _, name in labels.phases),
        *(text for *_, text in subtasks),
    )  # fmt: skip
    if max(map(len, texts)) > MAX_TEXT:
        raise EpisodeError(f"labels of {uuid}", f"a text is longer than {MAX_TEXT} characters")
    tags = tuple(sorted({" ".join(tag.split()) for tag in labels.tags} - {""}))
    if len(tags) > MAX_TAGS or any(len(tag) > MAX_TAG for tag in tags):
        raise EpisodeError(
            f"labels of {uuid}", f"there can be {MAX_TAGS} tags at most, of {MAX_TAG} characters"
        )
    _check_trash(uuid, labels.trashed_at)
    _check_parts(uuid, labels.parts)
    return msgspec.structs.replace(labels, phases=tuple(sorted(labels.phases)), subtasks=subtasks, tags=tags)


def _checked_subtasks(
    uuid: str, subtasks: tuple[tuple[int, int, str], ...]
) -> tuple[tuple[int, int, str], ...]:
    found = tuple(sorted((start, end, " ".join(text.split())) for start, end, text in subtasks))
    if len(found) > MAX_PHASES or any(start >= end or not text for start, end, text in found):
        raise EpisodeError(
            f"labels of {uuid}",
            f"there can be {MAX_PHASES} subtasks at most, each with words and an end after its start",
        )
    for (_, end, text), (start, _, other) in pairwise(found):
        if start < end:
            raise EpisodeError(
                f"labels of {uuid}", f"the subtasks {text!r} and {other!r} are over each other"
            )
    return found


def _check_trash(uuid: str, trashed_at: str | None) -> None:
    if trashed_at is None:
        return
    try:
        aware = datetime.fromisoformat(trashed_at).tzinfo is not None
    except ValueError:
        aware = False
    if not aware:
        raise EpisodeError(f"labels of {uuid}", f"{trashed_at!r} is no time with its offset (ISO 8601)")


def _check_parts(uuid: str, parts: tuple[Part, ...]) -> None:
    ordered = all(one.end_ns == two.start_ns for one, two in pairwise(parts))
    if len(parts) > MAX_PARTS or not ordered or any(part.start_ns >= part.end_ns for part in parts):
        raise EpisodeError(
            f"labels of {uuid}", f"its parts (at most {MAX_PARTS}) must follow each other without gap"
        )
    if len({part.uuid for part in parts} | {uuid}) != len(parts) + 1:
        raise EpisodeError(f"labels of {uuid}", "each part needs a uuid of its own")
    for part in parts:
        check_name(part.uuid)


def write_sheet(folder: Path, old: LabelSheet, new: LabelSheet) -> LabelSheet:
    """Replace the file of a sheet if it is another one than before; returns it.

    Raises:
        EpisodeError: If it cannot be written.
    """
    if new == old:
        return old
    new = msgspec.structs.replace(new, version=SCHEMA_VERSION)
    path = labels_path(folder, new.uuid)
    try:
        make_folder(path.parent)
        write_atomically(path, msgspec.json.format(msgspec.json.encode(new), indent=1))
    except OSError as error:
        raise EpisodeError(
            f"labels {path}",
            f"they cannot be written ({error.strerror})",
            way_out="Make room, or make the folder writable",
        ) from error
    return new
