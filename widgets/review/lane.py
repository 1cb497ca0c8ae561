"""A row over the time axis with its title at the left and the playhead: what the lanes of Review share.

A lane lies exactly over the plot below it: it asks the plot where its axis is. Used by `band` and `flag_lane`.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.theme.tokens import Theme

HEIGHT = 22
MARGIN = 8.0  # pixels between words and what is beside them

Axis = Callable[[], tuple[float, float, float, float]]  # seconds and pixels: (low, high, left, right)


def beside(area: QRectF, head: float) -> QRectF:
    """Return where words stand in an empty lane: at its left, behind the playhead (x in pixels) if that is there."""
    start = area.left() + MARGIN
    if head < start + MARGIN:
        start = max(start, head + MARGIN)
    return QRectF(start, area.top(), area.right() - MARGIN - start, area.height())


class TimeLane(QWidget):
    """One row; what stands in it is drawn by `draw_content`.

    Args:
        title: At the left of the axis.
        axis: Says where the time axis lies, in pixels of this widget.

    Signals:
        sought(float): The person points at a time (s).
    """

    sought = Signal(float)

    def __init__(self, theme: Theme, title: str, axis: Axis) -> None:
        super().__init__()
        self._theme, self._title, self._axis = theme, title, axis
        self._head = 0.0
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(title)

    def sizeHint(self) -> QSize:
        """One row."""
        return QSize(200, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """One row."""
        return QSize(80, HEIGHT)

    def show_head(self, seconds: float) -> None:
        """Draw the playhead."""
        if seconds != self._head:
            self._head = seconds
            self.update()

    def pixel(self, seconds: float) -> float:
        """Return where a time lies, in pixels."""
        low, high, left, right = self._axis()
        return left + (seconds - low) / max(high - low, 1e-9) * (right - left)

    def seconds(self, pixel: float) -> float:
        """Return the time at a pixel."""
        low, high, left, right = self._axis()
        return low + (pixel - left) / max(right - left, 1e-9) * (high - low)

    def empty_words(self) -> str:
        """Return what stands in the row while nothing else does; empty where something does."""
        raise NotImplementedError

    def draw_content(self, painter: QPainter) -> None:
        """Draw what lies on the axis; the painter is clipped to it."""
        raise NotImplementedError

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw title, content and playhead."""
        with QPainter(self) as painter:
            self._draw(painter)

    def _draw(self, painter: QPainter) -> None:
        theme = self._theme
        _, _, left, right = self._axis()
        area = QRectF(left, 1, right - left, self.height() - 2)
        painter.fillRect(area, theme.colour("well"))
        painter.setFont(theme.font("small"))
        painter.setPen(theme.colour("muted"))
        side = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(QRectF(0, 0, left - 6, self.height()), side, self._title)
        painter.setClipRect(area)
        if words := self.empty_words():
            painter.drawText(beside(area, self.pixel(self._head)), Qt.AlignmentFlag.AlignVCenter, words)
        self.draw_content(painter)
        painter.setPen(QPen(theme.colour("text"), 2.0))
        x = self.pixel(self._head)
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
