"""The one reader process of the window, for all folders of episodes. Used by Review, Augment, Train and Deploy.

It is started when the first question comes, and again when the one before has gone: a hostile file may cost the reader
process, never the window.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal

from app.core.episodes import EpisodeRow
from widgets.bridge.letters import Answer, Callback
from widgets.bridge.reader import Reader
from widgets.context import WindowContext
from widgets.parts.episodes import read_rows

Listed = Callable[[list[EpisodeRow], str], None]


class Library(QObject):
    """Questions about episodes; the answers come in the Qt thread.

    Signals:
        changed(str): Labels of an episode of this folder were changed by the window.
    """

    changed = Signal(str)

    def __init__(self, context: WindowContext) -> None:
        super().__init__(context.bridge)
        self._bridge = context.bridge
        self._home = context.project.demonstrations
        self._reader: Reader | None = None

    @staticmethod
    def of(context: WindowContext) -> Library:
        """Return the library of a window, made when it is asked for first."""
        found = context.bridge.findChild(Library)
        return found if isinstance(found, Library) else Library(context)

    def ask(self, folder: Path, name: str, callback: Callback, **arguments: Any) -> None:
        """Ask the reader about a folder (names and arguments in protocols.md)."""
        if self._reader is None or not self._reader.job.running or self._reader.job.stopping:
            self._reader = self._bridge.open_reader(self._home)
            self._reader.lost.connect(self._on_lost)
        self._reader.ask(name, callback, data=str(folder), **arguments)

    def _on_lost(self, _words: str) -> None:
        self._reader = None

    def list(self, folder: Path, callback: Listed) -> None:
        """Ask for the episodes of a folder: `callback(items, error)`; a folder that is missing is empty."""
        if folder.is_dir():
            self.ask(folder, "list", partial(_on_listed, callback))
        else:
            callback([], "")

    def change(self, folder: Path, name: str, callback: Callback, **arguments: Any) -> None:
        """Ask for a change of labels (`change`, `undo`, `redo`) and tell the other workspaces."""

        def done(answer: Answer) -> None:
            callback(answer)
            if answer.ok:
                self.changed.emit(str(folder))

        self.ask(folder, name, done, **arguments)


def _on_listed(callback: Listed, answer: Answer) -> None:
    if not answer.ok:
        callback([], answer.error)
        return
    try:
        items = read_rows(answer.result)
    except msgspec.ValidationError as error:
        callback([], f"The reader's list cannot be understood ({error}).")
        return
    callback(items, "")
