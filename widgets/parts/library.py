"""The one reader process of the window, for all folders of episodes. Used by Review, Augment, Train and Deploy.

It is started when the first question comes, and again when the one before has gone: a hostile file may cost the reader
process, never the window.
"""

from __future__ import annotations

import time
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
from widgets.parts.mirror import Mirror

PARTIAL_S = 1.0  # how often a list that is not complete yet is shown
Rows = list[EpisodeRow]
Listed = Callable[[Rows, str], None]


class _Folder:
    """A folder that was asked for: its rows, who waits for them, and whether a question is under way."""

    def __init__(self) -> None:
        self.mirror = Mirror()
        self.waiting: list[Listed] = []  # for the question under way
        self.next: list[Listed] = []  # came meanwhile: they want to know what changed since
        self.told_s = 0.0


class Library(QObject):
    """Questions about episodes; the answers come in the Qt thread.

    Signals:
        changed(str): Labels of an episode of this folder were changed by the window.
        partly_listed(str, object, int): Of a folder whose files are still being read: the rows so far, and how many
            files are left.
    """

    changed = Signal(str)
    partly_listed = Signal(str, object, int)

    def __init__(self, context: WindowContext) -> None:
        super().__init__(context.bridge)
        self._bridge = context.bridge
        self._home = context.project.demonstrations
        self._reader: Reader | None = None
        self._folders: dict[Path, _Folder] = {}

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
        """Ask for the episodes of a folder: `callback(items, error)`; a folder that is missing is empty.

        Only what changed since the last time is sent, in pages that do not hold up the window.
        """
        if not folder.is_dir():
            self._folders.pop(folder, None)
            callback([], "")
            return
        state = self._folders.setdefault(folder, _Folder())
        if state.waiting:
            state.next.append(callback)
        else:
            state.waiting.append(callback)
            state.told_s = time.monotonic()
            self._ask_page(folder, state, look=True)

    def _ask_page(self, folder: Path, state: _Folder, look: bool) -> None:
        self.ask(
            folder, "changes", partial(self._on_page, folder, state), stamp=state.mirror.stamp,
            serial=state.mirror.serial, look=look,
        )  # fmt: skip

    def _on_page(self, folder: Path, state: _Folder, answer: Answer) -> None:
        error = answer.error
        if answer.ok:
            try:
                page = state.mirror.take(answer.result)
            except msgspec.DecodeError as problem:  # a validation error is one
                error = f"The reader's list cannot be understood ({problem})."
            else:
                if page.more or page.pending:
                    self._tell_part(folder, state, page.pending)
                    self._ask_page(folder, state, look=not page.more)
                    return
        self._finish(folder, state, [] if error else state.mirror.items(), error)

    def _tell_part(self, folder: Path, state: _Folder, pending: int) -> None:
        if time.monotonic() - state.told_s >= PARTIAL_S:
            state.told_s = time.monotonic()
            self.partly_listed.emit(str(folder), state.mirror.items(), pending)

    def _finish(self, folder: Path, state: _Folder, items: Rows, error: str) -> None:
        told, state.waiting, state.next = state.waiting, state.next, []
        if state.waiting:
            state.told_s = time.monotonic()
            self._ask_page(folder, state, look=True)
        for callback in told:
            callback(items.copy(), error)

    def forget(self) -> None:
        """End the reader and forget all rows: the next question starts anew."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        self._folders.clear()

    def change(self, folder: Path, name: str, callback: Callback, **arguments: Any) -> None:
        """Ask for a change of labels (`change`, `undo`, `redo`) and tell the other workspaces."""

        def done(answer: Answer) -> None:
            callback(answer)
            if answer.ok:
                self.changed.emit(str(folder))

        self.ask(folder, name, done, **arguments)
