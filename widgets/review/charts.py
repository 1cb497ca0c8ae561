"""Clickable charts of the statistics view: bars, points and courses. A click says which search lists its episodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.quality.charts import Bar, Histogram
from widgets.parts.elided import ElidedLabel
from widgets.parts.plot import Plot, pen
from widgets.parts.text import label, row
from widgets.theme.tokens import Theme

HEIGHT = 168
POINT = 9
REACH_PX = 12.0
MOST_LETTERS = 12


class Chart(QWidget):
    """A titled plot in which things can be clicked.

    Signals:
        asked(str): The person clicked something: a text for the search field.
    """

    asked = Signal(str)

    def __init__(
        self, theme: Theme, title: str, left: str = "", bottom: str = "", equal: bool = False
    ) -> None:
        super().__init__()
        self.theme = theme
        self.plot = Plot(theme, left, bottom, equal)
        self.plot.lock_mouse()
        self.plot.setMinimumHeight(HEIGHT)
        self.title, self.note = label(title, "heading"), ElidedLabel("", "small")
        self._head = row(self.title, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(self._head)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.note)
        self.plot.setAccessibleName(title)
        self.plot.scene().sigMouseClicked.connect(self._on_click)
        self.plot.scene().sigMouseMoved.connect(self._on_move)

    def add_control(self, control: QWidget) -> None:
        """Put a control at the right of the title."""
        self._head.addWidget(control)

    def at(self, point: QPointF) -> tuple[str, str]:
        """Return what is under a point of the plot's own coordinates: (words for the tooltip, search text)."""
        raise NotImplementedError

    def _on_click(self, event: Any) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            query = self.at(self.plot.plotItem.vb.mapSceneToView(event.scenePos()))[1]
            if query:
                self.asked.emit(query)

    def _on_move(self, place: QPointF) -> None:
        inside = self.plot.plotItem.vb.sceneBoundingRect().contains(place)
        words, query = self.at(self.plot.plotItem.vb.mapSceneToView(place)) if inside else ("", "")
        self.plot.setToolTip(f"{words}\nClick to list them." if query else words)
        self.plot.setCursor(Qt.CursorShape.PointingHandCursor if query else Qt.CursorShape.ArrowCursor)


class Bars(Chart):
    """Bars at equal distances, or the bins of a histogram; a dashed line may mark a plan."""

    def __init__(self, theme: Theme, title: str, bottom: str = "") -> None:
        super().__init__(theme, title, "", bottom)
        self._edges = np.zeros(1)
        self._bars: tuple[Bar, ...] = ()
        self._items: list[Any] = []

    def show_histogram(self, found: Histogram, colour: str, note: str = "") -> None:
        """Draw the bins of a measure."""
        unknown = f"{found.unknown} of {found.unknown + sum(bar.count for bar in found.bars)} not known"
        self.note.setText(note or (unknown if found.unknown else ""))
        self._draw(found.edges, found.bars, [self.theme.colour(colour)] * len(found.bars))
        self.plot.getAxis("bottom").setTicks(None)

    def show_bars(self, bars: Sequence[Bar], colours: Sequence[QColor], note: str = "") -> None:
        """Draw bars with a name each."""
        self.note.setText(note)
        self._draw(np.arange(len(bars) + 1) - 0.5, tuple(bars), list(colours))
        names = [(number, shortened(bar.label)) for number, bar in enumerate(bars)]
        self.plot.getAxis("bottom").setTicks([names])

    def mark_plan(self, plan: int) -> None:
        """Draw a line at the number of takes that are planned."""
        line = pg.InfiniteLine(
            plan, 0, pen(self.theme.colour("text"), 1.5, Qt.PenStyle.DashLine), label=f"plan {plan}",
            labelOpts={"position": 0.98, "color": self.theme.colour("text"), "anchors": [(1.0, 0.0)] * 2},
        )  # fmt: skip
        self._add(line)
        most = max([plan, *(bar.count for bar in self._bars)])
        self.plot.setYRange(0.0, 1.15 * most, padding=0)

    def _draw(self, edges: np.ndarray, bars: tuple[Bar, ...], colours: list[QColor]) -> None:
        for item in self._items:
            self.plot.removeItem(item)
        self._items, self._edges, self._bars = [], edges, bars
        if not bars:
            return
        widths = np.diff(edges) * 0.86
        middles = (edges[:-1] + edges[1:]) / 2.0
        counts = [bar.count for bar in bars]
        self._add(
            pg.BarGraphItem(
                x=middles, height=counts, width=widths, brushes=colours, pens=[pg.mkPen(None)] * len(bars)
            )
        )
        margin = 0.03 * float(edges[-1] - edges[0])
        self.plot.setXRange(float(edges[0]) - margin, float(edges[-1]) + margin, padding=0)
        self.plot.setYRange(0.0, 1.15 * max(counts), padding=0)
        step = max(1, -(-max(counts) // 4))
        whole = range(0, max(counts) + step, step)
        self.plot.getAxis("left").setTicks([[(value, str(value)) for value in whole]])

    def _add(self, item: Any) -> None:
        self.plot.addItem(item)
        self._items.append(item)

    def at(self, point: QPointF) -> tuple[str, str]:
        """Return the bar at a place; the space above a bar belongs to it, so that small ones can be hit."""
        number = int(np.searchsorted(self._edges, point.x(), side="right")) - 1
        if not 0 <= number < len(self._bars):
            return "", ""
        bar = self._bars[number]
        return f"{bar.label}: {bar.count}", bar.query if bar.count else ""


class Points(Chart):
    """Points in a plane, one per episode."""

    def __init__(self, theme: Theme, title: str, left: str, bottom: str) -> None:
        super().__init__(theme, title, left, bottom, equal=True)
        self._points = np.zeros((0, 2))
        self._uuids: list[str] = []
        self._words: list[str] = []
        self._dots = pg.ScatterPlotItem(size=POINT, pxMode=True, pen=pg.mkPen(None))
        self.plot.addItem(self._dots)

    def show_points(
        self,
        points: np.ndarray,
        uuids: Sequence[str],
        words: Sequence[str],
        colours: Sequence[QColor],
        note: str,
    ) -> None:
        """Draw points (n, 2); those that are not known (nan) are left out."""
        known = [int(i) for i in np.flatnonzero(np.isfinite(points).all(axis=1))]
        self._points = points[known]
        self._uuids, self._words = [uuids[i] for i in known], [words[i] for i in known]
        brushes = [pg.mkBrush(colours[i]) for i in known]
        self._dots.setData(pos=self._points, brush=brushes if brushes else None)
        self.note.setText(note)
        if len(known):
            low, high = self._points.min(axis=0), self._points.max(axis=0)
            middle, half = (low + high) / 2.0, max(0.01, float((high - low).max()) * 0.6)
            self.plot.setXRange(middle[0] - half, middle[0] + half, padding=0)
            self.plot.setYRange(middle[1] - half, middle[1] + half, padding=0)

    def at(self, point: QPointF) -> tuple[str, str]:
        """Return the episode whose point is nearest, within a finger's breadth."""
        if len(self._points) == 0:
            return "", ""
        size = self.plot.plotItem.vb.viewPixelSize()
        apart = np.hypot(
            (self._points[:, 0] - point.x()) / size[0], (self._points[:, 1] - point.y()) / size[1]
        )
        nearest = int(np.argmin(apart))
        if apart[nearest] > REACH_PX:
            return "", ""
        return self._words[nearest], f"uuid:{self._uuids[nearest]}"


class Course(Chart):
    """Lines over the episodes in the order of their collection."""

    def __init__(self, theme: Theme, title: str) -> None:
        super().__init__(theme, title, "", "episodes, in the order of collection")
        self._uuids: list[str] = []
        self._words: list[str] = []
        self._lines = [
            self.plot.curve(theme.colour("orange"), 2.0, name="TQ"),
            self.plot.curve(theme.colour("sky"), 2.0, Qt.PenStyle.DashLine, name="SACo"),
        ]
        for words, colour in (("— TQ", "orange"), ("- - SACo", "sky")):
            name = label(words, "small")
            name.setStyleSheet(f"color: {theme.colour(colour).name()};")
            self.add_control(name)
        self._dots = pg.ScatterPlotItem(size=5, pxMode=True, pen=pg.mkPen(None))
        self.plot.addItem(self._dots)
        self.plot.setYRange(0.0, 1.08, padding=0)

    def show_course(
        self, tq: np.ndarray, saco: np.ndarray, uuids: Sequence[str], words: Sequence[str], note: str
    ) -> None:
        """Draw both measures (n,) after each episode; nan where nothing can be said."""
        self._uuids, self._words = list(uuids), list(words)
        steps = np.arange(1, len(uuids) + 1)
        for line, values in zip(self._lines, (tq, saco), strict=True):
            line.setData(steps, values, connect="finite")
        self._dots.setData(
            np.tile(steps, 2), np.concatenate([tq, saco]),
            brush=[pg.mkBrush(self.theme.colour(name)) for name in ("orange", "sky") for _ in steps] or None,
        )  # fmt: skip
        self.note.setText(note)
        lowest = float(np.nanmin(np.append(tq, 0.0)))
        self.plot.setYRange(min(0.0, lowest), 1.08, padding=0)
        self.plot.setXRange(0.5, max(len(uuids), 2) + 0.5, padding=0)

    def at(self, point: QPointF) -> tuple[str, str]:
        """Return the episode at a place."""
        number = round(point.x()) - 1
        if not 0 <= number < len(self._uuids):
            return "", ""
        return self._words[number], f"uuid:{self._uuids[number]}"


def shortened(text: str) -> str:
    """Return a name short enough to stand under its bar."""
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…"
