"""A row as it counts: what the file says, overridden by the labels; an episode that is split becomes its parts.

Pure; used by `recorders.library`.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from app.core.episodes import EpisodeRow
from recorders.sheets import Labels, Part

Said = Callable[[str], tuple[Labels, str]]


def effective_rows(file: EpisodeRow, said: Said) -> list[EpisodeRow]:
    """Return the row of a file, or those of the parts into which it is split.

    Args:
        said: The labels of a uuid, and why they cannot be read if they cannot.
    """
    labels, problem = said(file.uuid)
    if file.broken or problem or not labels.parts:
        return [with_labels(file, labels, problem)]
    return [with_labels(part_row(file, part), *said(part.uuid)) for part in labels.parts]


def with_labels(row: EpisodeRow, labels: Labels, problem: str = "") -> EpisodeRow:
    """Return a row with what a person said; `row.outcome` is the recorded one."""
    return msgspec.structs.replace(
        row, recorded_outcome=row.outcome, outcome=labels.outcome or row.outcome,
        instruction=row.instruction if labels.instruction is None else labels.instruction,
        trim_start_ns=labels.trim_start_ns, trim_end_ns=labels.trim_end_ns, phases=len(labels.phases),
        phase_names=tuple(dict.fromkeys(name for _, name in labels.phases)), notes=labels.notes, tags=labels.tags,
        rejected=labels.rejected, trashed_at=labels.trashed_at, label_problem=problem,
    )  # fmt: skip


def part_row(file: EpisodeRow, part: Part) -> EpisodeRow:
    """Return the row of a part before its labels; score and peak force were of the whole and are not known of it.

    Flags are those in it, as far as they lie in it. What was measured of the part, its peak force too, is put beside
    by `recorders.measures.marked`.
    """
    start, end = max(part.start_ns, file.start_ns), min(part.end_ns, file.end_ns)
    flags = tuple(
        msgspec.structs.replace(flag, start_ns=max(flag.start_ns, start), end_ns=min(flag.end_ns or end, end))
        for flag in file.flags
        if flag.start_ns < end and (flag.end_ns == 0 or flag.end_ns > start)
    )
    return msgspec.structs.replace(
        file, uuid=part.uuid, part_of=file.uuid, start_ns=start, end_ns=end, seconds=max(0, end - start) * 1e-9,
        score=None, peak_force_n=None, flags=flags, measures={},
    )  # fmt: skip
