"""The left rail: one button for each workspace, its key drawn beside its name."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from widgets.page import Page
from widgets.theme.icons import icon
from widgets.theme.tokens import Theme


class RailButton(QToolButton):
    """Icon, name, and the digit that opens it with Ctrl."""

    def __init__(self, page: type[Page], theme: Theme) -> None:
        super().__init__()
        self._theme, self._icon = theme, page.icon
        self._digit = f"Ctrl {page.key}"
        self.setProperty("role", "rail")
        self.setText(f"  {page.title}")
        self.recolour()
        self.setIconSize(QSize(24, 24))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(f"{page.title} (Ctrl+{page.key})")

    def recolour(self, _colours: object = None) -> None:
        """Draw the icon in the colours of the theme."""
        usual, chosen = (self._theme.colour(name).name() for name in ("muted", "accent"))
        self.setIcon(icon(self._icon, usual, chosen))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the button, and its key at the right."""
        super().paintEvent(event)
        with QPainter(self) as painter:  # ended even if drawing fails: an open painter takes the window down
            self._draw(painter)

    def _draw(self, painter: QPainter) -> None:
        painter.setFont(self._theme.font("small"))
        painter.setPen(self._theme.colour("muted"))
        area = QRectF(0, 0, self.width() - self._theme.grid(1.5), self.height())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self._digit)


class Rail(QWidget):
    """Chooses the workspace. `chosen(int)` gives the index of the page."""

    chosen = Signal(int)

    def __init__(self, pages: Sequence[type[Page]], theme: Theme) -> None:
        super().__init__()
        self.setObjectName("rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(theme.px("rail"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.grid(), 0, theme.grid())
        column.setSpacing(0)
        self._group = QButtonGroup(self)
        for index, page in enumerate(pages):
            button = RailButton(page, theme)
            self._group.addButton(button, index)
            column.addWidget(button)
        column.addStretch(1)
        self._group.idClicked.connect(self.chosen)

    def free_area(self) -> QRect:
        """Return what lies below the buttons, in the rail's own pixels."""
        top = max((button.geometry().bottom() for button in self._group.buttons()), default=0) + 1
        return QRect(0, top, self.width(), self.height() - top)

    def mark(self, index: int) -> None:
        """Show which workspace is open."""
        self._group.button(index).setChecked(True)
