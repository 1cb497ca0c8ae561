"""pyqtgraph plots in the window's colours: pens by signal, grid, axes with units, a second sign beside colour."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPen

from widgets.theme.tokens import Theme


def pen(colour: QColor, width: float = 1.5, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """Return a cosmetic pen: `width` pixels at any zoom."""
    made = QPen(colour, width, style)
    made.setCosmetic(True)
    return made


class SecondsAxis(pg.AxisItem):
    """A time axis whose numbers carry their unit, so that it needs no title."""

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Return the numbers at the ticks."""
        return [f"{value * scale:g} s" for value in values]


TITLE_SLACK = 10  # pixels of a title that are no ink: margins of its document
COUNT_WIDTH = 48  # pixels from one number of a count to the next


class CountAxis(pg.AxisItem):
    """An axis of counts, with thousands and millions written short, and as many as there is room for."""

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Return the numbers at the ticks; where they are close, at every second, third, … only."""
        low, high = self.range
        apart = spacing / max(high - low, 1e-12) * self.geometry().width()
        every = max(1, math.ceil(COUNT_WIDTH / max(apart, 1e-3)))
        return [short_count(value * scale) if round(value / spacing) % every == 0 else "" for value in values]


def short_count(value: float) -> str:
    """Return a count as it stands at an axis: "500", "20k", "1.5M"."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


class ValueAxis(pg.AxisItem):
    """An upright axis with as many numbers as its height has room for: pyqtgraph alone writes the coarsest always.

    Its title is left out where it would be cut off.
    """

    def resizeEvent(self, ev: Any = None) -> None:
        """Place the title, if there is room for it."""
        super().resizeEvent(ev)
        self._show_title()

    def setLabel(self, *args: Any, **more: Any) -> None:
        """Set the title, and show it if there is room for it."""
        super().setLabel(*args, **more)
        self._show_title()

    def _show_title(self) -> None:
        if self.label is not None and self.labelText:  # none while it is closed
            self.label.setVisible(self.label.boundingRect().width() <= self.size().height() + TITLE_SLACK)

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Return the numbers at the ticks; where they are close, those of the coarsest that lie beside each other."""
        (low, high), height = self.range, self.geometry().height()
        if height <= 0.0:
            return [""] * len(values)
        pixels = height / max(high - low, 1e-12)
        line = (
            0.8 * QFontMetrics(self.style["tickFont"] or QFont()).height()
        )  # what pyqtgraph counts a text for
        texts = super().tickStrings(values, scale, spacing)
        if spacing * pixels >= line:
            return texts
        kept, last = [""] * len(texts), -math.inf
        if spacing >= self.tickSpacing(low, high, height)[0][0]:
            for number, value in enumerate(values):
                at = (value - low) * pixels
                if line / 2 <= at <= height - line / 2 and at - last >= line:
                    kept[number], last = texts[number], at
        return kept


class LogAxis(pg.AxisItem):
    """A logarithmic axis with words at 1, 2, 3, 5 and 7 of each decade only, so that none lies on another."""

    def logTickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Return the numbers at the ticks (`values` are logarithms)."""
        texts = [f"{10.0**value * scale:.1g}" for value in values]
        return [f"{float(text):g}" if f"{float(text):e}"[0] in "12357" else "" for text in texts]


class Plot(pg.PlotWidget):
    """A plot with the theme's ground, grid and axes.

    Args:
        left, bottom: Names of the axes with their units.
        second_ticks: The bottom axis is a time in seconds. count_ticks: It counts something that may be many.
        equal: One unit is as long on both axes (for paths).
    """

    def __init__(
        self,
        theme: Theme,
        left: str = "",
        bottom: str = "",
        equal: bool = False,
        log_y: bool = False,
        second_ticks: bool = False,
        count_ticks: bool = False,
    ) -> None:
        axes: dict[str, pg.AxisItem] = {"left": LogAxis("left") if log_y else ValueAxis("left")}
        if second_ticks or count_ticks:
            axes["bottom"] = CountAxis("bottom") if count_ticks else SecondsAxis("bottom")
        super().__init__(background=theme.colour("well"), axisItems=axes)
        self.theme = theme
        for part in (self, self.viewport()):
            part.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Tab goes to what can be changed
        item = self.plotItem
        item.hideButtons()
        item.setMenuEnabled(False)
        item.setLogMode(x=False, y=log_y)
        item.setAspectLocked(equal)
        item.layout.setContentsMargins(4, 8, 12, 4)
        for name, title in (("left", left), ("bottom", bottom)):
            axis = item.getAxis(name)
            axis.setPen(theme.colour("line"))
            axis.setTextPen(theme.colour("muted"))
            axis.setStyle(tickFont=theme.font("small"))
            axis.enableAutoSIPrefix(False)
            if title:
                axis.setLabel(title, **self.label_style())
        item.getAxis("left").setWidth(56)
        item.showGrid(x=True, y=True, alpha=0.12)

    def label_style(self) -> dict[str, str]:
        """Return how the titles of the axes look."""
        return {"color": self.theme.colour("muted").name(), "font-size": f"{self.theme.px('small')}px"}

    def curve(
        self, colour: QColor, width: float = 1.5, style: Qt.PenStyle = Qt.PenStyle.SolidLine, **more: Any
    ) -> Any:
        """Add a curve and return it; give it data with `setData(x, y)`."""
        return self.plotItem.plot(pen=pen(colour, width, style), **more)

    def lock_mouse(self) -> None:
        """Let dragging and the wheel not move the axes."""
        self.plotItem.setMouseEnabled(x=False, y=False)


def envelope(times: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return one zigzag line (2n,) through minimum and maximum of each bin, so that every peak is drawn.

    Args:
        times, low, high: (n,) each: bin times, least and greatest value of the bin.
    """
    x = np.repeat(np.asarray(times, dtype=float), 2)
    y = np.empty(len(x))
    y[0::2], y[1::2] = low, high
    return x, y
