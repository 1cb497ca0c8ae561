"""Every setting of a policy, in groups that fold: a form made from the typed configuration. Opened from Train."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDoubleValidator
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QGridLayout,
    QLineEdit,
    QScrollArea,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.learning.fields import GROUPS, Field, fields_of
from widgets.context import WindowContext
from widgets.parts.key_button import KeyButton
from widgets.parts.text import label, pad, row, set_role

SIZE = (640, 620)
FIELD_WIDTH = 152
MOST = 2**31 - 1
UNFOLDED = ("", "optimiser", "network", "planner", "touch")


class MoreSettings(QDialog):
    """The form of one policy; what differs from the defaults is marked.

    Signals:
        changed(): A value was changed.
    """

    changed = Signal()

    def __init__(
        self, context: WindowContext, policy: str, title: str, changes: dict[str, str], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._theme = context.theme
        self.fields = {field.name: field for field in fields_of(policy)}
        self.editors: dict[str, QWidget] = {}
        self._names = {name: label(words_of(name), "muted") for name in self.fields}
        self.folds: dict[str, QToolButton] = {}
        self.reset = KeyButton("All defaults", "", context.theme)
        self.shut = KeyButton("Close", "", context.theme)
        self.setWindowTitle(f"Settings of {title}")
        self.resize(*SIZE)
        self._build()
        self.set_changes(changes)
        self.reset.clicked.connect(lambda: self.set_changes({}))
        self.shut.clicked.connect(self.accept)

    def _build(self) -> None:
        theme, side = self._theme, self._theme.grid(2)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, theme.grid(), 0)
        column.setSpacing(theme.grid())
        for group, title in GROUPS.items():
            mine = [field for field in self.fields.values() if field.group == group]
            if mine:
                self._add_group(column, group, title, mine)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(side, side, side, side)
        layout.setSpacing(side)
        layout.addWidget(area, 1)
        layout.addLayout(row(self.reset, 1, self.shut))

    def _add_group(self, column: QVBoxLayout, group: str, title: str, fields: list[Field]) -> None:
        fold, body = QToolButton(), QWidget()
        fold.setText(title)
        fold.setCheckable(True)
        fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        fold.setProperty("role", "quiet")
        fold.toggled.connect(partial(self._on_fold, fold, body))
        grid = QGridLayout(body)
        grid.setContentsMargins(self._theme.grid(2), 0, 0, self._theme.grid())
        grid.setHorizontalSpacing(self._theme.grid(1.5))
        grid.setVerticalSpacing(self._theme.grid(0.5))
        grid.setColumnStretch(0, 1)
        for number, field in enumerate(fields):
            editor = self.editors[field.name] = self._editor(field)
            editor.setFixedWidth(FIELD_WIDTH)
            editor.setAccessibleName(field.name)
            grid.addWidget(self._names[field.name], 2 * number, 0)
            grid.addWidget(
                label(help_of(field), "small", wrap=True), 2 * number + 1, 0, Qt.AlignmentFlag.AlignTop
            )
            grid.addWidget(editor, 2 * number, 1, 2, 1, Qt.AlignmentFlag.AlignVCenter)
        self.folds[group] = fold
        column.addWidget(fold)
        column.addWidget(body)
        fold.setChecked(group in UNFOLDED)
        self._on_fold(fold, body, group in UNFOLDED)

    def _on_fold(self, fold: QToolButton, body: QWidget, open_: bool) -> None:
        fold.setArrowType(Qt.ArrowType.DownArrow if open_ else Qt.ArrowType.RightArrow)
        body.setVisible(open_)

    def _editor(self, field: Field) -> QWidget:
        if field.kind == "switch":
            switch = QCheckBox()
            switch.toggled.connect(self._on_edit)
            return switch
        if field.kind == "choice":
            choice = QComboBox()
            choice.addItems(field.options)
            choice.currentIndexChanged.connect(self._on_edit)
            return choice
        if field.kind == "whole" and (field.high or MOST) <= MOST and int(field.default) <= MOST:
            whole = QSpinBox()
            whole.setRange(int(field.low or 0), int(field.high or MOST))
            whole.setGroupSeparatorShown(True)
            whole.valueChanged.connect(self._on_edit)
            pad(whole)
            return whole
        line = QLineEdit()
        if field.kind != "names":
            low, high = field.low, field.high
            validator = QDoubleValidator(
                -1e12 if low is None else low, 1e12 if high is None else high, 12, line
            )
            line.setValidator(validator)
        line.textChanged.connect(self._on_edit)
        return line

    def _on_edit(self) -> None:
        changes = self.changes()
        for name, words in self._names.items():
            set_role(words, "heading" if name in changes else "muted")
        self.reset.allow("" if changes else "Everything is at its default.")
        self.changed.emit()

    def changes(self) -> dict[str, str]:
        """Return the settings that differ from their defaults, as `train --set` takes them."""
        texts = {name: text_of(editor) for name, editor in self.editors.items()}
        return {
            name: text
            for name, text in texts.items()
            if text != self.fields[name].default and usable(self.editors[name])
        }

    def set_changes(self, changes: dict[str, str]) -> None:
        """Show these values, and defaults everywhere else."""
        for name, field in self.fields.items():
            put(self.editors[name], changes.get(name, field.default))
        self._on_edit()


def words_of(name: str) -> str:
    """Return the last part of a dotted name, in words."""
    return name.rpartition(".")[2].replace("_", " ").capitalize()


def help_of(field: Field) -> str:
    """Return what is said of a field: its meaning, and what it may be."""
    if field.low is None or field.high is None:
        return field.help
    return f"{field.help} {field.low:g} to {field.high:g}."


def usable(editor: QWidget) -> bool:
    """Return whether what stands in an editor is a value."""
    return not isinstance(editor, QLineEdit) or editor.hasAcceptableInput()


def text_of(editor: QWidget) -> str:
    """Return what stands in an editor, as `train --set` takes it."""
    if isinstance(editor, QCheckBox):
        return "true" if editor.isChecked() else "false"
    if isinstance(editor, QComboBox):
        return editor.currentText()
    if isinstance(editor, QSpinBox):
        return str(editor.value())
    assert isinstance(editor, QLineEdit)
    return editor.text().strip()


def put(editor: QWidget, text: str) -> None:
    """Put a value into an editor."""
    if isinstance(editor, QCheckBox):
        editor.setChecked(text == "true")
    elif isinstance(editor, QComboBox):
        editor.setCurrentText(text)
    elif isinstance(editor, QSpinBox):
        editor.setValue(int(text))
    elif isinstance(editor, QLineEdit):
        editor.setText(text)
