"""The settings of the chosen input as fields; only those that its kind has."""

from __future__ import annotations

import math
from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QGridLayout,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.teleop.settings import KEYS, Settings
from widgets.parts.text import add_field, form, pad
from widgets.theme.tokens import Theme

AXIS_NAMES = ("Away", "Left", "Up", "About away", "About left", "About up")
DEVICES, TWISTS = ("spacemouse", "gamepad", "leader"), ("spacemouse", "gamepad")
CHOICES = {
    "clutch": ((("Held", "hold"), ("On and off", "toggle")), (KEYS, "spacemouse", "gamepad")),
    "second": ((("Gripper", "gripper"), ("Clutch", "clutch"), ("Fine", "fine")), ("spacemouse",)),
    "follow": ((("Its posture", "match"), ("Its way", "relative")), ("leader",)),
}
NAMES = {"clutch": "Clutch", "second": "Right button", "follow": "The arm takes"}
TIPS = {
    "clutch": "C, or the left shoulder of a gamepad: the arm stands while the hand moves on",
    "second": "What the right button does while the left one is held",
    "follow": "Its posture: the arm goes where the leader is. Its way: the arm moves as the leader does",
}


class InputForm(QWidget):
    """Fields of one input.

    Signals:
        changed(Settings): The person changed a field.
    """

    changed = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._filling = False
        self._settings = Settings()
        self.speed, self.fine, self.yaw = QSpinBox(), QSpinBox(), QSpinBox()
        self.smooth, self.scale, self.rumble = QDoubleSpinBox(), QDoubleSpinBox(), QSpinBox()
        self.choices = {name: QComboBox() for name in CHOICES}
        self.axes = [QCheckBox(name) for name in AXIS_NAMES]
        self.single = QCheckBox("One at a time")
        self._rows: list[tuple[QWidget, tuple[str, ...]]] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._form = form(theme)
        layout.addLayout(self._form)
        self._build(theme)

    def _build(self, theme: Theme) -> None:
        numbers = (
            ("Speed", self.speed, (1, 100), " %", "Of the rig's speed", TWISTS),
            (
                "Fine",
                self.fine,
                (1, 100),
                " %",
                "Of the speed, while V or the left trigger is held",
                (KEYS, *DEVICES),
            ),
            (
                "Looking at",
                self.yaw,
                (-180, 180),
                " °",
                "Where the person looks: 0 is along the base's x axis",
                TWISTS,
            ),
            (
                "Way",
                self.scale,
                (0.05, 2.0),
                " ×",
                "Of the leader's way, when the arm takes its way",
                ("leader",),
            ),
            (
                "Smoothing",
                self.smooth,
                (0.1, 50.0),
                " Hz",
                "One-Euro filter at rest: lower is smoother",
                DEVICES,
            ),
            (
                "Rumble",
                self.rumble,
                (0, 100),
                " %",
                "Strength of the contact force in the pad; 0 is off",
                ("gamepad",),
            ),
        )
        for name, box, (low, high), unit, tip, kinds in numbers:
            box.setRange(low, high)  # type: ignore[arg-type]  # each box has the numbers of its own kind
            box.setSuffix(unit)
            pad(box)
            box.setToolTip(tip)
            box.valueChanged.connect(self._tell)
            self._add(name, box, kinds)
        for name, (options, of_kinds) in CHOICES.items():
            choice = self.choices[name]
            for words, value in options:
                choice.addItem(words, value)
            choice.setToolTip(TIPS[name])
            choice.activated.connect(self._tell)
            self._add(NAMES[name], choice, of_kinds)
        self._add("May move", self._axis_boxes(theme), (KEYS, *TWISTS))

    def _axis_boxes(self, theme: Theme) -> QWidget:
        grid = QWidget()
        cells = QGridLayout(grid)
        cells.setContentsMargins(0, 0, 0, 0)
        cells.setVerticalSpacing(0)
        cells.setHorizontalSpacing(theme.grid(2))
        for index, box in enumerate([*self.axes, self.single]):
            box.toggled.connect(self._tell)
            cells.addWidget(box, index % 3 if index < 6 else 3, index // 3 if index < 6 else 0)
        self.single.setToolTip("Only the strongest of them moves")
        return grid

    def _add(self, name: str, field: QWidget, kinds: tuple[str, ...]) -> None:
        add_field(self._form, name, field)
        self._rows.append((field, kinds))

    def show_settings(self, kind: str, settings: Settings) -> None:
        """Show the settings of an input, with the fields of its kind."""
        self._filling, self._settings = True, settings
        self.speed.setValue(round(settings.speed * 100))
        self.fine.setValue(round(settings.fine * 100))
        self.yaw.setValue(round(math.degrees(settings.yaw)))
        self.smooth.setValue(settings.smooth_hz)
        self.scale.setValue(settings.scale)
        self.rumble.setValue(round(settings.rumble * 100))
        for name, choice in self.choices.items():
            choice.setCurrentIndex(choice.findData(getattr(settings, name)))
        for box, free in zip(self.axes, settings.free, strict=True):
            box.setChecked(free)
        self.single.setChecked(settings.single)
        self.single.setVisible(kind != KEYS)
        for field, kinds in self._rows:
            self._show_row(self._form, field, kind in kinds)
        self.scale.setEnabled(settings.follow == "relative")
        self._filling = False

    @staticmethod
    def _show_row(layout: QFormLayout, field: QWidget, shown: bool) -> None:
        layout.setRowVisible(field, shown)

    def _tell(self) -> None:
        if self._filling:
            return
        words = {name: box.currentData() for name, box in self.choices.items()}
        self._settings = replace(
            self._settings,
            speed=self.speed.value() / 100.0,
            fine=self.fine.value() / 100.0,
            yaw=math.radians(self.yaw.value()),
            smooth_hz=self.smooth.value(),
            scale=self.scale.value(),
            rumble=self.rumble.value() / 100.0,
            free=tuple(box.isChecked() for box in self.axes),
            single=self.single.isChecked(),
            **words,
        )
        self.changed.emit(self._settings)
