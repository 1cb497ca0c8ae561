"""Episodes as the workspaces see them: rows that the reader sent, and their counts in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

OUTCOMES = ("success", "failure", "discarded")


class Flag(msgspec.Struct, frozen=True):
    """A doubtful part of a take; `recorders.records.Flag` explains the fields."""

    topic: str = ""
    kind: str = ""
    start_ns: int = 0
    end_ns: int = 0
    text: str = ""


class EpisodeItem(msgspec.Struct, frozen=True):
    """One row of the reader's `list`; `recorders.library.EpisodeRow` explains the fields."""

    uuid: str
    path: str = ""
    task: str = ""
    instruction: str = ""
    outcome: str = ""
    recorded_outcome: str = ""
    seed: int | None = None
    seconds: float = 0.0
    score: float | None = None
    peak_force_n: float | None = None
    operator: str = ""
    created: str = ""
    recovered: bool = False
    dropped: int = 0
    provenance: dict[str, Any] | None = None
    start_ns: int = 0
    end_ns: int = 0
    trim_start_ns: int | None = None
    trim_end_ns: int | None = None
    phases: int = 0
    notes: str = ""
    text: str = ""
    topics: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    broken: str = ""
    label_problem: str = ""

    @property
    def trimmed(self) -> bool:
        """Whether a person cut something off."""
        return self.trim_start_ns is not None or self.trim_end_ns is not None

    @property
    def usable(self) -> bool:
        """Whether training and augmentation take it: readable, and it counts as a success."""
        return not self.broken and not self.label_problem and self.outcome == "success"


def read_rows(rows: Any) -> list[EpisodeItem]:
    """Return the items of a reader's answer to `list`.

    Raises:
        msgspec.ValidationError: If a row is not one.
    """
    return msgspec.convert(rows, list[EpisodeItem])


def plural(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun: "1 episode", "3 episodes"."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def counts_text(items: Iterable[EpisodeItem]) -> str:
    """Return what a folder holds in words: "3 kept successes of 6 episodes"."""
    items = list(items)
    usable = sum(item.usable for item in items)
    if not items:
        return "empty"
    return f"{plural(usable, 'kept success', 'kept successes')} of {plural(len(items), 'episode')}"
