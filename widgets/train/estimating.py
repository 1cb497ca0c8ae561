"""The estimate of time and memory in Train: asked for once, it follows the settings until the page is left."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from widgets.bridge.jobs import Job
from widgets.context import WindowContext
from widgets.notifications.hooks import how_it_ended
from widgets.parts.progress_line import duration
from widgets.train.settings import TrainSettings

CALM_MS = 1200  # so long nothing is changed before it is measured again


class Estimating(QObject):
    """Runs `train --estimate`, one at a time.

    Signals:
        changed(): It was begun or has ended.
    """

    changed = Signal()

    def __init__(self, context: WindowContext, settings: TrainSettings, parent: QObject) -> None:
        super().__init__(parent)
        self._context, self._settings = context, settings
        self.job: Job | None = None
        self._following = False
        self._measured: list[str] = []
        self._calm = QTimer(self, singleShot=True, interval=CALM_MS)
        self._calm.timeout.connect(self._again)
        settings.changed.connect(self._on_changed)

    def press(self) -> None:
        """Measure now, and again whenever a setting that matters is changed."""
        self._following = True
        self._begin()

    def rest(self) -> None:
        """Follow no more, and end what runs."""
        self._following = False
        self._calm.stop()
        if self.job is not None:
            self.job.stop()

    def _wanted(self) -> list[str]:
        words = self._settings.words()
        at = words.index("--out")
        return words[:at] + words[at + 2 :]

    def _begin(self) -> None:
        self._calm.stop()
        self._measured = self._wanted()
        job = self.job = self._context.jobs.start("train", *self._settings.words(), "--estimate")
        self._settings.tell("Some steps are trained, to tell …")
        job.result.connect(self._on_result)
        job.ended.connect(self._on_ended)
        self.changed.emit()

    def _on_changed(self) -> None:
        if not self._measured or self._wanted() == self._measured:
            return
        if self._following:
            self._calm.start()
        elif self.job is None:
            self._measured = []
            self._settings.tell("")  # it was of other settings

    def _again(self) -> None:
        if not self._following or self._wanted() == self._measured or self._settings.hindrance():
            return
        if self.job is None:
            self._begin()
        elif not self.job.stopping:
            self.job.stop()  # its end begins the next one

    def _on_result(self, body: dict[str, Any]) -> None:
        if self._wanted() == self._measured:
            seconds, memory = float(body["seconds_estimated"]), float(body["memory_mb"]) / 1000.0
            self._settings.tell(f"About {duration(seconds)} and {memory:.1f} GB of memory.")

    def _on_ended(self, status: int, words: str) -> None:
        job, self.job = self.job, None
        if job is not None and job.result_body is None and not job.stopping:
            self._settings.tell(words or f"The measurement {how_it_ended(status)}.")
        self._again()
        self.changed.emit()
