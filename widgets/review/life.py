"""Asks the reader for what changes the library of Review, and tells what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.core.episodes import TRASH_DAYS
from widgets.bridge.letters import Answer
from widgets.context import WindowContext
from widgets.parts.episodes import plural
from widgets.parts.library import Library
from widgets.review.episode_list import EpisodeList

DONE = {"reject": "rejected", "trash": "put into the trash", "restore": "restored", "change_many": "changed"}
WAY_BACK = f"for {TRASH_DAYS} days. Trash in the filter shows what lies there; Restore takes it out."
MOST_TOLD = 3


class Life(QObject):
    """Reject, trash, restore, split, join, bulk changes, and emptying the trash.

    Signals:
        changed(object): Labels of these uuids are other ones now.
    """

    changed = Signal(object)

    def __init__(self, context: WindowContext, library: Library, listed: EpisodeList) -> None:
        super().__init__(listed)
        self._context, self._library, self._list = context, library, listed

    def many(self, name: str, uuids: Sequence[str], **arguments: Any) -> None:
        """Ask for a command over many episodes."""
        if uuids:
            done = partial(self._on_many, name, len(uuids))
            self._library.change(self._list.folder, name, done, episodes=list(uuids), **arguments)

    def one(self, name: str, uuid: str, **arguments: Any) -> None:
        """Split or join an episode."""
        done = partial(self._on_one, name, uuid, arguments)
        self._library.change(self._list.folder, name, done, episode=uuid, **arguments)

    def stepped(self, uuid: str, result: dict[str, Any]) -> None:
        """Tell what an undo or redo did besides the open episode, and open what stands in its place now."""
        parts = result["labels"]["parts"]
        if parts:
            self._list.open_next(str(parts[0]["uuid"]))
        elif result["episode"] != uuid:
            self._list.open_next(str(result["episode"]))
        if len(result.get("moved", ())) > 1 or result.get("stayed"):
            self._tell_step(result)

    def _on_many(self, name: str, asked: int, answer: Answer) -> None:
        if not answer.ok:
            self._context.notifications.error(answer.error, "review")
            return
        result = answer.result
        if name in ("undo_many", "redo_many"):
            self._tell_step(result)
            self.changed.emit(result["moved"])
        elif name == "purge":
            self._tell_purged(result)
        else:
            count = plural(len(result["changed"]), "episode")
            if (
                name == "trash" and result["changed"]
            ):  # they leave the list, and with them the history of Ctrl+Z
                self._context.notifications.info(f"{count} {DONE[name]} {WAY_BACK}", "review")
            elif asked > 1:
                self._context.notifications.info(f"{count} {DONE[name]}. Ctrl+Z takes it back.", "review")
            self._tell_failed(result["failed"], asked)
            self.changed.emit(result["changed"])

    def _on_one(self, name: str, uuid: str, arguments: dict[str, Any], answer: Answer) -> None:
        if not answer.ok:
            self._context.notifications.error(answer.error, "review")
            return
        parts = answer.result["parts"]
        at = int(arguments.get("t_ns", 0))
        after = [str(part["uuid"]) for part in parts if part["end_ns"] >= at]
        self._list.open_next(after[0] if name == "split" and after else str(answer.result["episode"]))
        self.changed.emit([uuid])

    def _tell_step(self, result: dict[str, Any]) -> None:
        said = f"The labels of {plural(len(result['moved']), 'episode')} are as they were."
        if result["stayed"]:
            said += f" {plural(len(result['stayed']), 'episode')} were changed since and stay as they are."
        self._context.notifications.info(said, "review")
        self._tell_failed(result["failed"], len(result["moved"]))

    def _tell_purged(self, result: dict[str, Any]) -> None:
        count = plural(len(result["episodes"]), "episode")
        self._context.notifications.info(f"{count} deleted, {result['bytes'] / 1e6:.1f} MB.", "review")
        self._tell_failed(result["kept"], len(result["kept"]) + len(result["episodes"]), "deleted")

    def _tell_failed(self, failed: dict[str, str], asked: int, done: str = "changed") -> None:
        if not failed:
            return
        reasons = "; ".join(
            f"{uuid[:13]}: {text.rstrip('.')}" for uuid, text in list(failed.items())[:MOST_TOLD]
        )
        more = f"; and {len(failed) - MOST_TOLD} more" if len(failed) > MOST_TOLD else ""
        said = f"{len(failed)} of {plural(asked, 'episode')} could not be {done}. {reasons}{more}."
        self._context.notifications.error(said, "review")
