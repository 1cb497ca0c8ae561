"""What the reader answers about labels: what they are, and changes of them with undo and redo.

Each method named `on_…` is a command of `resources/help/protocols.md`, "Reader".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from recorders.history import can_step, step_labels
from recorders.labels import LabelSheet, change_labels, read_labels


class LabelAnswers:
    """Commands about labels; no episode file stays open."""

    def on_labels(self, folder: Path, episode: str) -> dict[str, Any]:
        """Return the labels of an episode and whether they can be undone and redone."""
        return _sheet(folder, read_labels(folder, episode))

    def on_change(self, folder: Path, episode: str, change: dict[str, Any]) -> dict[str, Any]:
        """Change labels by name; returns them."""
        return _sheet(folder, change_labels(folder, episode, change))

    def on_undo(self, folder: Path, episode: str) -> dict[str, Any]:
        """Take the last change back, for all whom it changed; returns the labels, moved, stayed, failed."""
        return _stepped(folder, episode, -1)

    def on_redo(self, folder: Path, episode: str) -> dict[str, Any]:
        """Make an undone change again; returns the same."""
        return _stepped(folder, episode, +1)


def _stepped(folder: Path, episode: str, by: int) -> dict[str, Any]:
    step = step_labels(folder, episode, by)
    told = {"moved": list(step.moved), "stayed": list(step.stayed), "failed": step.failed}
    return {**_sheet(folder, step.sheet), **told}


def _sheet(folder: Path, sheet: LabelSheet) -> dict[str, Any]:
    return {
        "episode": sheet.uuid, "labels": msgspec.to_builtins(sheet.labels), "can_undo": can_step(folder, sheet, -1),
        "can_redo": can_step(folder, sheet, +1),
    }  # fmt: skip
