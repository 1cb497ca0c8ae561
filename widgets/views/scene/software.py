"""The 3D view without OpenGL: the picture that a process draws of the cloud, and lines over it with QPainter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QWidget

from app.cloud.orbit import Orbit
from widgets.theme.switch import Exchange
from widgets.theme.tokens import Theme

DEGREES_PER_PIXEL = 0.4
PEN_STYLE = (Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
GROUND = "ground"  # these lines lie under the cloud, all others over it


@dataclass
class _Lines:
    points: np.ndarray
    pen: QPen
    strip: bool


class SoftwareScene(QWidget):
    """A `SceneView` that needs no graphics card."""

    kind = "drawn by the processor"

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._orbit = Orbit()
        self._lines: dict[str, _Lines] = {}
        self._cloud: QImage | None = None
        self._pixels: np.ndarray | None = None  # the memory of `_cloud`
        self._offered = self._drawn = 0
        self._grab: QPointF | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(200, 150)

    def set_lines(
        self, name: str, points: np.ndarray, colour: QColor, width: float, strip: bool = True
    ) -> None:
        """Draw points (n, 3) as one polyline, or (2k, 3) as k separate pieces."""
        if len(points) < 2:
            self._lines.pop(name, None)
        else:
            pen = QPen(colour, width, *PEN_STYLE)
            self._lines[name] = _Lines(np.asarray(points, dtype=float), pen, strip)

    def set_cloud(self, picture: np.ndarray | None, offered: int = 0, drawn: int = 0) -> None:
        """Show a picture (H, W) uint32 of the cloud, 0xAARRGGBB, alpha 0 or 255; None: no cloud.

        Args:
            offered, drawn: Points of the cloud, and how many of them are in the picture.
        """
        self._offered, self._drawn = offered, drawn
        self._cloud, self._pixels = None, picture
        if picture is not None:
            height, width = picture.shape
            premultiplied = QImage.Format.Format_ARGB32_Premultiplied
            self._cloud = QImage(picture.data, width, height, picture.strides[0], premultiplied)

    def recolour(self, colours: Exchange) -> None:
        """Take the colours of the theme as it is now."""
        for lines in self._lines.values():
            lines.pen = colours.pen(lines.pen)

    def set_orbit(self, orbit: Orbit) -> None:
        """Put the camera there."""
        self._orbit = orbit
        self.update()

    def orbit(self) -> Orbit:
        """Return where the camera is."""
        return self._orbit

    def redraw(self) -> None:
        """Draw what was set."""
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ground, the cloud, and the other lines over it."""
        with QPainter(self) as painter:  # ended even if drawing fails: an open painter takes the window down
            self._draw(painter)

    def _draw(self, painter: QPainter) -> None:
        painter.fillRect(self.rect(), self._theme.colour("well"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if GROUND in self._lines:
            self._paint_lines(painter, self._lines[GROUND])
        if self._cloud is not None:
            painter.drawImage(self.rect(), self._cloud)
        for name, lines in self._lines.items():
            if name != GROUND:
                self._paint_lines(painter, lines)
        self._paint_thinning(painter)

    def _paint_lines(self, painter: QPainter, lines: _Lines) -> None:
        pixels = self._orbit.project(lines.points, self.width(), self.height())
        painter.setPen(lines.pen)
        if lines.strip:
            whole = pixels[~np.isnan(pixels).any(axis=1)]
            painter.drawPolyline(QPolygonF([QPointF(u, v) for u, v, _ in whole.tolist()]))
            return
        pairs = np.concatenate([pixels[0::2, :2], pixels[1::2, :2]], axis=1)
        pairs = pairs[~np.isnan(pairs).any(axis=1)]
        painter.drawLines([QLineF(*row) for row in pairs.tolist()])

    def _paint_thinning(self, painter: QPainter) -> None:
        """Say so when not every point is drawn, in as many words as there is room for."""
        offered, drawn = self._offered, self._drawn
        if self._cloud is None or drawn >= offered:
            return
        painter.setFont(self._theme.font("small"))
        count = f"{drawn / 1000:.0f},000 of {offered / 1000:.0f},000 points"
        room, metrics = self.width() - 16, painter.fontMetrics()
        for words in (f"{count} drawn: this machine has no graphics card", f"{count} drawn", count):
            width = metrics.horizontalAdvance(words) + 16
            if width <= room:
                break
        else:
            return
        box = QRectF(8, self.height() - 30, width, 22)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour("overlay_ground", 0.72))
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(self._theme.colour("overlay"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to turn."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._grab = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Turn."""
        if self._grab is not None:
            moved = event.position() - self._grab
            self._grab = event.position()
            self.set_orbit(self._orbit.turned(-moved.x() * DEGREES_PER_PIXEL, moved.y() * DEGREES_PER_PIXEL))

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """End turning."""
        self._grab = None

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Nearer or farther."""
        self.set_orbit(self._orbit.zoomed(0.9 ** (event.angleDelta().y() / 120.0)))
        event.accept()

    def area(self) -> QRectF:
        """Return the whole view."""
        return QRectF(self.rect())
