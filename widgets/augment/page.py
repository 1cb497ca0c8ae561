"""The workspace Augment: see what a recipe would do, run it, see what came of it."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from PySide6.QtWidgets import QComboBox, QStackedLayout, QVBoxLayout, QWidget

from app.review.arrays import unpack
from widgets.augment.failures import Failures
from widgets.augment.paths import FAILED, KEPT, Path, PathView
from widgets.augment.settings import AugmentSettings
from widgets.bridge.jobs import Job
from widgets.bridge.letters import Answer
from widgets.context import WindowContext
from widgets.page import Page
from widgets.parts.empty import Empty
from widgets.parts.key_button import KeyButton
from widgets.parts.library import Library
from widgets.parts.progress_line import ProgressLine
from widgets.parts.settings_form import side_by_side
from widgets.parts.strip import tell_strip
from widgets.parts.text import label, row

MOST_PREVIEWED = 60


class AugmentPage(Page):
    """Settings at the left; paths, progress and failures at the right."""

    title = "Augment"
    icon = "augment"
    key = 3
    key_help = (
        ("", "Augment"),
        ("P", "Preview: draw the perturbed paths, replay nothing"),
        ("Ctrl+Return", "Start"),
        ("Ctrl+.", "Stop after the present attempt"),
    )

    def __init__(self, context: WindowContext) -> None:
        super().__init__(context)
        theme = context.theme
        self.library = Library.of(context)
        self.settings = AugmentSettings(context, self.library)
        self.preview = KeyButton("Preview", "P", theme, tip="Draw the perturbed paths; nothing is replayed")
        self.start = KeyButton(
            "Augment", "Ctrl+Return", theme, "primary", "Ctrl ↵", "Replay every attempt in the simulator"
        )
        self.stop = KeyButton(
            "Stop",
            "Ctrl+.",
            theme,
            caption="Ctrl .",
            tip="Stop after the present attempt; what was kept stays",
        )
        self.paths, self.failures = PathView(theme), Failures(theme)
        self.progress = ProgressLine(theme)
        self.shown = QComboBox()
        self.empty = Empty(theme)
        self.job: Job | None = None
        self._preview_job: Job | None = None
        self._build()
        self._connect()
        self._show_state()

    def _build(self) -> None:
        theme = self.context.theme
        self.shown.setAccessibleName("Demonstration shown")
        self.shown.setMinimumWidth(220)
        right = QVBoxLayout()
        right.setSpacing(theme.grid())
        right.addLayout(row(label("Perturbed paths", "title"), 1, label("Show", "muted"), self.shown))
        place = QWidget()
        self._stack = QStackedLayout(place)
        self._stack.addWidget(self.paths)
        self._stack.addWidget(self.empty)
        right.addWidget(place, 3)
        right.addLayout(row(self.progress, self.stop, spacing=theme.grid(2)))
        right.addWidget(label("Not kept", "heading"))
        right.addWidget(self.failures, 2)
        side_by_side(self, self.context, self.settings.column(1, self.preview, self.start), right)

    def _connect(self) -> None:
        self.settings.changed.connect(self._show_state)
        self.preview.clicked.connect(self._on_preview)
        self.start.clicked.connect(self._on_start)
        self.stop.clicked.connect(self._on_stop)
        self.failures.pointed.connect(self.paths.mark)
        self.shown.currentIndexChanged.connect(
            lambda _index: self.paths.show_only(str(self.shown.currentData() or ""))
        )
        self.library.changed.connect(lambda _folder: self.settings.refresh() if self.isVisible() else None)

    def appear(self) -> None:
        """Count the demonstrations again."""
        self.settings.refresh()
        self._show_state()

    def tell(self) -> None:
        """Say how things stand here."""
        self._show_state()

    def save_state(self) -> dict[str, object]:
        """Return the recipe's settings."""
        return self.settings.state()

    def restore_state(self, state: dict[str, object]) -> None:
        """Take over the recipe's settings."""
        self.settings.restore(state)

    def _show_state(self) -> None:
        running = self.job is not None
        hindrance = self.settings.hindrance()
        self.start.allow("It runs already." if running else hindrance)
        self.preview.allow(
            "Stop the run first."
            if running
            else "It is being drawn."
            if self._preview_job is not None
            else hindrance
        )
        self.stop.allow(
            ""
            if running and not self._stopping
            else "It stops after this attempt."
            if running
            else "Nothing runs."
        )
        self.settings.set_editable(not running)
        drawn = self.shown.count() > 0
        self.shown.setEnabled(drawn)
        self.shown.setToolTip("Which demonstration's paths are drawn" if drawn else "Nothing is drawn yet.")
        if self.isVisible():
            hint = (
                "Attempts are replayed in a simulator of their own." if running else "The rig is not needed."
            )
            tell_strip(self.context, "AUGMENTING" if running else "AUGMENT", hint)
        if not self.paths.attempts and not self.paths.demonstrations:
            if hindrance:
                self.empty.say("Nothing to augment yet", hindrance)
            else:
                self.empty.say(
                    "See before you run", "Preview (P) draws the perturbed paths over the demonstrations."
                )
            self._stack.setCurrentWidget(self.empty)
        else:
            self._stack.setCurrentWidget(self.paths)

    @property
    def _stopping(self) -> bool:
        return self.job is not None and self.job.stopping

    def _begin_picture(self) -> None:
        self.paths.clear()
        self.failures.clear_rows()
        self.shown.blockSignals(True)
        self.shown.clear()
        self.shown.addItem("All demonstrations", "")
        self.shown.blockSignals(False)
        self.paths.show_only("")

    def _on_preview(self) -> None:
        words = self.settings.words()
        at = words.index("--attempts") + 1
        words[at] = str(min(int(words[at]), MOST_PREVIEWED))
        job = self._preview_job = self.context.jobs.start("augment", *words, "--preview")
        job.result.connect(self._on_preview_result)
        job.ended.connect(self._on_preview_ended)
        self._show_state()

    def _on_preview_result(self, body: dict[str, Any]) -> None:
        self._begin_picture()
        paths = [
            Path(str(item["parent"]), np.asarray(item["path"], dtype=float)) for item in body.get("paths", ())
        ]
        self.paths.show_attempts(paths)
        for parent in dict.fromkeys(path.parent for path in paths):
            self._ask_demonstration(parent)
        more = self.settings.attempts.value() - len(paths)
        self.progress.rest(
            f"{len(paths)} paths drawn" + (f", the first of {len(paths) + more}" if more > 0 else "")
        )

    def _on_preview_ended(self, _status: int, _words: str) -> None:
        self._preview_job = None
        self._show_state()

    def _ask_demonstration(self, uuid: str) -> None:
        item = next((item for item in self.settings.items if item.uuid == uuid), None)
        name = uuid[:8] if item is None or item.seed is None else f"Seed {item.seed}"
        if self.shown.findData(uuid) < 0:
            self.shown.addItem(name, uuid)
        self.library.ask(
            self.settings.folder, "paths", partial(self._on_demonstration, uuid), episode=uuid, points=300
        )

    def _on_demonstration(self, uuid: str, answer: Answer) -> None:
        if not answer.ok:
            self.context.notifications.error(answer.error, "augment")
            return
        self.paths.show_demonstration(uuid, unpack(answer.result["applied"]))
        self._show_state()

    def _on_start(self) -> None:
        if not self.start.isEnabled():
            return
        self._begin_picture()
        out = ("--out", str(self.context.project.augmented))
        job = self.job = self.context.jobs.start("augment", *self.settings.words(), *out)
        job.progress.connect(self._on_progress)
        job.result.connect(self._on_result)
        job.ended.connect(self._on_ended)
        self.progress.begin("Starting the simulator …")
        self._show_state()

    def _on_progress(self, body: dict[str, Any]) -> None:
        number, total, kept = int(body["attempt"]), int(body["attempts"]), int(body["kept"])
        parent = str(body["parent"])
        if parent not in self.paths.demonstrations and self.shown.findData(parent) < 0:
            self._ask_demonstration(parent)
        good = body["outcome"] == "success"
        self.paths.add_attempt(Path(parent, np.asarray(body["path"], dtype=float), KEPT if good else FAILED))
        if not good:
            self.failures.add(number - 1, body, self.shown.itemText(self.shown.findData(parent)))
        self.progress.advance(
            number,
            total,
            f"{number} of {total} · {kept} kept · {number - kept} failed · {kept / number:.0%} yield",
        )
        self._show_state()

    def _on_result(self, body: dict[str, Any]) -> None:
        attempts, kept = int(body["attempts"]), int(body["kept"])
        share = f" ({kept / attempts:.0%})" if attempts else ""
        self.progress.rest(
            f"{kept} of {attempts} kept{share}: see them in Review, or train with them (Ctrl+4)."
        )
        self.library.changed.emit(str(self.context.project.augmented))

    def _on_ended(self, status: int, words: str) -> None:
        failed = self.job is not None and self.job.result_body is None
        self.job = None
        if failed:
            self.progress.rest(
                words if status != 0 and words else "Stopped before the first attempt was over."
            )
        self._show_state()

    def _on_stop(self) -> None:
        if self.job is not None:
            self.job.stop()
            self._show_state()
