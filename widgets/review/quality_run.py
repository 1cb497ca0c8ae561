"""Has the episodes of a folder measured by the role `quality` when some are not; knows which are worth watching."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from widgets.bridge.jobs import Job
from widgets.bridge.letters import Answer
from widgets.context import WindowContext
from widgets.parts.library import Library


class QualityRun(QObject):
    """At most one `quality` process at a time, for the folder that is shown.

    Attributes:
        watch: Episodes worth watching, the most doubtful first: {uuid, reasons, kinds, place_ns}.
        measured: How many episodes were measured.

    Signals:
        known(): `watch` is that of another folder, or new measures are there.
        working(str): How far the measuring is; empty when nothing is measured.
    """

    known = Signal()
    working = Signal(str)

    def __init__(self, context: WindowContext, library: Library, parent: QObject) -> None:
        super().__init__(parent)
        self._context, self._library = context, library
        self._job: Job | None = None
        self._done_for: tuple[Path, int, int] | None = None  # do not try the same again and again
        self.folder = Path()
        self.watch: list[dict[str, Any]] = []
        self.measured = 0

    @property
    def running(self) -> bool:
        """Whether episodes are being measured."""
        return self._job is not None

    def look(self, folder: Path) -> None:
        """Ask what is known of a folder, and have measured what is not."""
        if folder != self.folder:
            self.folder, self.watch, self.measured = folder, [], 0
            self.known.emit()
        if folder.is_dir():
            self._library.ask(folder, "watch", partial(self._on_known, folder))

    def _on_known(self, folder: Path, answer: Answer) -> None:
        if folder != self.folder:
            return
        if not answer.ok:
            self._context.notifications.error(answer.error, "review")
            return
        result = answer.result
        self.watch, self.measured = list(result["watch"]), int(result["measured"])
        self.known.emit()
        state = (folder, self.measured, int(result["unmeasured"]))
        if result["unmeasured"] and self._job is None and state != self._done_for:
            self._done_for = state
            self._start(folder)

    def _start(self, folder: Path, *words: str) -> None:
        self._job = self._context.jobs.start("quality", str(folder), *words)
        self._job.progress.connect(lambda body: self.working.emit(str(body.get("text", ""))))
        self._job.ended.connect(partial(self._on_ended, folder))
        self.working.emit("measuring …")

    def _on_ended(self, folder: Path, _status: int, _words: str) -> None:
        self._job = None
        self.working.emit("")
        self.look(self.folder if folder != self.folder else folder)

    def export(self, folder: Path, path: Path) -> Job:
        """Write the table of all measures of a folder."""
        return self._context.jobs.start("quality", str(folder), "--csv", str(path))
