"""The flat view of a touch pad: its markers, seen onto the pad from outside, in the language of the camera pictures.

Used live (beside the 3D scene) and in Review.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.core.geometry import transform_points
from widgets.theme.tokens import Theme
from widgets.views.live import Touch
from widgets.views.overlay import QUIET_N, field_colour, paint_displacements, paint_force
from widgets.views.scales import Scales, round_share
from widgets.views.slip import Slip

CAPTION = 24
LEGEND = 20
MARGIN_MM = 3.0
SPACINGS_AT_FULL = 1.6  # a displacement at full scale is drawn this many marker spacings long
FORCE_SHARE = 0.42  # a force at full scale is drawn this share of the pad's picture long
WORDS = {Slip.FREE: "no contact", Slip.HOLDS: "holds", Slip.SLIPPING: "slipping", Slip.SLIDING: "sliding"}


@dataclass(frozen=True)
class PadPicture:
    """Where everything of a pad lies in its picture: pixels of the painter.

    Attributes:
        pairs: (N, 4) rest and present place of each marker.
        depth_mm: (N,) how far each marker is pressed in.
        px_per_mm: Of displacements: for the scale bar.
        spacing: Between neighbouring markers.
    """

    pairs: np.ndarray
    depth_mm: np.ndarray
    px_per_mm: float
    spacing: float


def plane_of(markers_m: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Return the markers in their own plane (N, 2) and the two axes of their frame that span it."""
    spread = np.ptp(markers_m, axis=0)
    axes = sorted(np.argsort(spread)[1:].tolist())
    return markers_m[:, axes], axes


def lay_out(
    markers_m: np.ndarray, field_mm: np.ndarray, place: np.ndarray, area: QRectF, full_mm: float
) -> PadPicture:
    """Lay a pad out in an area: x of the sensor to the right, y up.

    Args:
        markers_m, field_mm: Rest places (N, 3), m, and displacements (N, 3), mm, tool frame.
        place: Pose (4, 4) of the sensor in the tool frame.
        full_mm: Full scale of displacements.
    """
    inverse = np.linalg.inv(place)
    local = transform_points(inverse, markers_m) * 1e3
    shift = field_mm @ inverse[:3, :3].T
    flat, axes = plane_of(local)
    normal = ({0, 1, 2} - set(axes)).pop()
    spans = np.ptp(flat, axis=0) + 2 * MARGIN_MM
    scale = min(area.width() / spans[0], area.height() / spans[1])
    centre = np.array([area.center().x(), area.center().y()])
    rest = centre + (flat - (flat.max(axis=0) + flat.min(axis=0)) / 2.0) * (scale, -scale)
    spacing_mm = float(np.sqrt(np.prod(np.ptp(flat, axis=0)) / max(1, len(flat) - 1))) or 1.0
    px_per_mm = SPACINGS_AT_FULL * spacing_mm * scale / full_mm
    moved = rest + shift[:, axes] * (px_per_mm, -px_per_mm)
    depth = np.maximum(0.0, -shift[:, normal])
    return PadPicture(np.concatenate([rest, moved], axis=1), depth, px_per_mm, spacing_mm * scale)


def paint_pad(painter: QPainter, touch: Touch, scales: Scales, theme: Theme, area: QRectF) -> None:
    """Draw the pad of a sensor with a field: a disc where it is pressed, a line where it moved, an arrow for force."""
    assert touch.markers is not None
    assert touch.displacement is not None
    room = area.adjusted(0, 0, 0, -LEGEND)
    pad = lay_out(touch.markers, touch.displacement, touch.place, room, scales.field_mm)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.colour("muted", 0.45))
    radii = pad.spacing * (0.08 + 0.42 * np.clip(pad.depth_mm / scales.field_mm, 0.0, 1.0))
    for (u, v), radius in zip(pad.pairs[:, :2].tolist(), radii.tolist(), strict=True):
        painter.drawEllipse(QPointF(u, v), radius, radius)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    paint_displacements(painter, pad.pairs, theme, field_colour(touch, theme), pad.spacing)
    _paint_shear_force(painter, touch, scales, theme, room)
    _paint_bars(painter, touch, scales, pad, theme, area)


def _force_px(scales: Scales, area: QRectF) -> float:
    return FORCE_SHARE * min(area.width(), area.height()) / scales.force_n


def _paint_shear_force(painter: QPainter, touch: Touch, scales: Scales, theme: Theme, area: QRectF) -> None:
    """Draw the part of the force that lies in the pad's plane; what presses is a number."""
    if touch.wrench is None:
        return
    local = touch.place[:3, :3].T @ touch.wrench[:3]
    along = local[:2] * (1, -1)
    if float(np.hypot(*along)) < QUIET_N:
        return
    tail = area.center()
    shift = along * _force_px(scales, area)
    paint_force(painter, tail, QPointF(tail.x() + shift[0], tail.y() + shift[1]), theme, touch.over)


def _paint_bars(
    painter: QPainter, touch: Touch, scales: Scales, pad: PadPicture, theme: Theme, area: QRectF
) -> None:
    line = QRectF(area.left(), area.bottom() - LEGEND, area.width(), LEGEND)
    painter.setFont(theme.number_font("small"))
    millimetres = round_share(
        scales.field_mm, min(1.0, 0.2 * area.width() / (scales.field_mm * pad.px_per_mm))
    )
    bars = [("touch.field", f"{millimetres:g} mm", millimetres * pad.px_per_mm)]
    if touch.wrench is not None:
        per_n = _force_px(scales, area.adjusted(0, 0, 0, -LEGEND))
        newtons = round_share(scales.force_n, min(1.0, 0.2 * area.width() / (scales.force_n * per_n)))
        bars.append(("force", f"{newtons:g} N", newtons * per_n))
    x, y = line.left() + 8, line.center().y()
    for signal, words, length in bars:
        width = painter.fontMetrics().horizontalAdvance(words)
        if x + length + 5 + width > line.right():
            break
        colour = theme.signal(signal)
        painter.setPen(QPen(colour, 3.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        painter.drawLine(QPointF(x, y), QPointF(x + length, y))
        painter.setPen(QPen(colour, 1.5))
        for end in (x, x + length):
            painter.drawLine(QPointF(end, y - 4), QPointF(end, y + 4))
        painter.setPen(theme.colour("text"))
        place = QRectF(x + length + 5, line.top(), width + 2, LEGEND)
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, words)
        x += length + 5 + width + 12


class PadView(QWidget):
    """One touch sensor, flat. A sensor without a field shows its numbers."""

    def __init__(self, name: str, theme: Theme) -> None:
        super().__init__()
        self.name, self._theme = name, theme
        self.touch: Touch | None = None
        self._scales = Scales()
        self.setMinimumSize(132, 40 + CAPTION)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(f"touch {name}")
        self.setToolTip(
            "Seen onto the pad. A line is where a marker went, a disc how far it is pressed in; the thick arrow is the "
            "force along the pad. Smoothed over 40 ms (force) and 60 ms (markers) for display alone."
        )

    def show_touch(self, touch: Touch | None, scales: Scales) -> None:
        """Show the newest state; None: nothing is known of it."""
        self.touch, self._scales = touch, scales
        self.update()

    def sizeHint(self) -> QSize:
        """About square, with its caption."""
        return QSize(180, 180 + CAPTION)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw caption and pad."""
        with QPainter(self) as painter:  # ended even if drawing fails: an open painter takes the window down
            self._draw(painter)

    def _draw(self, painter: QPainter) -> None:
        theme, touch = self._theme, self.touch
        painter.fillRect(self.rect(), theme.colour("well"))
        strip = QRectF(0, 0, self.width(), CAPTION)
        painter.fillRect(strip, theme.colour("surface"))
        painter.setPen(theme.colour("line"))
        painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.setFont(theme.font("small", bold=True))
        painter.setPen(theme.colour("text"))
        painter.drawText(strip.adjusted(8, 0, -8, 0), Qt.AlignmentFlag.AlignVCenter, self.name)
        used = painter.fontMetrics().horizontalAdvance(self.name) + 16
        words, colour = caption_words(touch, theme)
        painter.setFont(theme.font("small", bold=colour != theme.colour("muted")))
        painter.setPen(colour)
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(strip.adjusted(used, 0, -8, 0), right, words)
        room = QRectF(self.rect()).adjusted(1, CAPTION, -1, -1)
        if touch is not None and touch.displacement is not None:
            paint_pad(painter, touch, self._scales, theme, room)
        elif touch is not None and touch.wrench is not None:
            self._draw_numbers(painter, touch, room)
        else:
            painter.setPen(theme.colour("muted"))
            painter.drawText(room.adjusted(8, 0, -8, 0), Qt.AlignmentFlag.AlignCenter, "No touch yet")

    def _draw_numbers(self, painter: QPainter, touch: Touch, room: QRectF) -> None:
        assert touch.wrench is not None
        painter.setFont(self._theme.number_font("text"))
        painter.setPen(self._theme.colour("text"))
        lines = [f"F{axis} {value:z7.1f} N" for axis, value in zip("xyz", touch.wrench[:3], strict=True)]
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, "\n".join(lines))


def caption_words(touch: Touch | None, theme: Theme) -> tuple[str, QColor]:
    """Return what the caption says of a sensor, and in which colour: over-force before slip before contact."""
    if touch is None:
        return "", theme.colour("muted")
    if touch.over:
        return f"over-force {touch.peak_n:.0f} N", theme.colour("bad")
    words = WORDS.get(touch.slip, "")
    if touch.slips:
        return words, theme.colour("warning")
    return words, theme.colour("muted")
