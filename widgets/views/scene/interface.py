"""What a 3D view must offer, and the camera that both views share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from PySide6.QtGui import QColor


@dataclass(frozen=True)
class Orbit:
    """A camera that looks at a point: metres and degrees, base frame.

    Attributes:
        centre: The point it looks at.
        distance: From it.
        azimuth: Of the eye about the base z axis, from the base x axis.
        elevation: Of the eye over the horizontal plane.
        field_of_view: Across the width of the view.
    """

    centre: tuple[float, float, float] = (0.50, 0.02, 0.14)
    distance: float = 1.0
    azimuth: float = 30.0
    elevation: float = 30.0
    field_of_view: float = 70.0

    def turned(self, azimuth: float, elevation: float) -> Orbit:
        """Return the camera turned about its centre, degrees."""
        return replace(
            self,
            azimuth=(self.azimuth + azimuth) % 360.0,
            elevation=float(np.clip(self.elevation + elevation, -85.0, 89.0)),
        )

    def zoomed(self, factor: float) -> Orbit:
        """Return the camera nearer (factor < 1) or farther."""
        return replace(self, distance=float(np.clip(self.distance * factor, 0.1, 5.0)))

    def axes(self) -> tuple[np.ndarray, np.ndarray]:
        """Return eye (3,) and rotation (3, 3): rows are right, down and forward in the base frame."""
        azimuth, elevation = np.radians(self.azimuth), np.radians(self.elevation)
        back = np.array(
            [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)]
        )
        right = np.array([-np.sin(azimuth), np.cos(azimuth), 0.0])
        down = -np.cross(back, right)
        return np.asarray(self.centre) + self.distance * back, np.stack([right, down, -back])

    def project(self, points: np.ndarray, width: float, height: float) -> np.ndarray:
        """Return (N, 3): pixel u, v and depth in metres of points (N, 3); NaN pixels for points behind the eye."""
        eye, rotation = self.axes()
        seen = (points - eye) @ rotation.T
        depth = np.where(seen[:, 2] > 0.02, seen[:, 2], np.nan)
        focal = 0.5 * width / np.tan(np.radians(self.field_of_view) / 2)
        return np.stack(
            [seen[:, 0] / depth * focal + width / 2, seen[:, 1] / depth * focal + height / 2, seen[:, 2]],
            axis=1,
        )


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

    def set_points(self, name: str, points: np.ndarray, colours: np.ndarray, size: float) -> None:
        """Draw points (n, 3) in colours: (n, 3) of 0..255, or (n,) uint32 of 0x00RRGGBB."""
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
