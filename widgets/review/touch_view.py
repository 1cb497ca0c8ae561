"""The marker field of the finger at one moment: an arrow per marker, seen onto the pad."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPen

from widgets.parts.picture import Picture
from widgets.theme.tokens import Theme

ARROW_GAIN = 3.0  # drawn length of a displacement over the true one
DOT_MM = 0.25


class TouchView(Picture):
    """Draws displacements of markers.

    Attributes:
        markers_m: Rest positions (N, 3), tool frame.
        field_mm: Displacements (N, 3), tool frame; None while there are none.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Touch")
        self.setToolTip("Displacement of each marker, enlarged. ↔ largest shear, ↧ largest depth")
        self.markers_m = np.zeros((0, 3))
        self.field_mm: np.ndarray | None = None

    def show_field(self, markers_m: np.ndarray, field_mm: np.ndarray | None) -> None:
        """Show a field; without rest positions nothing can be placed."""
        self.markers_m, self.field_mm = markers_m, field_mm
        if field_mm is not None and len(markers_m) == len(field_mm):
            pressed = float(np.abs(field_mm[:, 2]).max(initial=0.0))
            shear = float(np.linalg.norm(field_mm[:, :2], axis=1).max(initial=0.0))
            self.note = f"↔ {shear:.2f} mm   ↧ {pressed:.2f} mm"
            self.problem = ""
        else:
            self.note = ""
            self.problem = "This episode has no touch field"
        self.update()

    def paint_over(self, painter: QPainter) -> None:
        """Paint the markers: where they rest, where they went, larger where the pad is pressed."""
        field, markers = self.field_mm, self.markers_m
        if field is None or len(markers) != len(field):
            return
        flat, moved = plane_of(markers)
        rest = flat * 1e3
        span = np.ptp(rest, axis=0).max() + 6.0
        scale = min(self.width(), self.height() - 40) / span
        centre = np.array([self.width() / 2.0, self.height() / 2.0])
        middle = (rest.max(axis=0) + rest.min(axis=0)) / 2.0
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        arrow = QPen(self.theme.signal("touch.field"), 2.0)
        for place, shift in zip(rest - middle, field, strict=True):
            start = centre + place * (scale, -scale)
            end = start + shift[moved] * (scale * ARROW_GAIN, -scale * ARROW_GAIN)
            depth = abs(float(shift[_normal(moved)]))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.theme.colour("muted"))
            size = scale * (DOT_MM + 0.5 * depth)
            painter.drawEllipse(QPointF(*start), size, size)
            painter.setPen(arrow)
            painter.drawLine(QPointF(*start), QPointF(*end))


def plane_of(markers_m: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Return the markers in their own plane (N, 2) and the two axes of the tool frame that span it."""
    spread = np.ptp(markers_m, axis=0)
    axes = sorted(np.argsort(spread)[1:].tolist())
    return markers_m[:, axes], axes


def _normal(axes: list[int]) -> int:
    return ({0, 1, 2} - set(axes)).pop()
