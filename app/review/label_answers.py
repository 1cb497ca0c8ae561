"""What the reader answers about a folder and its labels: the list, and changes of labels with undo and redo.

Each method named `on_…` is a command of `resources/help/protocols.md`, "Reader".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from recorders.labels import LabelSheet, change_labels, read_labels, redo_labels, undo_labels
from recorders.library import list_episodes


class LabelAnswers:
    """Commands about rows and labels; no episode file stays open."""

    def on_list(self, folder: Path) -> list[dict[str, Any]]:
        """Return the rows of all episodes (`app.core.episodes.EpisodeRow`), the oldest first."""
        return [{**msgspec.to_builtins(row), "span_ns": row.span_ns} for row in list_episodes(folder)]

    def on_labels(self, folder: Path, episode: str) -> dict[str, Any]:
        """Return the labels of an episode and whether they can be undone and redone."""
        return _sheet(read_labels(folder, episode))

    def on_change(self, folder: Path, episode: str, change: dict[str, Any]) -> dict[str, Any]:
        """Change labels by name; returns them."""
        return _sheet(change_labels(folder, episode, change))

    def on_undo(self, folder: Path, episode: str) -> dict[str, Any]:
        """Take the last change back; returns the labels."""
        return _sheet(undo_labels(folder, episode))

    def on_redo(self, folder: Path, episode: str) -> dict[str, Any]:
        """Make an undone change again; returns the labels."""
        return _sheet(redo_labels(folder, episode))


def _sheet(sheet: LabelSheet) -> dict[str, Any]:
    return {
        "episode": sheet.uuid, "labels": msgspec.to_builtins(sheet.labels), "can_undo": sheet.can_undo,
        "can_redo": sheet.can_redo,
    }  # fmt: skip
