"""Panels that take turns in one place, with a narrow row of names above: what is read often costs no more room."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QButtonGroup, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from widgets.parts.key_button import KeyButton
from widgets.parts.text import row
from widgets.theme.tokens import Theme


def _click_first(buttons: Sequence[tuple[KeyButton, QWidget]]) -> None:
    """Click the first button that may be clicked and that its panel would show."""
    for button, panel in buttons:
        if button.isEnabled() and button.isVisibleTo(panel):
            button.click()
            return


class Sides(QWidget):
    """Shows one of several panels.

    Args:
        sides: Names and panels; the first one is shown.
        key: Shows the next one. The keys of the buttons in all panels are heard, whichever panel is shown.
        beside: What stands at the right of the names, whatever is shown.
    """

    def __init__(
        self, theme: Theme, sides: Sequence[tuple[str, QWidget]], key: str, beside: Sequence[QWidget] = ()
    ) -> None:
        super().__init__()
        self._names = [name for name, _ in sides]
        self._buttons: dict[str, QPushButton] = {}
        group = QButtonGroup(self)
        place = QWidget()
        self._stack = QStackedLayout(place)
        for name, panel in sides:
            button = QPushButton(name)
            button.setProperty("role", "caption")
            button.setCheckable(True)
            button.setAutoDefault(False)
            button.setToolTip(f"{key} shows the next one")
            button.clicked.connect(lambda _on, name=name: self.show_side(name))
            group.addButton(button)
            self._buttons[name] = button
            self._stack.addWidget(panel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.grid(0.5))
        layout.addLayout(row(*self._buttons.values(), 1, *beside))
        layout.addWidget(place)
        QShortcut(QKeySequence(key), self).activated.connect(self._next)
        self._listen([panel for _, panel in sides], beside)
        self.show_side(self._names[0])

    def _listen(self, panels: Sequence[QWidget], beside: Sequence[QWidget]) -> None:
        """Hear the keys of all buttons, also of those in panels that are not shown; panels may share a key."""
        found = [(button, panel) for panel in panels for button in panel.findChildren(KeyButton)]
        found += [(button, self) for button in beside if isinstance(button, KeyButton)]
        heard: dict[str, list[tuple[KeyButton, QWidget]]] = {}
        for button, panel in found:
            if button.key:
                button.give_up_key()
                heard.setdefault(button.key, []).append((button, panel))
        for key, buttons in heard.items():
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setAutoRepeat(False)
            shortcut.activated.connect(partial(_click_first, buttons))

    @property
    def side(self) -> str:
        """Name of the panel that is shown."""
        return self._names[self._stack.currentIndex()]

    def show_side(self, name: str) -> None:
        """Show a panel by its name."""
        self._stack.setCurrentIndex(self._names.index(name))
        self._buttons[name].setChecked(True)

    def tell(self, name: str, more: str) -> None:
        """Say something beside a name: a count."""
        self._buttons[name].setText(f"{name} · {more}" if more else name)

    def _next(self) -> None:
        at = self._names.index(self.side)
        self.show_side(self._names[(at + 1) % len(self._names)])
