"""What people said of episodes, and what follows from it for training.

Used by the reader role, the trainer and augment. The label files themselves are `recorders.sheets`.
"""

from __future__ import annotations

from pathlib import Path

from app.core.episodes import EpisodeRow
from app.core.errors import EpisodeError
from recorders.history import redo_labels, undo_labels
from recorders.library import list_episodes
from recorders.sheets import Labels, LabelSheet, change_labels, read_labels

__all__ = [
    "LabelSheet", "Labels", "change_labels", "kept_successes", "left_out", "read_labels", "redo_labels", "undo_labels",
]  # fmt: skip


def kept_successes(folder: Path | str) -> list[EpisodeRow]:
    """Return what training uses of a folder: the readable episodes that count as a success, parts among them.

    What was rejected or lies in the trash is left out.

    `row.span_ns` is the part to use, with the person's trim applied.

    Raises:
        EpisodeError: If there is no such folder, or an episode's labels cannot be read: its outcome is unknown then.
    """
    rows = list_episodes(folder)
    for row in rows:
        if row.label_problem:
            raise EpisodeError(f"episode {row.uuid}", row.label_problem.rstrip("."))
    return [row for row in rows if row.usable]


def left_out(folder: Path | str) -> list[str]:
    """Return one sentence for each file of a folder that training and augmenting cannot use because it is broken."""
    return [f"Left out: {row.broken}" for row in list_episodes(folder) if row.broken]
