"""Under the list: only the episodes that are worth watching, how many of them were watched; and the statistics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.parts.elided import ElidedLabel
from widgets.parts.key_button import KeyButton
from widgets.parts.text import row
from widgets.theme.tokens import Theme

WATCHED_MS = 2000
FEW = "Nothing stands out among the episodes that were measured."
NONE = "No episode was measured yet; that happens by itself after the first take."


class WatchBar(QWidget):
    """Two buttons and a line that says why the open episode is on the list.

    Attributes:
        watched: Uuids that were open for two seconds while the list was on.

    Signals:
        watching(object): Show only these uuids, in this order; None shows all again.
        place_asked(object): The open episode's weightiest reason lies at this session time, ns.
        statistics_asked(bool): Show the statistics, or the episode again.
    """

    watching = Signal(object)
    place_asked = Signal(object)
    statistics_asked = Signal(bool)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.watch_button = KeyButton(
            "Watch these", "W", theme, tip="Only what is worth watching, worst first"
        )
        self.statistics_button = KeyButton("Statistics", "G", theme, tip="The folder in numbers")
        self.why = ElidedLabel("", "small")
        self.watched: set[str] = set()
        self._watch: list[dict[str, Any]] = []
        self._open = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WATCHED_MS)
        for button in (self.watch_button, self.statistics_button):
            button.setCheckable(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.why)
        line = row(self.watch_button, self.statistics_button)
        line.setStretch(0, 1)
        line.setStretch(1, 1)
        layout.addLayout(line)
        self.watch_button.toggled.connect(self._on_toggled)
        self.statistics_button.toggled.connect(self.statistics_asked)
        self._timer.timeout.connect(self._on_watched)
        self.show_watch([], 0)

    @property
    def uuids(self) -> list[str]:
        """Episodes worth watching, the most doubtful first."""
        return [str(item["uuid"]) for item in self._watch]

    def show_watch(self, watch: Sequence[dict[str, Any]], measured: int, working: str = "") -> None:
        """Take over which episodes are worth watching, of how many that were measured."""
        changed = [item["uuid"] for item in watch] != self.uuids
        self._watch = list(watch)
        self.watch_button.allow("" if watch else working or (FEW if measured else NONE))
        if not watch:
            self.watch_button.setChecked(False)
        elif changed and self.watch_button.isChecked():
            self.watching.emit(self.uuids)
        self._tell()

    def remembered(self) -> list[str]:
        """Return which episodes of the present list were watched."""
        return [uuid for uuid in self.uuids if uuid in self.watched]

    def remember(self, watched: object) -> None:
        """Take over what was watched in an earlier run."""
        if isinstance(watched, list):
            self.watched.update(str(uuid) for uuid in watched)
            self._tell()

    def opened(self, uuid: str) -> None:
        """Another episode is open; empty for none."""
        self._open = uuid
        self._timer.stop()
        item = self._item()
        if self.watch_button.isChecked() and item is not None:
            self._timer.start()
            if item["place_ns"]:
                self.place_asked.emit(int(item["place_ns"]))
        self._tell()

    def _item(self) -> dict[str, Any] | None:
        return next((item for item in self._watch if item["uuid"] == self._open), None)

    def _on_toggled(self, on: bool) -> None:
        self.watching.emit(self.uuids if on else None)
        self.opened(self._open)

    def _on_watched(self) -> None:
        self.watched.add(self._open)
        self._tell()

    def _tell(self) -> None:
        count = len(self._watch)
        seen = sum(uuid in self.watched for uuid in self.uuids)
        on = self.watch_button.isChecked()
        self.watch_button.setText(
            f"{seen} of {count} watched" if on else f"Watch these {count}" if count else "Watch these"
        )
        item = self._item()
        self.why.setText(item["reasons"][0] if item is not None and on else "")
        self.why.setVisible(on)
