"""What a 3D view must offer."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from PySide6.QtGui import QColor

from app.cloud.orbit import Orbit


class SceneView(Protocol):
    """A 3D view that holds named things. All coordinates are metres in the base frame.

    A thing is replaced by setting it again and removed by setting it empty. Nothing is drawn before `redraw`.
    """

    kind: str  # says in words what draws it

    def set_lines(
        self, name: str, points: np.ndarray, colour: QColor, width: float, strip: bool = True
    ) -> None:
        """Draw points (n, 3) as one polyline, or (2k, 3) as k separate pieces."""
        ...

    def set_orbit(self, orbit: Orbit) -> None:
        """Put the camera there."""
        ...

    def orbit(self) -> Orbit:
        """Return where the camera is: the person may have turned it."""
        ...

    def redraw(self) -> None:
        """Draw what was set."""
        ...
