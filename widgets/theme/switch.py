"""Another theme while the window is open. Used by the session.

Painters ask the theme at every paint, and the style sheet is set anew. Items of plots, rows of tables and a widget's
own style sheet keep the colours that they were made with: each is exchanged for that of the same name in the other
theme. What holds colours of its own besides (icons, lists of colours) has a method `recolour`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

import pyqtgraph as pg
from PySide6.QtGui import QBrush, QColor, QPen
from PySide6.QtWidgets import QTableWidget, QWidget

from widgets.theme.tokens import Theme

HEX = re.compile(r"#[0-9a-fA-F]{6}\b")


class Exchange:
    """Colours of one theme to those of the same name in another; any other colour stays, and so does transparency."""

    def __init__(self, old: Theme, new: Theme) -> None:
        self._new = {text.lower(): new.colours[name] for name, text in old.colours.items()}

    def text(self, old: str) -> str:
        """Return a style sheet with the new colours ("#rrggbb")."""
        return HEX.sub(lambda found: self._new.get(found[0].lower(), found[0]), old)

    def colour(self, old: QColor) -> QColor:
        """Return the new colour."""
        made = QColor(self._new.get(old.name(), old.name()))
        made.setAlphaF(old.alphaF())
        return made

    def pen(self, old: Any) -> QPen:
        """Return a pen (as pyqtgraph takes it) in the new colour."""
        made = QPen(pg.mkPen(old))
        made.setColor(self.colour(made.color()))
        return made

    def brush(self, old: Any) -> QBrush:
        """Return a brush (as pyqtgraph takes it) in the new colour."""
        made = QBrush(pg.mkBrush(old))
        made.setColor(self.colour(made.color()))
        return made


@runtime_checkable
class Recoloured(Protocol):
    """A widget that holds colours of its own."""

    def recolour(self, colours: Exchange) -> None:
        """Take the colours of the theme as it is now."""
        ...


def recolour(widgets: Iterable[QWidget], colours: Exchange) -> None:
    """Exchange the colours that these widgets keep, and paint them again."""
    for widget in widgets:
        if (sheet := colours.text(widget.styleSheet())) != widget.styleSheet():
            widget.setStyleSheet(sheet)
        if isinstance(widget, pg.PlotWidget):
            widget.setBackground(colours.colour(widget.backgroundBrush().color()))
            for item in widget.scene().items():
                _recolour_item(item, colours)
        elif isinstance(widget, QTableWidget):
            _recolour_rows(widget, colours)
        if isinstance(widget, Recoloured):
            widget.recolour(colours)
        widget.update()


def _recolour_rows(table: QTableWidget, colours: Exchange) -> None:
    for row in range(table.rowCount()):
        for column in range(table.columnCount()):
            item = table.item(row, column)
            if item is not None:
                item.setForeground(colours.brush(item.foreground()))


def _recolour_item(item: Any, colours: Exchange) -> None:
    if isinstance(item, pg.AxisItem):
        words, style = item.labelText, item.labelStyle
        label = {**style, "color": colours.text(style.get("color", ""))}
        item.setTextPen(colours.pen(item.textPen()))
        item.setPen(colours.pen(item.pen()))
        if words:  # a pen takes the label along
            item.setLabel(words, **label)
    elif isinstance(item, pg.InfiniteLine):
        item.setPen(colours.pen(item.pen))
        item.setHoverPen(colours.pen(item.hoverPen))
    elif isinstance(item, pg.LinearRegionItem):
        item.setBrush(colours.brush(item.brush))
        item.setHoverBrush(colours.brush(item.hoverBrush))
    elif isinstance(item, pg.TextItem):
        item.setColor(colours.colour(item.color))
        item.fill = colours.brush(item.fill)
    elif isinstance(item, pg.PlotDataItem):
        item.setPen(colours.pen(item.opts["pen"]))
        item.setSymbolPen(colours.pen(item.opts["symbolPen"]))
        item.setSymbolBrush(colours.brush(item.opts["symbolBrush"]))
    elif isinstance(item, pg.BarGraphItem):
        item.setOpts(brushes=[colours.brush(each) for each in item.opts["brushes"]])
    elif isinstance(item, pg.ScatterPlotItem) and len(item.data) and all(item.data["brush"]):
        item.setBrush([colours.brush(each) for each in item.data["brush"]])
