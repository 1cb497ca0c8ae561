"""Measures of a set as a whole, over the time of its collection: trajectory quality and state-action coverage.

After Schweighofer et al., "A Dataset Perspective on Offline Reinforcement Learning", 2022: TQ is the mean return of the
set between those of a minimal and of the best policy, SACo its number of unique state-action pairs against a reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from app.core.episodes import EpisodeRow
from app.quality.coverage import BINS

RETURN_OF_OUTCOME = {"success": 1.0, "failure": 0.0}


class Contribution(msgspec.Struct, frozen=True):
    """What one episode brings to the set.

    Attributes:
        created: Wall-clock time of its start, ISO 8601; the set is ordered by it.
        score: The task's score, or None.
        cells: State-action cells it visits (`app.quality.coverage.cells_of`).
    """

    uuid: str
    created: str
    outcome: str
    score: float | None
    cells: np.ndarray


class References(msgspec.Struct, frozen=True):
    """What TQ and SACo of a folder are related to; `measure_set` explains the fields."""

    minimal: float = 0.0
    best: float = 1.0
    name: str = ""
    cells: tuple[int, ...] | None = None


class Growth(msgspec.Struct, frozen=True):
    """The set after one more episode: TQ, SACo, cells so far, and the share of this episode's cells that were new."""

    uuid: str
    created: str
    tq: float | None
    saco: float | None
    cells: int
    new_share: float


class SetMeasures(msgspec.Struct, frozen=True):
    """TQ and SACo of a set.

    Attributes:
        tq, saco: Of the whole set; None where nothing can be said.
        returns: How the return of an episode is taken.
        references: What TQ and SACo are related to.
        bins: How states and actions are put into cells.
        cells, reference_cells: Unique state-action cells of the set and of the reference.
        course: The set as it grew.
        left_out: Episodes that have no return.
    """

    tq: float | None
    saco: float | None
    minimal: float
    best: float
    returns: str
    references: str
    bins: str
    cells: int
    reference_cells: int
    course: tuple[Growth, ...]
    left_out: int


def return_of(outcome: str, score: float | None) -> float | None:
    """Return the return of an episode: the task's score, else 1 for a success and 0 for a failure; None for neither."""
    return score if score is not None else RETURN_OF_OUTCOME.get(outcome)


def measure_folder_set(
    rows: Sequence[EpisodeRow], visits: Mapping[str, np.ndarray], references: References
) -> SetMeasures:
    """Return TQ and SACo of the episodes of a folder that count: readable, not discarded, rejected or in the trash."""
    none = np.zeros(0, np.int64)
    counted = [
        Contribution(row.uuid, row.created, row.outcome, row.score, visits.get(row.uuid, none))
        for row in rows
        if not row.broken and row.outcome != "discarded" and not row.rejected and not row.trashed_at
    ]
    cells = np.array(references.cells, np.int64) if references.cells is not None else None
    return measure_set(counted, cells, references.minimal, references.best, references.name)


def measure_set(
    episodes: Sequence[Contribution], reference: np.ndarray | None = None, minimal: float = 0.0, best: float = 1.0,
    reference_name: str = "",
) -> SetMeasures:  # fmt: skip
    """Return TQ and SACo of a set and how they came about.

    Args:
        reference: Codes of the cells of the reference set; by default those of the whole set, so that the course says
            how much each episode still added, and the last value is 1.
        minimal: Return of a minimal (random or idle) policy.
        best: Return of the best policy.
        reference_name: What the reference is called in the result.
    """
    ordered = sorted(episodes, key=lambda each: (each.created, each.uuid))
    everything = _union([each.cells for each in ordered])
    against = everything if reference is None else np.unique(reference)
    seen: set[int] = set()
    total, count, course = 0.0, 0, []
    for each in ordered:
        own = {int(code) for code in each.cells}
        new = len(own - seen)
        seen |= own
        value = return_of(each.outcome, each.score)
        if value is not None:
            total, count = total + value, count + 1
        course.append(Growth(
            each.uuid, each.created, _quality(total, count, minimal, best), _share(len(seen), len(against)), len(seen),
            new / len(own) if own else 0.0,
        ))  # fmt: skip
    last = course[-1] if course else None
    scored = sum(each.score is not None for each in ordered)
    returns = "the task's score" if scored else "1 for a success, 0 for a failure"
    if 0 < scored < count:
        returns += f" ({scored} episodes); 1 for a success and 0 for a failure where there is none ({count - scored})"
    name = reference_name or "the whole set itself"
    return SetMeasures(
        last.tq if last else None, last.saco if last else None, minimal, best, returns,
        f"TQ: minimal policy {minimal:g}, best policy {best:g}. SACo: {name}.", BINS, len(everything), len(against),
        tuple(course), len(ordered) - count,
    )  # fmt: skip


def _union(cells: list[np.ndarray]) -> np.ndarray:
    return np.unique(np.concatenate(cells)) if cells else np.zeros(0, np.int64)


def _quality(total: float, count: int, minimal: float, best: float) -> float | None:
    return (total / count - minimal) / (best - minimal) if count and best > minimal else None


def _share(seen: int, reference: int) -> float | None:
    return seen / reference if reference else None
