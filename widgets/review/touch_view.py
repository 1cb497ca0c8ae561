"""The marker field of the finger at one moment of an episode, in the language of the live views."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from widgets.parts.picture import Picture
from widgets.theme.tokens import Theme
from widgets.views.live import Touch
from widgets.views.pad import paint_pad
from widgets.views.scales import FIELD_STEPS_MM, Scales

TAG = 34  # the caption at the top keeps its own room


class TouchView(Picture):
    """Draws displacements of markers.

    Attributes:
        markers_m: Rest positions (N, 3), tool frame.
        field_mm: Displacements (N, 3), tool frame; None while there are none.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Touch")
        self.setToolTip(
            "Seen onto the pad. A line is where a marker went (↔ the farthest), a disc how far it is pressed in (↧)."
        )
        self.markers_m = np.zeros((0, 3))
        self.field_mm: np.ndarray | None = None

    def show_field(self, markers_m: np.ndarray, field_mm: np.ndarray | None) -> None:
        """Show a field; without rest positions nothing can be placed."""
        self.markers_m, self.field_mm = markers_m, field_mm
        if field_mm is not None and len(markers_m) == len(field_mm) and len(markers_m):
            pressed = float(np.abs(field_mm[:, 2]).max(initial=0.0))
            shear = float(np.linalg.norm(field_mm[:, :2], axis=1).max(initial=0.0))
            self.caption = f"Touch   ↔ {shear:.2f} mm   ↧ {pressed:.2f} mm"
            self.problem = ""
        else:
            self.caption = "Touch"
            self.problem = "This episode has no touch field"
        self.update()

    def paint_over(self, painter: QPainter) -> None:
        """Paint the pad at a scale that fits this moment."""
        field, markers = self.field_mm, self.markers_m
        if field is None or len(markers) != len(field) or not len(markers):
            return
        largest = float(np.linalg.norm(field, axis=1).max())
        full = next((step for step in FIELD_STEPS_MM[1:] if step >= largest), FIELD_STEPS_MM[-1])
        touch = Touch("finger", np.eye(4), markers=markers, displacement=field.astype(np.float64))
        area = QRectF(self.rect()).adjusted(0, TAG, 0, -4)
        paint_pad(painter, touch, Scales(field_mm=full), self.theme, area)
