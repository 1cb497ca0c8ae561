"""What Review shows of a file that cannot be read: why, and a button that has what is whole of it taken out.

The work is done by the role `recover`, in a process of its own. Used by the page Review.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QWidget

from app.core.episodes import EpisodeRow
from widgets.bridge.jobs import Job
from widgets.context import WindowContext
from widgets.parts.empty import Empty
from widgets.parts.key_button import KeyButton
from widgets.parts.library import Library
from widgets.parts.text import row

HEADING = "This episode cannot be read"


class BrokenOrNothing(Empty):
    """The page's empty view, with a button while it speaks of a broken file."""

    def __init__(self, context: WindowContext, library: Library, parent: QWidget | None = None) -> None:
        super().__init__(context.theme, parent=parent)
        self._context, self._library = context, library
        self._item: EpisodeRow | None = None
        self.job: Job | None = None
        tip = "Write a new file of all samples that are whole; the damaged file stays beside it"
        self.recover = KeyButton("Recover what is whole", "", context.theme, "primary", tip=tip)
        self.recover.clicked.connect(self._on_recover)
        self.add_below(row(1, self.recover, 1))
        self.recover.hide()

    def say(self, heading: str, words: str = "") -> None:
        """Change the words; there is nothing to recover then."""
        super().say(heading, words)
        self._item = None
        self.recover.hide()

    def show_broken(self, item: EpisodeRow) -> None:
        """Say why a file cannot be read, and offer what can be done."""
        self.say(HEADING, item.broken)
        self._item = item
        self.recover.show()
        self._allow()

    def _allow(self) -> None:
        self.recover.allow("" if self.job is None else "A file is being recovered.")

    def _on_recover(self) -> None:
        if self._item is None or self.job is not None:
            return
        path = Path(self._item.path)
        job = self.job = self._context.jobs.start("recover", str(path))
        job.result.connect(lambda _result: self._on_result(path))
        job.ended.connect(self._on_ended)
        self._allow()

    def _on_result(self, path: Path) -> None:
        folder = path.parent.parent if path.parent.name == "episodes" else path.parent
        self._library.changed.emit(str(folder))

    def _on_ended(self, status: int, words: str) -> None:
        self.job = None
        self._allow()
        if status != 0 and self._item is not None:
            super().say(
                "This episode cannot be recovered", words or "It ended without a word; the log says more."
            )
