"""In which order the list of episodes stands. Pure; used by Review."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from app.core.episodes import EpisodeRow
from app.review.search_fields import flag_count


def _first(value: float | None, sign: float) -> float:
    return math.inf if value is None else sign * value


def _no_more(_row: EpisodeRow) -> float:
    return 0.0


# name: (words, key); ties are in the order of time, the newest first, and what is not known comes last
ORDERS: dict[str, tuple[str, Callable[[EpisodeRow], float]]] = {
    "newest": ("Newest first", _no_more),
    "oldest": ("Oldest first", _no_more),
    "longest": ("Longest first", lambda row: -row.seconds),
    "shortest": ("Shortest first", lambda row: row.seconds),
    "force": ("Largest force", lambda row: _first(row.peak_force_n, -1.0)),
    "best": ("Best score", lambda row: _first(row.score, -1.0)),
    "worst": ("Worst score", lambda row: _first(row.score, 1.0)),
    "flags": ("Most flags", lambda row: -float(flag_count(row))),
}


def arranged(rows: Iterable[EpisodeRow], name: str) -> list[EpisodeRow]:
    """Return rows in one of the `ORDERS`."""
    by_time = sorted(rows, key=lambda row: row.order, reverse=name != "oldest")
    key = ORDERS.get(name, ORDERS["newest"])[1]
    return by_time if key is _no_more else sorted(by_time, key=key)
