"""The 3D view without OpenGL: points are splatted into a picture with numpy, lines drawn over it with QPainter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QWidget

from widgets.theme.tokens import Theme
from widgets.views.scene.interface import Orbit

DEGREES_PER_PIXEL = 0.4
GROUND = "ground"  # these lines lie under the cloud, all others over it


@dataclass
class _Lines:
    points: np.ndarray
    colour: QColor
    width: float
    strip: bool


@dataclass
class _Points:
    points: np.ndarray
    colours: np.ndarray
    size: float


class SoftwareScene(QWidget):
    """A `SceneView` that needs no graphics card."""

    kind = "drawn by the processor"

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._orbit = Orbit()
        self._lines: dict[str, _Lines] = {}
        self._points: dict[str, _Points] = {}
        self._cloud: QImage | None = None
        self._cloud_key: tuple[Orbit, int, int, int] | None = None
        self._version = 0
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
            self._lines[name] = _Lines(np.asarray(points, dtype=float), colour, width, strip)

    def set_points(self, name: str, points: np.ndarray, colours: np.ndarray, size: float) -> None:
        """Draw points (n, 3) in colours (n, 3), 0..255."""
        self._version += 1
        if len(points):
            self._points[name] = _Points(points, colours, size)
        else:
            self._points.pop(name, None)

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
        if self._points:
            painter.drawImage(self.rect(), self._render_cloud())
        for name, lines in self._lines.items():
            if name != GROUND:
                self._paint_lines(painter, lines)

    def _paint_lines(self, painter: QPainter, lines: _Lines) -> None:
        pixels = self._orbit.project(lines.points, self.width(), self.height())
        painter.setPen(
            QPen(
                lines.colour,
                lines.width,
                Qt.PenStyle.SolidLine,
                Qt.PenCapStyle.RoundCap,
                Qt.PenJoinStyle.RoundJoin,
            )
        )
        if lines.strip:
            whole = pixels[~np.isnan(pixels).any(axis=1)]
            painter.drawPolyline(QPolygonF([QPointF(u, v) for u, v, _ in whole.tolist()]))
            return
        pairs = np.concatenate([pixels[0::2, :2], pixels[1::2, :2]], axis=1)
        pairs = pairs[~np.isnan(pairs).any(axis=1)]
        painter.drawLines([QLineF(*row) for row in pairs.tolist()])

    def _render_cloud(self) -> QImage:
        key = (self._orbit, self.width(), self.height(), self._version)
        if self._cloud is None or key != self._cloud_key:
            canvas = np.zeros((max(1, self.height()), max(1, self.width())), dtype=np.uint32)
            for points in self._points.values():
                splat(canvas, self._orbit.project(points.points, self.width(), self.height()), points)
            image = QImage(
                canvas.data,
                canvas.shape[1],
                canvas.shape[0],
                canvas.shape[1] * 4,
                QImage.Format.Format_ARGB32,
            )
            self._cloud, self._cloud_key = image.copy(), key
        return self._cloud

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


def splat(canvas: np.ndarray, projected: np.ndarray, points: _Points) -> None:
    """Draw points as squares of `points.size` pixels into an ARGB canvas (H, W), far ones first."""
    height, width = canvas.shape
    order = np.argsort(-projected[:, 2])
    seen = projected[order]
    colours = points.colours[order].astype(np.uint32)
    visible = ~np.isnan(seen[:, 0])
    seen, colours = seen[visible], colours[visible]
    argb = (np.uint32(255) << 24) | (colours[:, 0] << 16) | (colours[:, 1] << 8) | colours[:, 2]
    size = max(1, round(points.size))
    left, top = seen[:, 0].astype(int) - size // 2, seen[:, 1].astype(int) - size // 2
    for dy in range(size):
        for dx in range(size):
            u, v = left + dx, top + dy
            inside = (u >= 0) & (u < width) & (v >= 0) & (v < height)
            canvas[v[inside], u[inside]] = argb[inside]
