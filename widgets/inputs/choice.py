"""Which input is chosen for this rig, and which are plugged in. Looks once a second; opens nothing."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from app.core.errors import DeviceError
from app.teleop.inputs import TITLES, Found, InputBook, find_inputs
from app.teleop.settings import KEYS, Settings, join_input, split_input

LOOK_MS = 1000


class InputChoice(QObject):
    """The choice of one rig.

    Signals:
        changed(): What is plugged in, or what is chosen, has changed.
        chosen(str): The operator is to take this input: it was chosen, or it was plugged in again.
        failed(str): The choice could not be kept.

    Args:
        rig: Name of the rig.
        find: Returns what is plugged in.

    Attributes:
        text: The chosen input, as `app.teleop.settings` writes it.
        found: What was plugged in at the last look.
        problem: Why the operator does not have the chosen input; empty while it has.
    """

    changed = Signal()
    chosen = Signal(str)
    failed = Signal(str)

    def __init__(
        self,
        rig: str,
        parent: QObject,
        book: InputBook | None = None,
        find: Callable[[], list[Found]] = find_inputs,
    ) -> None:
        super().__init__(parent)
        self._rig, self._book, self._find = rig, book or InputBook(), find
        self.text = self._book.chosen(rig)
        self.found: list[Found] = find()
        self.problem = ""
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.look)
        self._timer.start(LOOK_MS)

    @property
    def kind(self) -> str:
        """Kind of the chosen input."""
        return split_input(self.text)[0]

    @property
    def path(self) -> str:
        """Path of the chosen input; empty for the keys."""
        return split_input(self.text)[1]

    @property
    def settings(self) -> Settings:
        """Settings of the chosen input."""
        return split_input(self.text)[2]

    def settings_of(self, kind: str) -> Settings:
        """Return the settings that a kind of input has on this rig, chosen or not."""
        return self.settings if kind == self.kind else self._book.settings(self._rig, kind)

    @property
    def title(self) -> str:
        """What the person reads of the chosen input, in one or two words."""
        return {KEYS: "Keyboard"}.get(self.kind, TITLES.get(self.kind, self.kind))

    def entries(self) -> list[Found]:
        """Return what can be chosen: the keys, what is plugged in, and what is chosen but not there."""
        keys = Found(KEYS, "", TITLES[KEYS])
        listed = [keys, *self.found]
        if all((item.kind, item.path) != (self.kind, self.path) for item in listed):
            title = TITLES.get(self.kind, self.kind)
            listed.append(Found(self.kind, self.path, title, f"{self.path} is not plugged in", "Plug it in"))
        return listed

    def look(self) -> None:
        """Look again at what is plugged in."""
        before, self.found = self.found, self._find()
        if before == self.found:
            return
        mine = (self.kind, self.path)
        there = [item for item in self.found if (item.kind, item.path) == mine and not item.problem]
        if there and there[0] not in before:
            self.chosen.emit(self.text)
        self.changed.emit()

    def set_problem(self, problem: str) -> None:
        """Take what the operator says of the chosen input."""
        if problem != self.problem:
            self.problem = problem
            self.changed.emit()

    def choose(self, kind: str, path: str) -> None:
        """Take another input, with the settings that its kind had last on this rig."""
        if (kind, path) != (self.kind, self.path):
            self._take(join_input(kind, path, self._book.settings(self._rig, kind)))

    def set_settings(self, settings: Settings) -> None:
        """Change the settings of the chosen input."""
        text = join_input(self.kind, self.path, settings)
        if text != self.text:
            self._take(text)

    def _take(self, text: str) -> None:
        self.text = text
        try:
            self._book.keep(self._rig, text)
        except DeviceError as error:
            self.failed.emit(error.sentence())
        self.chosen.emit(text)
        self.changed.emit()
