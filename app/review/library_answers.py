"""What the reader answers about many episodes and their life: bulk changes, trash, splitting, joining.

Each method named `on_…` is a command of `resources/help/protocols.md`, "Reader".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from app.core.errors import EpisodeError
from recorders.bulk import Edit, change_many
from recorders.history import Step, step_many
from recorders.parts import join_parts, split_episode
from recorders.trash import purge


class LibraryAnswers:
    """Commands that change which episodes the library shows; all but `purge` can be undone."""

    def on_change_many(self, folder: Path, episodes: list[str], **edit: Any) -> dict[str, Any]:
        """Change labels of many episodes as one step; returns {group, changed, same, failed: uuid → reason}."""
        return _changed(folder, episodes, edit)

    def on_reject(self, folder: Path, episodes: list[str]) -> dict[str, Any]:
        """Keep episodes out of training and export; they stay in the library."""
        return _changed(folder, episodes, {"change": {"rejected": True}})

    def on_trash(self, folder: Path, episodes: list[str]) -> dict[str, Any]:
        """Put episodes into the trash."""
        return _changed(folder, episodes, {"trash": True})

    def on_restore(self, folder: Path, episodes: list[str], reject: bool = False) -> dict[str, Any]:
        """Take episodes out of the trash, or with `reject` out of rejection."""
        return _changed(folder, episodes, {"change": {"rejected": False}} if reject else {"trash": False})

    def on_undo_many(self, folder: Path, episodes: list[str]) -> dict[str, Any]:
        """Take back the latest step over many that any of these took part in; returns {moved, stayed, failed}."""
        return _stepped(step_many(folder, _uuids(episodes), -1))

    def on_redo_many(self, folder: Path, episodes: list[str]) -> dict[str, Any]:
        """Make the first undone step over many again."""
        return _stepped(step_many(folder, _uuids(episodes), +1))

    def on_split(self, folder: Path, episode: str, t_ns: int) -> dict[str, Any]:
        """Split an episode, or a part, at a session time; returns {episode: of the file, parts}."""
        sheet = split_episode(folder, episode, int(t_ns))
        return {"episode": sheet.uuid, "parts": msgspec.to_builtins(sheet.labels.parts)}

    def on_join(self, folder: Path, episode: str) -> dict[str, Any]:
        """Join a part with the next one, the last with the one before; returns {episode: of the file, parts}."""
        sheet = join_parts(folder, episode)
        return {"episode": sheet.uuid, "parts": msgspec.to_builtins(sheet.labels.parts)}

    def on_purge(self, folder: Path, episodes: list[str]) -> dict[str, Any]:
        """Delete trashed episodes for good, file and labels; returns {episodes, bytes, kept: uuid → reason}."""
        found: dict[str, Any] = msgspec.to_builtins(purge(folder, set(_uuids(episodes))))
        return found


def _uuids(episodes: list[str]) -> list[str]:
    if not isinstance(episodes, list) or not all(isinstance(uuid, str) for uuid in episodes):
        raise EpisodeError("episodes", "a list of uuids is needed")
    return episodes


def _changed(folder: Path, episodes: list[str], edit: dict[str, Any]) -> dict[str, Any]:
    if unknown := sorted(set(edit) - set(Edit.__struct_fields__)):
        raise EpisodeError(repr(unknown[0]), "it cannot be changed", options=Edit.__struct_fields__)
    wanted = msgspec.convert(edit, Edit)
    found: dict[str, Any] = msgspec.to_builtins(change_many(folder, _uuids(episodes), wanted))
    return found


def _stepped(step: Step) -> dict[str, Any]:
    return {"moved": list(step.moved), "stayed": list(step.stayed), "failed": step.failed}
