"""A reader process (`read --data DIR`) and questions to it. Pages see episodes through it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from widgets.bridge.io_thread import IoThread
from widgets.bridge.jobs import Job, Jobs
from widgets.bridge.letters import Answer, Answered, Callback

TIMEOUT_S = 20.0


class Reader(QObject):
    """One reader process on one folder. Questions asked before it is ready wait for it.

    Signals:
        ready(): It answers now.
        lost(str): It ended; the text is its last words. Questions are then answered with an error.
    """

    ready = Signal()
    lost = Signal(str)

    def __init__(self, folder: Path, jobs: Jobs, io: IoThread, parent: QObject) -> None:
        super().__init__(parent)
        self.folder = folder
        self._io = io
        self._waiting: list[tuple[str, Callback, float, dict[str, Any]]] = []
        self._connected = False
        self.job: Job = jobs.start("read", "--data", str(folder))
        self.job.ready.connect(self._on_ready)
        self.job.ended.connect(self._on_ended)

    def ask(self, name: str, callback: Callback, timeout_s: float = TIMEOUT_S, **arguments: Any) -> None:
        """Ask the reader (names and arguments in protocols.md); `callback(answer)` runs once, in the Qt thread."""
        if self._connected:
            self._send(name, callback, timeout_s, arguments)
        elif self.job.running:
            self._waiting.append((name, callback, timeout_s, arguments))
        else:
            error = f"The reader of {self.folder} has ended."
            self._io.deliver(Answered(callback, Answer(False, error=error)))

    def _send(self, name: str, callback: Callback, timeout_s: float, arguments: dict[str, Any]) -> None:
        self._io.post(partial(self._send_in_thread, name, callback, timeout_s, arguments))

    def _send_in_thread(
        self, name: str, callback: Callback, timeout_s: float, arguments: dict[str, Any]
    ) -> None:
        reader = self._io.readers.get(self.job.number)
        if reader is None:
            error = f"The reader of {self.folder} has ended."
            self._io.deliver(Answered(callback, Answer(False, error=error)))
        else:
            reader.ask(name, arguments, timeout_s, callback)

    def _on_ready(self, body: dict[str, Any]) -> None:
        self._io.post(partial(self._io.open_reader, self.job.number, str(body["endpoint"])))
        self._connected = True
        waiting, self._waiting = self._waiting, []
        for question in waiting:
            self._send(*question)
        self.ready.emit()

    def _on_ended(self, _status: int, words: str) -> None:
        self._connected = False
        self._io.post(partial(self._io.close_reader, self.job.number))
        waiting, self._waiting = self._waiting, []
        for _name, callback, _timeout, _arguments in waiting:
            callback(Answer(False, error=f"The reader of {self.folder} has ended: {words}"))
        self.lost.emit(words)

    def close(self) -> None:
        """End the reader process."""
        self.job.stop()
