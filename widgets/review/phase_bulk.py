"""Proposes contact phases for many episodes, one after the other, and writes them as one step that one undo takes back.

Used by the viewer of Review; nothing is written for an episode in which no contact is found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.core.episodes import EpisodeRow
from widgets.bridge.letters import Answer
from widgets.parts.library import Library


class PhaseBulk(QObject):
    """One run at a time.

    Signals:
        told(str): How it went, in a sentence.
        failed(str): What went wrong, in a sentence.
        written(): Labels were written.
    """

    told = Signal(str)
    failed = Signal(str)
    written = Signal()

    def __init__(self, library: Library, parent: QObject) -> None:
        super().__init__(parent)
        self._library = library
        self._left: list[EpisodeRow] = []
        self._marks: dict[str, list[list[Any]]] = {}
        self._without = 0
        self._problems: list[str] = []
        self.running = False

    def start(self, folder: Path, rows: Sequence[EpisodeRow], thresholds: dict[str, float]) -> None:
        """Go through the episodes that have no phases and can be read."""
        if self.running:
            self.told.emit("Phases are being proposed already; the result comes in a moment.")
            return
        self._left = [row for row in rows if not row.phases and not row.broken and not row.label_problem]
        if not self._left:
            self.told.emit("Every listed episode has phases already.")
            return
        self.running = True
        self._folder, self._thresholds = folder, thresholds
        self._marks, self._without, self._problems = {}, 0, []
        self._ask_next()

    def _ask_next(self) -> None:
        if not self._left:
            self._write()
            return
        row = self._left.pop()
        kind = "/wrench" if any(topic.endswith("/wrench") for topic in row.topics) else "/field"
        topic = next((topic for topic in sorted(row.topics) if topic.endswith(kind)), "")
        if not topic:
            self._without += 1
            self._ask_next()
            return
        self._library.ask(
            self._folder, "phases", self._taker(row.uuid), episode=row.uuid, topic=topic,
            thresholds=self._thresholds,
        )  # fmt: skip

    def _taker(self, uuid: str) -> Callable[[Answer], None]:
        def take(answer: Answer) -> None:
            if not answer.ok:
                self._problems.append(answer.error)
            elif answer.result["phases"]:
                self._marks[uuid] = [[start, name] for start, _end, name in answer.result["phases"]]
            else:
                self._without += 1
            self._ask_next()

        return take

    def _write(self) -> None:
        if not self._marks:
            self._end(0)
            return
        self._library.change(self._folder, "mark_phases", self._on_written, marks=self._marks)

    def _on_written(self, answer: Answer) -> None:
        if answer.ok:
            self._problems.extend(answer.result["failed"].values())
            self._end(len(answer.result["changed"]))
            self.written.emit()
        else:
            self._problems.append(answer.error)
            self._end(0)

    def _end(self, count: int) -> None:
        self.running = False
        words = (
            f"Phases written for {count} of {count + self._without + len(self._problems)} unlabelled episodes"
        )
        if self._without:
            words += f"; {self._without} without contact"
        self.told.emit(f"{words}. One undo takes them back.")
        if self._problems:
            self.failed.emit(self._problems[0])
