"""Episodes as the workspaces see them: rows that the reader sent, and their counts in words."""

from __future__ import annotations

from collections.abc import Iterable

from app.core.episodes import EpisodeRow


def plural(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun: "1 episode", "3 episodes"."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def counts_text(items: Iterable[EpisodeRow]) -> str:
    """Return what a folder holds in words: "3 kept successes of 6 episodes"."""
    items = list(items)
    usable = sum(item.usable for item in items)
    if not items:
        return "empty"
    return f"{plural(usable, 'kept success', 'kept successes')} of {plural(len(items), 'episode')}"
