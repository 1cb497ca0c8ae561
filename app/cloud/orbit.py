"""The camera of the 3D scene: shared by the views of the window and by the process that draws clouds for them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np


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
