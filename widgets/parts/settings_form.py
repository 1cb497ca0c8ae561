"""The settings at the left of Augment, Train and Deploy: cards of named fields that lock while something runs."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLayout, QSizePolicy, QVBoxLayout, QWidget

from widgets.context import WindowContext
from widgets.parts.text import add_field, card, form

WIDTH = 344
WHILE_RUNNING = "Stop the run first."


class SettingsForm(QWidget):
    """Base of the three forms. What each means as arguments of its role, the subclass says.

    Signals:
        changed(): Anything changed, counts included.
    """

    changed = Signal()

    def __init__(self, context: WindowContext) -> None:
        super().__init__()
        self._context = context
        self._locked: dict[QWidget, str] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(context.theme.grid())
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)  # plots below it give way
        self._cards = layout

    def add_card(self, heading: str = "", **fields: QWidget | QLayout) -> QVBoxLayout:
        """Add a card with a row for each field, named by its keyword (`_` is a space); returns the card's layout."""
        theme = self._context.theme
        frame, inner = card(theme, heading)
        if fields:
            rows = form(theme)
            for name, field in fields.items():
                add_field(rows, name.replace("_", " "), field)
            inner.addLayout(rows)
        self._cards.addWidget(frame)
        return inner

    def editable_fields(self) -> tuple[QWidget, ...]:
        """Return the fields that lock while something runs."""
        raise NotImplementedError

    def set_editable(self, editable: bool) -> None:
        """Lock the fields while something runs; a locked one says why, a free one what it said before."""
        for field in self.editable_fields():
            if editable:
                if field in self._locked:
                    field.setToolTip(self._locked.pop(field))
            elif field not in self._locked:
                self._locked[field] = field.toolTip()
                field.setToolTip(WHILE_RUNNING)
            field.setEnabled(editable)

    def column(self, *below: QWidget | QLayout | int) -> QWidget:
        """Return the page's left column: these settings, and what stands below.

        An integer is a stretch; a layout takes the height that is left.
        """
        column = QWidget()
        column.setFixedWidth(WIDTH)
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(self._context.theme.grid())
        for item in (self, *below):
            if isinstance(item, int):
                layout.addStretch(item)
            elif isinstance(item, QLayout):
                layout.addLayout(item, 1)
            else:
                layout.addWidget(item)
        return column


def side_by_side(page: QWidget, context: WindowContext, left: QWidget, right: QWidget | QLayout) -> None:
    """Lay out a page: the column of settings, and everything else beside it."""
    side = context.theme.grid(2)
    layout = QHBoxLayout(page)
    layout.setContentsMargins(side, side, side, side)
    layout.setSpacing(side)
    layout.addWidget(left)
    if isinstance(right, QLayout):
        layout.addLayout(right, 1)
    else:
        layout.addWidget(right, 1)
