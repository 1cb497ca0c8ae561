"""Phase marks and subtasks as they are edited: pure functions on what `Labels` holds. No Qt in here."""

from __future__ import annotations

from collections.abc import Sequence

Mark = tuple[int, str]  # session time in ns, name: a phase begins
Subtask = tuple[int, int, str]  # start, end, words
SAME_NS = 20_000_000  # a mark this near to another one replaces it
NEW_S = 1.0  # length of a subtask where nothing limits it
SHORTEST_NS = 20_000_000


def marked(marks: Sequence[Mark], t_ns: int, name: str) -> list[Mark]:
    """Return the marks with a phase that begins at a time.

    In a phase of the same name its begin moves there; so does the begin of the next one. A mark at the same place is
    replaced.
    """
    kept = [mark for mark in sorted(marks) if abs(mark[0] - t_ns) > SAME_NS]
    before = [mark for mark in kept if mark[0] <= t_ns]
    after = [mark for mark in kept if mark[0] > t_ns]
    if before and before[-1][1] == name:
        before.pop()
    if after and after[0][1] == name:
        after.pop(0)
    return [*before, (t_ns, name), *after]


def unmarked(marks: Sequence[Mark], t_ns: int) -> list[Mark]:
    """Return the marks without that of the phase at a time; before the first phase without the first."""
    kept = sorted(marks)
    if kept:
        kept.pop(max(0, sum(mark[0] <= t_ns for mark in kept) - 1))
    return kept


def moved_mark(marks: Sequence[Mark], index: int, t_ns: int) -> list[Mark]:
    """Return the marks with one at another time."""
    kept = sorted(marks)
    kept[index] = (t_ns, kept[index][1])
    return sorted(kept)


def subtask_made(
    subtasks: Sequence[Subtask], t_ns: int, text: str, phases: Sequence[Subtask], end_ns: int
) -> list[Subtask]:
    """Return the subtasks with a new one at a time: as long as the phase there, else a second, up to the next one."""
    start, end = t_ns, t_ns + round(NEW_S * 1e9)
    for begin, stop, _name in phases:
        if begin <= t_ns < stop:
            start, end = begin, stop
    before = [other for _, other, _ in subtasks if other <= t_ns]
    after = [other for other, _, _ in subtasks if other > t_ns]
    start, end = max([start, *before]), min([end, end_ns, *after])
    if end - start < SHORTEST_NS:
        return list(subtasks)
    return sorted([*subtasks, (start, end, text)])


def subtask_renamed(subtasks: Sequence[Subtask], index: int, text: str) -> list[Subtask]:
    """Return the subtasks with other words for one; without it if there are none."""
    kept = list(subtasks)
    start, end, _ = kept.pop(index)
    return sorted([*kept, (start, end, text)]) if text else kept


def subtask_moved(subtasks: Sequence[Subtask], index: int, side: str, t_ns: int) -> list[Subtask]:
    """Return the subtasks with an edge of one at another time."""
    kept = list(subtasks)
    start, end, text = kept[index]
    kept[index] = (t_ns, end, text) if side == "start" else (start, t_ns, text)
    return sorted(kept)


def stretched(marks: Sequence[Mark], end_ns: int) -> list[Subtask]:
    """Return the phases of marks: each up to the next one, the last to the end of the take."""
    kept = sorted(marks)
    ends = [mark[0] for mark in kept[1:]] + [end_ns] * bool(kept)
    return [(t_ns, end, name) for (t_ns, name), end in zip(kept, ends, strict=True) if end > t_ns]
