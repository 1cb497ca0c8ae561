"""The header: name, rig, project folder, health dots, messages, key map, and the software stop."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal, SignalInstance
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from widgets.context import WindowContext
from widgets.frame.health import HealthDots, dots
from widgets.rig_session import RigPhase
from widgets.theme.icons import icon


class Header(QWidget):
    """Top of the window.

    Signals:
        stop_pressed(), messages_pressed(), keys_pressed(), theme_pressed(): Buttons.
    """

    stop_pressed = Signal()
    messages_pressed = Signal()
    keys_pressed = Signal()
    theme_pressed = Signal()

    def __init__(self, context: WindowContext) -> None:
        super().__init__()
        self._context = context
        self._tools: dict[QToolButton, str] = {}
        theme = context.theme
        self.setObjectName("header")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(theme.px("header"))
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.grid(2), 0, theme.grid(1.5), 0)
        row.setSpacing(theme.grid(1.5))
        row.addLayout(self._names())
        row.addStretch(1)
        self._dots = HealthDots(theme)
        row.addWidget(self._dots)
        row.addSpacing(theme.grid())
        self._sound = self._tool("sound-off", "", context.tones.toggle)
        row.addWidget(self._sound)
        context.tones.changed.connect(self._on_tones)
        self._on_tones()
        row.addWidget(self._tool("theme", "Dark or light (Ctrl+Shift+T)", self.theme_pressed))
        row.addWidget(self._tool("keyboard", "Key map (F1)", self.keys_pressed))
        self._bell = self._tool("bell", "Messages (Ctrl+M)", self.messages_pressed)
        self._bell.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._bell.setMinimumWidth(theme.grid(8))
        row.addWidget(self._bell)
        row.addWidget(self._stop())
        context.notifications.changed.connect(self._on_messages)
        context.rig.changed.connect(self._on_rig)
        self._on_rig()

    def _names(self) -> QVBoxLayout:
        theme = self._context.theme
        column = QVBoxLayout()
        column.setSpacing(0)
        column.setContentsMargins(0, theme.grid(), 0, theme.grid())
        line = QHBoxLayout()
        line.setSpacing(theme.grid())
        name = QLabel("Touchstone")
        name.setFont(theme.font("large", bold=True))
        name.setStyleSheet(f"font-size: {theme.px('large')}px; font-weight: 700;")
        line.addWidget(name)
        self._rig = QLabel()
        self._rig.setProperty("role", "muted")
        line.addWidget(self._rig)
        line.addStretch(1)
        folder = QLabel(f"Project  {self._context.project.root}")
        folder.setProperty("role", "small")
        folder.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        folder.setToolTip("Everything that is recorded, augmented and trained lies here")
        column.addLayout(line)
        column.addWidget(folder)
        return column

    def _tool(self, name: str, words: str, signal: SignalInstance | Callable[[], None]) -> QToolButton:
        button = QToolButton()
        button.setProperty("role", "quiet")
        self._tools[button] = name
        button.setIcon(icon(name, self._context.theme.colour("text").name()))
        button.setIconSize(QSize(22, 22))
        button.setToolTip(words)
        button.setAccessibleName(words)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.clicked.connect(signal)
        return button

    def recolour(self, _colours: object = None) -> None:
        """Draw the icons in the colours of the theme."""
        for button, name in self._tools.items():
            button.setIcon(icon(name, self._context.theme.colour("text").name()))
        self._on_tones()
        self._on_messages()

    def _stop(self) -> QPushButton:
        button = QPushButton("STOP  (Esc)")
        button.setProperty("role", "danger")
        button.setIcon(icon("stop", "#ffffff"))
        button.setToolTip(
            "Software stop, not an emergency stop: ends all motion. Keep the emergency stop within reach."
        )
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setMinimumWidth(self._context.theme.grid(17))
        button.pressed.connect(self.stop_pressed)  # not when it is let go: that is a tenth of a second later
        return button

    def _on_tones(self) -> None:
        tones, theme = self._context.tones, self._context.theme
        words = f"Tones that follow the contact force are {'on' if tones.on else 'off'} (Ctrl+Shift+M)"
        colour = "accent" if tones.on else "bad" if tones.problem else "text"
        self._sound.setIcon(icon("sound-on" if tones.on else "sound-off", theme.colour(colour).name()))
        self._sound.setToolTip(f"{words}. {tones.problem}" if tones.problem else words)
        self._sound.setAccessibleName(words)

    def _on_messages(self) -> None:
        unseen = self._context.notifications.unseen
        theme = self._context.theme
        self._bell.setText(str(unseen) if unseen else "")
        self._bell.setIcon(icon("bell", theme.colour("bad" if unseen else "text").name()))

    def _on_rig(self) -> None:
        rig = self._context.rig
        words = {RigPhase.OFF: "not connected", RigPhase.STARTING: "starting …", RigPhase.UP: "connected"}[
            rig.phase
        ]
        self._rig.setText(f"·  rig {rig.name}, {words}")
        self._rig.setToolTip(rig.info.note if rig.info is not None else rig.problem)
        self.refresh()

    def refresh(self) -> None:
        """Show the measured rates; called twice a second."""
        rig = self._context.rig
        health = self._context.bridge.health() if rig.info is not None else {}
        self._dots.show_dots(dots(rig.info, health))
