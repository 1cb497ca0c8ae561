"""Views of several cameras to one filtered cloud, with Open3D. Its calls stay on one thread of the process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import open3d

from app.cloud.depth import View, base_points
from app.cloud.settings import Settings

RADIUS_VOXELS, LEAST_NEIGHBOURS = 3.0, 5
STATISTICAL_NEIGHBOURS, STATISTICAL_RATIO = 12, 2.0


@dataclass(frozen=True)
class Cloud:
    """A coloured cloud, base frame.

    Attributes:
        points: (n, 3) float64, metres.
        colours: (n, 3) uint8.
        offered: Points before the budget was applied; more than n if some were left out.
    """

    points: np.ndarray
    colours: np.ndarray
    offered: int


def to_open3d(points: np.ndarray, colours: np.ndarray | None = None) -> Any:
    """Return points (n, 3) and colours (n, 3) uint8 as Open3D's point cloud."""
    cloud = open3d.geometry.PointCloud(
        open3d.utility.Vector3dVector(np.ascontiguousarray(points, dtype=np.float64))
    )
    if colours is not None:
        cloud.colors = open3d.utility.Vector3dVector(colours / 255.0)
    return cloud


def filtered(cloud: Any, settings: Settings) -> Any:
    """Return a cloud thinned to voxels and rid of lone points."""
    if settings.voxel_m > 0:
        cloud = cloud.voxel_down_sample(settings.voxel_m)
    spacing = settings.voxel_m or 0.004
    if settings.outlier == "radius":
        cloud, _ = cloud.remove_radius_outlier(LEAST_NEIGHBOURS, RADIUS_VOXELS * spacing)
    elif settings.outlier == "statistical" and len(cloud.points) > STATISTICAL_NEIGHBOURS:
        cloud, _ = cloud.remove_statistical_outlier(STATISTICAL_NEIGHBOURS, STATISTICAL_RATIO)
    return cloud


@dataclass
class Fusion:
    """Makes clouds; remembers how cameras were corrected.

    Attributes:
        corrections: 4×4 by camera, base frame: applied to its points after its extrinsics; from registration.
    """

    settings: Settings
    corrections: dict[str, np.ndarray] = field(default_factory=dict)

    def points_of(self, view: View) -> tuple[np.ndarray, np.ndarray]:
        """Return one view's points (n, 3) in the base frame, corrected, and colours.

        Raises:
            GeometryError: The depth picture is refused.
        """
        settings = self.settings
        points, colours = base_points(view, settings.stride, settings.near_m, settings.far_m)
        matrix = self.corrections.get(view.camera.name)
        if matrix is not None:
            points = points @ matrix[:3, :3].T + matrix[:3, 3]
        return points, colours

    def fuse(self, views: list[View]) -> Cloud:
        """Return the cloud of all views.

        Raises:
            GeometryError: A depth picture is refused.
        """
        pieces = [self.points_of(view) for view in views]
        points = np.concatenate([points for points, _ in pieces]) if pieces else np.zeros((0, 3))
        colours = np.concatenate([colours for _, colours in pieces]) if pieces else np.zeros((0, 3), np.uint8)
        if len(points) == 0:
            return Cloud(points, colours, 0)
        cloud = filtered(to_open3d(points, colours), self.settings)
        made = np.asarray(cloud.points)
        shades = np.rint(np.asarray(cloud.colors) * 255.0).astype(np.uint8)
        return within_budget(Cloud(made, shades, len(made)), self.settings.budget)


def within_budget(cloud: Cloud, budget: int) -> Cloud:
    """Return a cloud of at most `budget` points, taken evenly."""
    count = len(cloud.points)
    if count <= budget:
        return cloud
    kept = np.linspace(0, count - 1, budget).astype(int)
    return Cloud(cloud.points[kept], cloud.colours[kept], count)
