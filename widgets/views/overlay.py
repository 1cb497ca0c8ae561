"""What is drawn over a camera picture: force arrows, marker fields, ghost of the commanded pose, planned path.

`Overlay.project` is geometry (pixels of the camera), `paint_overlay` draws it. Tests look at both. The legend is in
`widgets.views.legend`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from app.core.geometry import pose_to_matrix, project
from app.core.wire.messages import CameraInfo
from widgets.theme.tokens import Theme
from widgets.views.live import Live, Touch
from widgets.views.scales import FORCE_LENGTH_M, round_share
from widgets.views.touch import axes, field_points, force_arrow, pad_outline

FIELD_SHARE = 0.14  # of the picture's height that the field shall cover at least
MOST_ENLARGED = 6.0
QUIET_N = 0.3  # a smaller force is noise and has no arrow
GHOST_FRESH_S = 0.5
LABEL_GAP = 8.0


@dataclass(frozen=True)
class Marks:
    """One touch sensor in pixels of the camera's picture; NaN where a point is behind the camera.

    Attributes:
        arrow: Tail and tip (2, 2), None for no force.
        rest, moved: Markers (N, 2); None without a touch field.
    """

    touch: Touch
    arrow: np.ndarray | None = None
    rest: np.ndarray | None = None
    moved: np.ndarray | None = None


@dataclass(frozen=True)
class Bar:
    """A scale bar: so many newtons or millimetres are so many pixels of the camera's picture, at the finger."""

    value: float
    pixels: float


@dataclass(frozen=True)
class Overlay:
    """Everything in pixels of the camera's picture; NaN where a point is behind the camera.

    Attributes:
        marks: One for each touch sensor.
        field_size: How much the fields are enlarged about the finger.
        pad, ghost: Closed outlines (5, 2) of the measured and of the commanded pad.
        ghost_axis: The commanded tool axis (2, 2).
        plan: Planned positions (n, 2).
        force_bar, field_bar: For the legend; None where the finger is behind the camera.
    """

    marks: tuple[Marks, ...]
    field_size: float
    pad: np.ndarray
    ghost: np.ndarray | None
    ghost_axis: np.ndarray | None
    plan: np.ndarray
    force_bar: Bar | None
    field_bar: Bar | None

    @staticmethod
    def project(camera: CameraInfo, live: Live) -> Overlay:
        """Project the live state into a camera; `live.pose` must be there."""
        pose = live.pose
        assert pose is not None

        def to_pixels(points: np.ndarray) -> np.ndarray:
            return project(camera, pose, points)

        size = _field_size(to_pixels(pad_outline(pose)), camera)
        ghost = ghost_axis = None
        if live.commanded is not None and live.commanded_age_s < GHOST_FRESH_S:
            target = live.commanded[:7]
            ghost = to_pixels(pad_outline(target, size))
            ghost_axis = to_pixels(axes(target, -0.06)[2])
        force_bar, field_bar = _bars(camera, live, size)
        return Overlay(
            tuple(_marks(touch, live, to_pixels, size) for touch in live.touches),
            size,
            to_pixels(pad_outline(pose, size)),
            ghost,
            ghost_axis,
            to_pixels(live.plan) if len(live.plan) else np.zeros((0, 2)),
            force_bar,
            field_bar,
        )


def _marks(touch: Touch, live: Live, to_pixels: object, size: float) -> Marks:
    assert callable(to_pixels)
    assert live.pose is not None
    arrow = rest = moved = None
    if touch.wrench is not None and (touch.force_n or 0.0) > QUIET_N:
        arrow = to_pixels(force_arrow(touch.carried_by(live.pose), touch.wrench, touch.place, live.scales))
    if touch.markers is not None and touch.displacement is not None:
        pose = touch.carried_by(live.pose)
        rest, moved = map(to_pixels, field_points(pose, touch.markers, touch.displacement, size, live.scales))
    return Marks(touch, arrow, rest, moved)


def _field_size(outline: np.ndarray, camera: CameraInfo) -> float:
    """Return how much to enlarge the field so that it can be read: whole numbers, so that it does not breathe."""
    if np.isnan(outline).any():
        return 1.0
    extent = float(np.ptp(outline, axis=0).max())
    if extent <= 0:
        return 1.0
    return float(np.clip(np.ceil(FIELD_SHARE * camera.height / extent), 1.0, MOST_ENLARGED))


def _bars(camera: CameraInfo, live: Live, size: float) -> tuple[Bar | None, Bar | None]:
    """Return the scale bars of force and field: round values, as long as a line across the view at the finger is."""
    assert live.pose is not None
    mount = pose_to_matrix(live.pose) if camera.mount == "tool" else np.eye(4)
    eye = mount @ np.asarray(camera.pose).reshape(4, 4)
    depth = float((live.pose[:3] - eye[:3, 3]) @ eye[:3, 2])
    if depth <= 0.01:
        return None, None
    pixels_per_m = camera.fx / depth
    force = field = None
    if any(touch.wrench is not None for touch in live.touches):
        most = min(1.0, 0.16 * camera.width / (FORCE_LENGTH_M * pixels_per_m))
        newtons = round_share(live.scales.force_n, most)
        force = Bar(newtons, newtons * live.scales.metres_per_newton * pixels_per_m)
    if live.fields:
        per_mm = 1e-3 * live.scales.field_gain * size * pixels_per_m
        millimetres = round_share(
            live.scales.field_mm, min(1.0, 0.12 * camera.width / (live.scales.field_mm * per_mm))
        )
        field = Bar(millimetres, millimetres * per_mm)
    return force, field


def paint_overlay(painter: QPainter, overlay: Overlay, theme: Theme, origin: QPointF, scale: float) -> None:
    """Draw an overlay; a pixel (u, v) of the camera lands on `origin + (u, v) * scale`."""
    _paint_plan(painter, overlay, theme, origin, scale)
    _paint_ghost(painter, overlay, theme, origin, scale)
    for marks in overlay.marks:
        if marks.rest is not None and marks.moved is not None:
            _paint_field(painter, marks, theme, origin, scale)
    named = sum(marks.touch.wrench is not None for marks in overlay.marks) > 1
    for marks in overlay.marks:
        if marks.arrow is not None:
            _paint_arrow(painter, marks, theme, origin, scale, named)


def field_colour(touch: Touch, theme: Theme) -> QColor:
    """Return the colour of a field: another one while it slips, in every view."""
    return theme.signal("touch.slip" if touch.slips else "touch.field")


def paint_displacements(
    painter: QPainter, pairs: np.ndarray, theme: Theme, colour: QColor, spacing: float
) -> None:
    """Draw a line from where each marker rests to where it is, and a dot there; few calls for many markers.

    Args:
        pairs: (N, 4) u v of rest, u v of now, in pixels of the painter.
        spacing: Distance between neighbours, pixels.
    """
    lines = [QLineF(*row) for row in pairs.tolist()]
    dots = QPolygonF([line.p2() for line in lines])
    size = float(np.clip(0.4 * spacing, 1.5, 4.5))
    painter.setPen(_pen(theme.colour("overlay_ground", 0.75), size + 1.5))
    painter.drawPoints(dots)
    painter.setPen(
        QPen(colour, float(np.clip(0.25 * size, 1.2, 2.0)), Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap)
    )
    painter.drawLines(lines)
    painter.setPen(_pen(colour, size))
    painter.drawPoints(dots)


def _paint_field(painter: QPainter, marks: Marks, theme: Theme, origin: QPointF, scale: float) -> None:
    assert marks.rest is not None
    assert marks.moved is not None
    pairs = np.concatenate([marks.rest, marks.moved], axis=1)
    pairs = pairs[~np.isnan(pairs).any(axis=1)] * scale + np.array([origin.x(), origin.y()] * 2)
    if not len(pairs):
        return
    spacing = float(np.ptp(pairs[:, :2], axis=0).max()) / max(1.0, np.sqrt(len(pairs)))
    paint_displacements(painter, pairs, theme, field_colour(marks.touch, theme), spacing)


def _polyline(points: np.ndarray, origin: QPointF, scale: float) -> QPolygonF:
    whole = points[~np.isnan(points).any(axis=1)]
    return QPolygonF([QPointF(origin.x() + u * scale, origin.y() + v * scale) for u, v in whole.tolist()])


def _pen(colour: QColor, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    return QPen(colour, width, style, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)


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


def arrow_shape(tail: QPointF, tip: QPointF) -> tuple[QLineF, QPolygonF] | None:
    """Return shaft and head of an arrow; None if it is too short to be one."""
    along = np.array([tip.x() - tail.x(), tip.y() - tail.y()])
    length = float(np.hypot(*along))
    if length < 2.0:
        return None
    unit = along / length
    head = min(14.0, 0.6 * length)
    side = np.array([-unit[1], unit[0]]) * head * 0.5
    base = np.array([tip.x(), tip.y()]) - unit * head
    barbs = QPolygonF([QPointF(*(base + side)), tip, QPointF(*(base - side))])
    return QLineF(tail, QPointF(*(base + unit))), barbs


def paint_force(painter: QPainter, tail: QPointF, tip: QPointF, theme: Theme, over: bool) -> None:
    """Draw a force arrow; above the rig's limit it is wider, with a light rim that no other arrow has."""
    shape = arrow_shape(tail, tip)
    if shape is None:
        return
    shaft, barbs = shape
    if over:
        layers = [("overlay_ground", 12.0), ("overlay", 9.0), ("over", 5.0)]
    else:
        layers = [("overlay_ground", 7.0), ("force", 4.0)]
    for name, width in layers:
        colour = theme.signal(name) if name in ("force", "over") else theme.colour(name, 0.85)
        painter.setPen(_pen(colour, width))
        painter.drawLine(shaft)
        painter.setPen(_pen(colour, width - 3.0))
        painter.setBrush(colour)
        painter.drawPolygon(barbs)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _paint_arrow(
    painter: QPainter, marks: Marks, theme: Theme, origin: QPointF, scale: float, named: bool
) -> None:
    assert marks.arrow is not None
    line = _polyline(marks.arrow, origin, scale)
    if line.size() < 2:
        return
    tail, tip = line.at(0), line.at(1)
    paint_force(painter, tail, tip, theme, marks.touch.over)
    if named:
        painter.setFont(theme.font("small"))
        width = painter.fontMetrics().horizontalAdvance(marks.touch.name)
        box = QRectF(tip.x() + LABEL_GAP, tip.y() - 8, width + 8, 16)
        painter.fillRect(
            box, theme.colour("overlay_ground", 0.6)
        )  # words over a picture need a ground to be read
        painter.setPen(theme.colour("overlay"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, marks.touch.name)
