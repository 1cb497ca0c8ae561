"""A column beside a plot: each curve's line as it is drawn, its name, and its value at the moment."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.parts.plot import pen
from widgets.theme.switch import Exchange
from widgets.theme.tokens import Theme

LINE = 22
SLACK = 3  # pixels below a line that its letters do not need
SWATCH = 24
Entry = tuple[str, QColor, Qt.PenStyle]


class Readout(QWidget):
    """Legend with values; keeps its room whatever the values are.

    Args:
        entries: Name, colour and line style of each curve.
    """

    def __init__(self, theme: Theme, entries: list[Entry], width: int = 152) -> None:
        super().__init__()
        self._theme, self._entries = theme, entries
        self._values: list[str] = [""] * len(entries)
        self.setFixedWidth(width)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)

    def sizeHint(self) -> QSize:
        """Return room for all entries."""
        return QSize(self.width(), LINE * len(self._entries) + 8)

    def set_entries(self, entries: list[Entry]) -> None:
        """Show other curves."""
        self._entries, self._values = entries, [""] * len(entries)
        self.updateGeometry()
        self.update()

    def recolour(self, colours: Exchange) -> None:
        """Take the colours of the theme as it is now."""
        self._entries = [(name, colours.colour(colour), style) for name, colour, style in self._entries]

    def show_values(self, values: list[str]) -> None:
        """Show the values, formatted, in the order of the entries."""
        if values != self._values:
            self._values = values
            self.update()

    def values(self) -> list[str]:
        """Return what is shown."""
        return list(self._values)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the entries from the top."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        number_font = self._theme.number_font("small")
        for number, ((name, colour, style), value) in enumerate(
            zip(self._entries, self._values, strict=True)
        ):
            box = QRectF(8, 8 + number * LINE, self.width() - 12, LINE)
            if box.bottom() > self.height() + SLACK:
                break  # a line is shown whole or not at all
            painter.setPen(pen(colour, 2.5, style))
            y = box.center().y()
            painter.drawLine(QPointF(box.left(), y), QPointF(box.left() + SWATCH, y))
            painter.setFont(self._theme.font("small"))
            painter.setPen(self._theme.colour("muted"))
            side = Qt.AlignmentFlag.AlignVCenter
            room = box.adjusted(SWATCH + 8, 0, 0, 0)
            if value:  # a long name gives way to its value
                room.setRight(room.right() - QFontMetricsF(number_font).horizontalAdvance(value) - 8)
            shown = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, int(room.width()))
            painter.drawText(room, side | Qt.AlignmentFlag.AlignLeft, shown)
            painter.setFont(number_font)
            painter.setPen(self._theme.colour("text"))
            painter.drawText(box, side | Qt.AlignmentFlag.AlignRight, value)
        painter.end()
