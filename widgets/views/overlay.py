"""What is drawn over a camera picture: force arrow, marker field, ghost of the commanded pose, planned path.

`Overlay.project` is geometry (pixels of the camera), `paint_overlay` draws it. Tests look at both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from app.core.geometry import project
from app.core.wire.messages import CameraInfo
from widgets.theme.tokens import Theme
from widgets.views.live import Live
from widgets.views.touch import axes, field_points, force_arrow, pad_outline

FIELD_SHARE = 0.16  # of the picture's height that the field shall cover at least
MOST_ENLARGED = 6.0
QUIET_N = 0.3  # a smaller force is noise and has no arrow
GHOST_FRESH_S = 0.5


@dataclass(frozen=True)
class Overlay:
    """Everything in pixels of the camera's picture; NaN where a point is behind the camera.

    Attributes:
        arrow: Tail and tip (2, 2), None for no force.
        rest, moved: Markers (N, 2); None without a touch field.
        field_size: How much the field is enlarged about the finger.
        pad, ghost: Closed outlines (5, 2) of the measured and of the commanded pad.
        ghost_axis: The commanded tool axis (2, 2).
        plan: Planned positions (n, 2).
        force_n, field_mm: For the legend.
    """

    arrow: np.ndarray | None
    rest: np.ndarray | None
    moved: np.ndarray | None
    field_size: float
    pad: np.ndarray
    ghost: np.ndarray | None
    ghost_axis: np.ndarray | None
    plan: np.ndarray
    force_n: float | None
    field_mm: float | None

    @staticmethod
    def project(camera: CameraInfo, live: Live, height_px: float) -> Overlay:
        """Project the live state into a camera; `live.pose` must be there."""
        pose = live.pose
        assert pose is not None

        def to_pixels(points: np.ndarray) -> np.ndarray:
            return project(camera, pose, points)

        size = _field_size(to_pixels(pad_outline(pose)), camera, height_px)
        rest = moved = field_mm = None
        if live.markers is not None and live.displacement is not None:
            rest_points, moved_points = field_points(pose, live.markers, live.displacement, size)
            rest, moved = to_pixels(rest_points), to_pixels(moved_points)
            field_mm = float(np.linalg.norm(live.displacement, axis=1).max())
        force = live.force_n
        arrow = None
        if live.wrench is not None and force is not None and force > QUIET_N:
            arrow = to_pixels(force_arrow(pose, live.wrench))
        ghost = ghost_axis = None
        if live.commanded is not None and live.commanded_age_s < GHOST_FRESH_S:
            target = live.commanded[:7]
            ghost = to_pixels(pad_outline(target, size))
            ghost_axis = to_pixels(axes(target, -0.06)[2])
        plan = to_pixels(live.plan) if len(live.plan) else np.zeros((0, 2))
        return Overlay(
            arrow,
            rest,
            moved,
            size,
            to_pixels(pad_outline(pose, size)),
            ghost,
            ghost_axis,
            plan,
            force,
            field_mm,
        )


def _field_size(outline: np.ndarray, camera: CameraInfo, height_px: float) -> float:
    """Return how much to enlarge the field so that it can be read: whole numbers, so that it does not breathe."""
    if np.isnan(outline).any() or height_px <= 0:
        return 1.0
    extent = float(np.ptp(outline, axis=0).max())
    if extent <= 0:
        return 1.0
    return float(np.clip(np.ceil(FIELD_SHARE * camera.height / extent), 1.0, MOST_ENLARGED))


def _polyline(points: np.ndarray, origin: QPointF, scale: float) -> QPolygonF:
    whole = points[~np.isnan(points).any(axis=1)]
    return QPolygonF([QPointF(origin.x() + u * scale, origin.y() + v * scale) for u, v in whole.tolist()])


def _pen(colour: QColor, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    return QPen(colour, width, style, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)


def paint_overlay(painter: QPainter, overlay: Overlay, theme: Theme, origin: QPointF, scale: float) -> None:
    """Draw an overlay; a pixel (u, v) of the camera lands on `origin + (u, v) * scale`."""
    _paint_plan(painter, overlay, theme, origin, scale)
    _paint_ghost(painter, overlay, theme, origin, scale)
    if overlay.rest is not None and overlay.moved is not None:
        _paint_field(painter, overlay.rest, overlay.moved, theme, origin, scale)
    if overlay.arrow is not None:
        _paint_arrow(painter, overlay.arrow, theme, origin, scale)


def _paint_field(
    painter: QPainter, rest: np.ndarray, moved: np.ndarray, theme: Theme, origin: QPointF, scale: float
) -> None:
    """Draw a line from where each marker rests to where it is, and a dot there; few calls for many markers."""
    pairs = np.concatenate([rest, moved], axis=1)
    pairs = pairs[~np.isnan(pairs).any(axis=1)] * scale + np.array([origin.x(), origin.y()] * 2)
    lines = [QLineF(*row) for row in pairs.tolist()]
    colour = theme.signal("touch.field")
    painter.setPen(QPen(colour, 1.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    painter.drawLines(lines)
    dots = QPolygonF([line.p2() for line in lines])
    spacing = (
        float(np.ptp(pairs[:, :2], axis=0).max()) / 8.0 if len(pairs) else 0.0
    )  # nine markers in the longer row
    size = float(np.clip(0.45 * spacing, 1.5, 4.0))
    for shade, width in ((theme.colour("overlay_ground", 0.8), size * 1.5), (colour, size)):
        painter.setPen(_pen(shade, width))
        painter.drawPoints(dots)


def _paint_plan(painter: QPainter, overlay: Overlay, theme: Theme, origin: QPointF, scale: float) -> None:
    if len(overlay.plan) < 2:
        return
    line = _polyline(overlay.plan, origin, scale)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(_pen(theme.colour("overlay_ground", 0.6), 6.0))
    painter.drawPolyline(line)
    painter.setPen(_pen(theme.signal("plan"), 3.0))
    painter.drawPolyline(line)


def _paint_ghost(painter: QPainter, overlay: Overlay, theme: Theme, origin: QPointF, scale: float) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if overlay.ghost is not None and overlay.ghost_axis is not None:
        for line in (_polyline(overlay.ghost, origin, scale), _polyline(overlay.ghost_axis, origin, scale)):
            painter.setPen(_pen(theme.colour("overlay_ground", 0.7), 4.0))
            painter.drawPolyline(line)
            painter.setPen(_pen(theme.signal("commanded").lighter(135), 2.0, Qt.PenStyle.DashLine))
            painter.drawPolyline(line)


def _paint_arrow(painter: QPainter, arrow: np.ndarray, theme: Theme, origin: QPointF, scale: float) -> None:
    line = _polyline(arrow, origin, scale)
    if line.size() < 2:
        return
    tail, tip = line.at(0), line.at(1)
    along = np.array([tip.x() - tail.x(), tip.y() - tail.y()])
    length = float(np.hypot(*along))
    if length < 2.0:
        return
    unit = along / length
    head = min(14.0, 0.6 * length)
    side = np.array([-unit[1], unit[0]]) * head * 0.5
    base = np.array([tip.x(), tip.y()]) - unit * head
    barbs = [QPointF(*(base + side)), tip, QPointF(*(base - side))]
    shaft_end = QPointF(*(base + unit * 1.0))
    for colour, width in ((theme.colour("overlay_ground", 0.8), 7.0), (theme.signal("force"), 4.0)):
        painter.setPen(_pen(colour, width))
        painter.drawLine(tail, shaft_end)
        painter.setPen(_pen(colour, width - 3.0))
        painter.setBrush(colour)
        painter.drawPolygon(QPolygonF(barbs))


def legend_rows(overlay: Overlay) -> list[tuple[str, str]]:
    """Return (signal, words) of the legend."""
    force = "–" if overlay.force_n is None else f"{overlay.force_n:5.1f} N"
    rows = [("force", f"force {force}")]
    if overlay.field_mm is not None:
        size = f" ×{overlay.field_size:.0f}" if overlay.field_size > 1 else ""
        rows.append(("touch.field", f"touch {overlay.field_mm:4.2f} mm{size}"))
    if overlay.ghost is not None:
        rows.append(("commanded", "commanded"))
    if len(overlay.plan):
        rows.append(("plan", "plan"))
    return rows


def paint_legend(painter: QPainter, overlay: Overlay, theme: Theme, area: QRectF) -> None:
    """Draw the legend as one line at the lower edge of the picture, where it hides least."""
    rows = legend_rows(overlay)
    painter.setFont(theme.number_font("small"))
    metrics = painter.fontMetrics()
    box = QRectF(area.left(), area.bottom() - 20, area.width(), 20)
    painter.fillRect(box, theme.colour("overlay_ground", 0.72))
    x = box.left() + 8
    for signal, words in rows:
        width = metrics.horizontalAdvance(words)
        if x + 20 + width > box.right():
            break  # a narrow picture shows the first rows, the most telling ones
        style = Qt.PenStyle.DashLine if signal == "commanded" else Qt.PenStyle.SolidLine
        colour = theme.signal(signal).lighter(135) if signal == "commanded" else theme.signal(signal)
        painter.setPen(_pen(colour, 3.0, style))
        painter.drawLine(QPointF(x, box.center().y()), QPointF(x + 14, box.center().y()))
        painter.setPen(theme.colour("overlay"))
        place = QRectF(x + 20, box.top(), width + 2, box.height())
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
        x += 20 + width + 16
