"""Labels, cards and form rows in the roles of the style sheet."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QFormLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QVBoxLayout,
    QWidget,
)

from widgets.theme.tokens import Theme

CONTROL = 36  # height of a field: names stand at its middle


def label(text: str = "", role: str = "", wrap: bool = False) -> QLabel:
    """Return a label in one of the roles of the style sheet (title, heading, muted, small, number, …)."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    if role:
        made.setProperty("role", role)
    return made


def set_role(widget: QWidget, role: str) -> None:
    """Give a widget another role and restyle it."""
    if widget.property("role") != role:
        widget.setProperty("role", role)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def card(theme: Theme, heading: str = "") -> tuple[QFrame, QVBoxLayout]:
    """Return a frame with rounded corners and its layout, with a heading if there is one."""
    frame = QFrame()
    frame.setProperty("role", "card")
    layout = QVBoxLayout(frame)
    side = theme.grid(1.5)
    layout.setContentsMargins(side, theme.grid(1), side, side)
    layout.setSpacing(theme.grid())
    if heading:
        layout.addWidget(label(heading, "heading"))
    return frame, layout


def row(*items: QWidget | int, spacing: int = 8) -> QHBoxLayout:
    """Return widgets side by side; an integer is a stretch of that weight."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for item in items:
        if isinstance(item, int):
            layout.addStretch(item)
        else:
            layout.addWidget(item)
    return layout


def form(theme: Theme) -> QFormLayout:
    """Return a form layout: names at the left in the muted role, fields filling the rest."""
    layout = QFormLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setHorizontalSpacing(theme.grid(1.5))
    layout.setVerticalSpacing(theme.grid())
    layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    layout.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    return layout


def add_field(layout: QFormLayout, name: str, field: QWidget | QLayout) -> QLabel:
    """Add a row to a form; the name is a buddy of the field and its accessible name."""
    words = label(name, "muted")
    words.setMinimumHeight(CONTROL)
    layout.addRow(words, field)
    if isinstance(field, QWidget):
        words.setBuddy(field)
        field.setAccessibleName(name)
    return words


def pad(*boxes: QAbstractSpinBox) -> None:
    """Give number fields the same inner margin as text fields."""
    for box in boxes:
        box.lineEdit().setTextMargins(6, 0, 0, 0)


class Figure(QWidget):
    """A number with its name under it, in tabular figures; a dash while it is not known."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value, self._name = label("–", "number"), label(name, "small")
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(2)
        layout.addWidget(self._value, 0, 0)
        layout.addWidget(self._name, 1, 0)

    def show_text(self, text: str | None) -> None:
        """Show a number that is ready formatted, with its unit."""
        self._value.setText(text or "–")

    def text(self) -> str:
        """Return what is shown."""
        return self._value.text()
