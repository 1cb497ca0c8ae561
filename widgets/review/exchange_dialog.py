"""What the two dialogs of Review share: fields, a run of a role with progress and a stop, and its result.

They are not modal: the window stays usable. A closed dialog leaves its work running, and shows it when opened again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QFormLayout, QHBoxLayout, QLayout, QLineEdit, QVBoxLayout, QWidget

from widgets.bridge.jobs import Job
from widgets.context import WindowContext
from widgets.parts.key_button import KeyButton
from widgets.parts.progress_line import ProgressLine
from widgets.parts.text import add_field, form, label, row

WIDTH = 560


class ExchangeDialog(QDialog):
    """Base of Export and Import.

    Args:
        role: The role that does the work.
        verb: What the button says.
    """

    def __init__(self, context: WindowContext, role: str, verb: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.context, self._role = context, role
        self.job: Job | None = None
        self.fields: list[QWidget] = []
        self.start = KeyButton(verb, "Ctrl+Return", context.theme, "primary", "Ctrl+↵")
        self.stop = KeyButton("Stop", "", context.theme)
        self.show_result = KeyButton("Open folder", "", context.theme)
        self.progress = ProgressLine(context.theme)
        self.told = label("", "muted", wrap=True)
        self.told.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._place: Path | None = None
        self.setWindowTitle(verb)
        self.setMinimumWidth(WIDTH)
        self.start.clicked.connect(self._on_start)
        self.stop.clicked.connect(self._on_stop)
        self.show_result.clicked.connect(self._on_show)

    def build(self, about: str, *fields: tuple[str, QWidget | QLayout]) -> None:
        """Lay the dialog out: a sentence, the named fields, progress, result and buttons."""
        theme = self.context.theme
        side = theme.grid(2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(side, side, side, side)
        layout.setSpacing(theme.grid())
        layout.addWidget(label(about, "muted", wrap=True))
        rows: QFormLayout = form(theme)
        for name, field in fields:
            add_field(rows, name, field)
        layout.addLayout(rows)
        layout.addWidget(self.progress)
        self.told.setMinimumHeight(theme.grid(5))
        layout.addWidget(self.told)
        layout.addLayout(row(self.show_result, 1, self.stop, self.start))
        self.show_state()

    def path_field(self, edit: QLineEdit, *choosers: KeyButton) -> QHBoxLayout:
        """Return a text field with the buttons that fill it."""
        edit.textChanged.connect(lambda _text: self.show_state())
        self.fields += [edit, *choosers]
        return row(edit, *choosers)

    def words(self) -> tuple[str, ...]:
        """Return the role's arguments."""
        raise NotImplementedError

    def hindrance(self) -> str:
        """Return why it cannot begin; empty if it can."""
        raise NotImplementedError

    def finished_words(self, body: dict[str, Any]) -> str:
        """Return what is said of a result."""
        raise NotImplementedError

    def place_of(self, body: dict[str, Any]) -> Path:
        """Return the folder that the result lies in."""
        raise NotImplementedError

    def show_state(self) -> None:
        """Enable what can be done now, and say why the rest cannot."""
        running = self.job is not None
        self.start.allow("It runs already." if running else self.hindrance())
        self.stop.allow("" if self.job is not None and not self.job.stopping else "Nothing runs.")
        self.show_result.allow("" if self._place is not None else "Nothing was made yet.")
        for field in self.fields:
            field.setEnabled(not running)

    def _on_start(self) -> None:
        if not self.start.isEnabled():
            return
        job = self.job = self.context.jobs.start(self._role, *self.words())
        job.progress.connect(self._on_progress)
        job.result.connect(self._on_result)
        job.ended.connect(self._on_ended)
        self._place = None
        self.told.setText("")
        self.progress.begin("Starting …")
        self.show_state()

    def _on_progress(self, body: dict[str, Any]) -> None:
        self.progress.advance(int(body["done"]), int(body["total"]), str(body["text"]).capitalize())

    def _on_result(self, body: dict[str, Any]) -> None:
        self._place = self.place_of(body)
        self.told.setText(self.finished_words(body))

    def _on_ended(self, status: int, words: str) -> None:
        stopped = self.job is not None and self.job.stopping
        nothing = self._place is None
        self.job = None
        self.progress.rest("Stopped." if stopped and nothing else "" if nothing else "Done.")
        if nothing and not stopped and status != 0:
            self.told.setText(words or "It ended without a word; the log says more.")
        self.show_state()

    def _on_stop(self) -> None:
        if self.job is not None:
            self.job.stop()
            self.show_state()

    def _on_show(self) -> None:
        if self._place is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._place)))


def refusals(reasons: list[str]) -> str:
    """Return what was left out as a short text: the first reason, and how many more."""
    if not reasons:
        return ""
    more = f" (and {len(reasons) - 1} more; the notifications list them)" if len(reasons) > 1 else ""
    return f"\nLeft out: {reasons[0]}{more}"
