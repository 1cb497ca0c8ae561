"""The camera's picture in the wizard: the corners of the board that are seen, and where corners are still missing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.theme.tokens import Theme


class BoardPicture(QWidget):
    """A live picture with the board's corners and the coverage map."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._image: QImage | None = None
        self._corners: Sequence[Sequence[float]] = ()
        self._still = False
        self._size = (4, 3)
        self.coverage = np.zeros((4, 5), dtype=int)
        self.setMinimumSize(400, 300)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        """A picture of the usual size."""
        return QSize(640, 480)

    def show_image(self, image: QImage) -> None:
        """Show a new picture."""
        self._image = image
        self.update()

    def show_board(self, corners: Sequence[Sequence[float]], size: tuple[int, int], still: bool) -> None:
        """Mark corners (n, 2), pixels of a picture of that size."""
        self._corners, self._size, self._still = corners, size, still
        self.update()

    def show_coverage(self, counts: list[list[int]]) -> None:
        """Show how many corners each part of the picture has had."""
        self.coverage = np.array(counts, dtype=int)
        self.update()

    def area(self) -> QRectF:
        """Return where the picture is drawn."""
        width, height = (self._image.width(), self._image.height()) if self._image is not None else (4, 3)
        scale = min(self.width() / width, self.height() / height)
        return QRectF(
            (self.width() - width * scale) / 2,
            (self.height() - height * scale) / 2,
            width * scale,
            height * scale,
        )

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw picture, coverage and corners."""
        with QPainter(self) as painter:
            self._draw(painter)

    def _draw(self, painter: QPainter) -> None:
        theme, area = self._theme, self.area()
        painter.fillRect(self.rect(), theme.colour("well"))
        if self._image is None:
            painter.setPen(theme.colour("muted"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "No picture yet")
            return
        painter.drawImage(area, self._image)
        rows, columns = self.coverage.shape
        for row, column in np.argwhere(self.coverage == 0):
            cell = QRectF(
                area.left() + column * area.width() / columns, area.top() + row * area.height() / rows,
                area.width() / columns, area.height() / rows,
            )  # fmt: skip
            painter.fillRect(cell.adjusted(1, 1, -1, -1), theme.colour("overlay_ground", 0.45))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scale = area.width() / self._size[0]
        dots = QPolygonF([QPointF(area.left() + u * scale, area.top() + v * scale) for u, v in self._corners])
        for colour, width in ((theme.colour("overlay_ground"), 8.0), (self._corner_colour(), 5.0)):
            painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawPoints(dots)

    def _corner_colour(self) -> QColor:
        return self._theme.colour("green" if self._still else "yellow")
