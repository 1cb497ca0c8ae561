"""Which of the recorded episodes a run learns from, and why others are left out. Used by `train` and the form in Train.

Free of torch: the window counts with it what the trainer will take.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

from app.core.episodes import EpisodeRow


class DataChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person leaves out of the kept successes."""

    without: Annotated[
        tuple[str, ...],
        Meta(
            description="Kinds of flags, of the recorder or of the quality check; an episode with one is left out."
        ),
    ] = ()
    least_score: Annotated[
        float | None, Meta(description="Episodes with a smaller score, or none, are left out.")
    ] = None


class LeftOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kept success that is not learned from, and why."""

    uuid: str
    why: str


class DataReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of all episodes of a run's folders.

    Attributes:
        left_out: By choice.
        unusable: How many could not be chosen, by reason.
    """

    choice: DataChoice = DataChoice()
    left_out: tuple[LeftOut, ...] = ()
    unusable: dict[str, int] = {}


def kinds_of(row: EpisodeRow) -> tuple[str, ...]:
    """Return the kinds of all flags of an episode, sorted: the recorder's and the quality check's."""
    return tuple(sorted({flag.kind for flag in row.flags} | set(row.doubts)))


def family_of(row: EpisodeRow) -> str:
    """Return the uuid of the demonstration that an episode was made from, or is a part of; its own if it is one."""
    provenance = row.provenance or {}
    parent = provenance.get("part_of") or provenance.get("parent")
    return str(parent) if parent else row.part_of or row.uuid


def unusable(row: EpisodeRow) -> str:
    """Return why an episode can never be learned from as it is; empty for a kept success."""
    if row.usable:
        return ""
    if row.broken or row.label_problem:
        return "cannot be read"
    if row.trashed_at:
        return "in the trash"
    return "rejected" if row.rejected else row.outcome or "no outcome"


def sift(rows: Iterable[EpisodeRow], choice: DataChoice) -> tuple[list[EpisodeRow], DataReport]:
    """Return the episodes to learn from, and what became of the others.

    What was made from a flagged episode repeats it, and is left out with it.
    """
    every = list({row.uuid: row for row in rows}.values())
    flagged = {row.uuid for row in every if set(kinds_of(row)) & set(choice.without)}
    kept: list[EpisodeRow] = []
    out: list[LeftOut] = []
    lost: Counter[str] = Counter()
    for row in every:
        if cause := unusable(row):
            lost[cause] += 1
        elif why := _why(row, choice, flagged):
            out.append(LeftOut(row.uuid, why))
        else:
            kept.append(row)
    return kept, DataReport(choice, tuple(out), dict(sorted(lost.items())))


def _why(row: EpisodeRow, choice: DataChoice, flagged: set[str]) -> str:
    """Return why a kept success is left out; empty if it is not."""
    if kinds := [kind for kind in kinds_of(row) if kind in choice.without]:
        return f"flagged: {', '.join(kinds)}"
    if family_of(row) in flagged:
        return "made from a flagged episode"
    if choice.least_score is not None and (row.score is None or row.score < choice.least_score):
        return "no score" if row.score is None else f"score {row.score:.2f}"
    return ""
