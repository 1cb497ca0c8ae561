"""Scrolling curves of the last ten seconds: force, torque, touch, gripper, with the present values beside them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGraphicsItem, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from widgets.bridge.bridge import Bridge
from widgets.theme.tokens import Theme
from widgets.views.envelope import envelope, nice_limit

SPAN_S = 10.0
READOUT = 132
LEAST_LINE = 13  # of a readout: lower lines would overlap
PIXELS_PER_COLUMN = 2
MIDDLE = (
    Qt.AlignmentFlag.AlignVCenter
)  # looked up once: each look at an enum of Qt costs a painter microseconds
RIGHT = MIDDLE | Qt.AlignmentFlag.AlignRight


@dataclass(frozen=True)
class Trace:
    """One curve: topic and column, its signal name (for the colour), the word for the readout."""

    topic: str
    column: int
    signal: str
    word: str
    scale: float = 1.0


@dataclass(frozen=True)
class Panel:
    """One plot: title, unit, its traces; `positive` for values that are never negative; decimals of the readout."""

    title: str
    unit: str
    traces: tuple[Trace, ...]
    least: float
    positive: bool = False
    decimals: int = 1


PANELS = (
    Panel(
        "Force",
        "N",
        tuple(Trace("finger/wrench", i, f"force.{a}", f"F{a}") for i, a in enumerate("xyz")),
        5.0,
    ),
    Panel(
        "Torque",
        "N·m",
        tuple(Trace("finger/wrench", i + 3, f"torque.{a}", f"T{a}") for i, a in enumerate("xyz")),
        0.1,
        decimals=2,
    ),
    Panel(
        "Touch",
        "mm",
        (
            Trace("finger/field/summary", 0, "touch.mean", "mean"),
            Trace("finger/field/summary", 1, "touch.shear", "shear"),
        ),
        0.1,
        positive=True,
        decimals=2,
    ),
    Panel("Gripper", "mm", (Trace("arm/gripper", 0, "gripper", "open", 1000.0),), 100.0, positive=True),
)


class Readout(QWidget):
    """Title and present values of one plot; the room of a number never changes."""

    def __init__(self, panel: Panel, theme: Theme) -> None:
        super().__init__()
        self._panel, self._theme = panel, theme
        self._values: list[float | None] = [None] * len(panel.traces)
        self.setFixedWidth(READOUT)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)

    def show_values(self, values: list[float | None]) -> None:
        """Show the newest values."""
        self._values = values
        self.update()

    def sizeHint(self) -> QSize:
        """Title and a line for each trace."""
        return QSize(READOUT, 20 + 18 * len(self._panel.traces))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw title, unit, and a coloured bar, a word and a number for each trace."""
        with QPainter(self) as painter:  # ended even if drawing fails: an open painter takes the window down
            self._draw(painter)

    def _fitting(self) -> list[int]:
        """Return which traces have room below the title; where not all have, the largest at present, in their order."""
        room = max(0, (self.height() - 18) // LEAST_LINE)
        numbers = range(len(self._panel.traces))
        largest = sorted(numbers, key=lambda number: -abs(self._values[number] or 0.0))
        return sorted(largest[:room])

    def _draw(self, painter: QPainter) -> None:
        painter.setFont(self._theme.font("small", bold=True))
        painter.setPen(self._theme.colour("text"))
        painter.drawText(QRectF(8, 0, READOUT - 8, 18), MIDDLE, self._panel.title)
        painter.setFont(self._theme.font("small"))
        painter.setPen(self._theme.colour("muted"))
        painter.drawText(QRectF(8, 0, READOUT - 16, 18), RIGHT, self._panel.unit)
        shown = self._fitting()
        line = min(18.0, (self.height() - 18) / max(1, len(shown)))
        for index, number in enumerate(shown):
            trace, value = self._panel.traces[number], self._values[number]
            y = 18 + line * index
            painter.fillRect(QRectF(8, y + line / 2 - 2, 12, 4), self._theme.signal(trace.signal))
            painter.setFont(self._theme.font("small"))
            painter.setPen(self._theme.colour("muted"))
            painter.drawText(QRectF(26, y, 50, line), MIDDLE, trace.word)
            text = "–" if value is None else f"{value:z.{self._panel.decimals}f}"
            painter.setFont(self._theme.number_font("small"))
            painter.setPen(self._theme.colour("text"))
            painter.drawText(QRectF(26, y, READOUT - 34, line), RIGHT, text)


class Plot(QWidget):
    """One plot with its readout."""

    def __init__(self, panel: Panel, theme: Theme, with_axis: bool) -> None:
        super().__init__()
        self._panel = panel
        self._limit = 0.0
        self._plot = pg.PlotWidget(background=theme.colour("well"))
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Tab goes to what can be changed
        self._plot.viewport().setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.setMouseEnabled(False, False)
        self._plot.setMenuEnabled(False)
        self._plot.hideButtons()
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.setSizePolicy(
            QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored
        )  # the readout decides
        self.canvas: QWidget = self._plot.viewport()
        self._style(theme, with_axis)
        self._curves = []
        for trace in panel.traces:
            curve = pg.PlotCurveItem(pen=pg.mkPen(theme.signal(trace.signal), width=1.6), connect="all")
            self._plot.addItem(curve)
            self._curves.append(curve)
        self._readout = Readout(panel, theme)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._plot, 1)
        row.addWidget(self._readout)
        self._set_limit(panel.least)

    def _style(self, theme: Theme, with_axis: bool) -> None:
        item = self._plot.getPlotItem()
        item.setContentsMargins(0, 4, 0, 0)
        item.showGrid(x=True, y=True, alpha=0.18)
        left, bottom = item.getAxis("left"), item.getAxis("bottom")
        for axis in (left, bottom):
            axis.setCacheMode(
                QGraphicsItem.CacheMode.DeviceCoordinateCache
            )  # its grid lies under every curve
            axis.setTickFont(theme.number_font("small"))
            axis.setTextPen(theme.colour("muted"))
            axis.setPen(theme.colour("grid_line"))
        left.setWidth(52)
        bottom.setStyle(showValues=with_axis)
        bottom.setHeight(22 if with_axis else 4)
        item.getViewBox().setXRange(-SPAN_S, 0.0, padding=0)
        item.getViewBox().disableAutoRange()

    def _set_limit(self, limit: float) -> None:
        if limit != self._limit:
            self._limit = limit
            self._plot.getViewBox().setYRange(0.0 if self._panel.positive else -limit, limit, padding=0.12)
            marks = (0.0, limit / 2, limit) if self._panel.positive else (-limit, 0.0, limit)
            self._plot.getPlotItem().getAxis("left").setTicks([[(mark, f"{mark:g}") for mark in marks]])

    def refresh(self, bridge: Bridge) -> None:
        """Draw the newest window of every trace."""
        largest = 0.0
        values: list[float | None] = []
        columns = max(50, int(self._plot.width()) // PIXELS_PER_COLUMN)
        for trace, curve in zip(self._panel.traces, self._curves, strict=True):
            history = bridge.history(trace.topic)
            if history is None or history.columns <= trace.column:
                values.append(None)
                curve.setData([], [])
                continue
            times, data = history.window(history.last_ns - round(SPAN_S * 1e9))
            column = data[:, trace.column] * trace.scale
            x, y = envelope((times - history.last_ns) * 1e-9, column, columns)
            curve.setData(x, y)
            values.append(float(column[-1]) if len(column) else None)
            largest = max(largest, float(np.abs(column).max()) if len(column) else 0.0)
        self._set_limit(max(self._panel.least, nice_limit(largest, self._limit)))
        self._readout.show_values(values)


class Curves(QWidget):
    """All plots under each other on one time axis: seconds before now."""

    def __init__(self, bridge: Bridge, theme: Theme, panels: tuple[Panel, ...] = PANELS) -> None:
        super().__init__()
        self._bridge, self.panels = bridge, panels
        self._turn = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._plots = []
        for index, panel in enumerate(panels):
            plot = Plot(panel, theme, with_axis=index == len(panels) - 1)
            self._plots.append(plot)
            column.addWidget(plot, max(3, 1 + len(panel.traces)))  # as its readout has lines

    def first_plot(self) -> QWidget:
        """Return the widget that draws the curves of the first panel: benches count its paints."""
        return self._plots[0].canvas

    def clear(self) -> None:
        """Draw all plots at once: with no rig there is nothing in them."""
        for plot in self._plots:
            plot.refresh(self._bridge)

    def refresh(self) -> None:
        """Draw the next of the visible plots: called on every tick, each gets its turn and no tick carries them all."""
        shown = [plot for plot in self._plots if plot.isVisible()]
        self._turn += 1
        if shown:
            shown[self._turn % len(shown)].refresh(self._bridge)
