"""Play, pause, step, speed: the buttons under the pictures, with their keys."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from widgets.parts.key_button import KeyButton
from widgets.parts.text import label
from widgets.review.player import SPEEDS, Player
from widgets.theme.tokens import Theme


class Transport(QWidget):
    """Drives a `Player`.

    Signals:
        step_asked(int): One picture forward or backward (ten with Shift).
    """

    step_asked = Signal(int)

    def __init__(self, theme: Theme, player: Player) -> None:
        super().__init__()
        self._player = player
        self.back = KeyButton("◀", "J", theme, tip="Play backwards; again: faster")
        self.play = KeyButton("Play", "K", theme, tip="Play or pause (K or Space)")
        self.forward = KeyButton("▶", "L", theme, tip="Play forwards; again: faster")
        self.step_back = KeyButton("", "Left", theme, caption="←", tip="One picture back (Shift: ten)")
        self.step_on = KeyButton("", "Right", theme, caption="→", tip="One picture on (Shift: ten)")
        self.speed = QComboBox()
        self.clock = label("", "number")
        self._build(theme)
        self._connect()
        self.show_time(0, 0)

    def _build(self, theme: Theme) -> None:
        for value in SPEEDS:
            self.speed.addItem(f"× {value:g}", value)
        self.speed.setAccessibleName("Speed")
        self.speed.setToolTip("Speed (− slower, + faster)")
        self.play.setMinimumWidth(112)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.grid())
        for widget in (self.back, self.play, self.forward, self.step_back, self.step_on, self.speed):
            layout.addWidget(widget)
        layout.addStretch(1)
        layout.addWidget(self.clock)

    def _connect(self) -> None:
        player = self._player
        self.back.clicked.connect(lambda: player.shuttle(-1))
        self.play.clicked.connect(player.toggle)
        self.forward.clicked.connect(lambda: player.shuttle(1))
        self.step_back.clicked.connect(lambda: self.step_asked.emit(-1))
        self.step_on.clicked.connect(lambda: self.step_asked.emit(1))
        self.speed.activated.connect(lambda _index: player.set_speed(float(self.speed.currentData())))
        player.changed.connect(self._on_changed)
        for keys, slot in (
            ("Space", player.toggle), ("-", lambda: player.change_speed(-1)), ("+", lambda: player.change_speed(1)),
            ("=", lambda: player.change_speed(1)), ("Shift+Left", lambda: self.step_asked.emit(-10)),
            ("Shift+Right", lambda: self.step_asked.emit(10)), ("Home", lambda: player.seek(player.start_ns)),
            ("End", lambda: player.seek(player.end_ns)),
        ):  # fmt: skip
            QShortcut(QKeySequence(keys), self).activated.connect(slot)
        self._on_changed()

    def _on_changed(self) -> None:
        self.play.setText("Pause" if self._player.playing else "Play")
        self.speed.setCurrentIndex(SPEEDS.index(self._player.speed))

    def show_time(self, at_ns: int, length_ns: int) -> None:
        """Show where the playhead is and how long the take is."""
        self.clock.setText(f"{at_ns * 1e-9:6.2f} / {length_ns * 1e-9:.2f} s")

    def allow(self, hindrance: str) -> None:
        """Enable all buttons, or say why not."""
        for button in (self.back, self.play, self.forward, self.step_back, self.step_on):
            button.allow(hindrance)
        self.speed.setEnabled(not hindrance)
