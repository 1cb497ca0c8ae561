"""Touch as geometry: force arrows, marker fields and the commanded ghost as points of the base frame.

The one arrow-field language: camera pictures, the 3D scene and flat pad views all draw from here, with the `Scales` of
the moment, so that a newton is as long in one view as in the other. No Qt in here.
"""

from __future__ import annotations

import numpy as np

from app.core.geometry import pose_to_matrix, quat_to_matrix, transform_points
from widgets.views.scales import FORCE_LENGTH_M, Scales

LONGEST_M = 1.5 * FORCE_LENGTH_M
PAD_M = (0.016, 0.020)  # half sizes of the outline that stands for the pad, tool x and y
DEFAULT = Scales()


def force_arrow(
    pose: np.ndarray, wrench: np.ndarray, place: np.ndarray | None = None, scales: Scales = DEFAULT
) -> np.ndarray:
    """Return tail and tip (2, 3) of the force on the finger, base frame; the tail is where the sensor sits.

    Args:
        pose: Tool pose (7,).
        wrench: (6,) in the tool frame, N and N·m.
        place: Pose (4, 4) of the sensor in the tool frame; the tool's origin by default.
    """
    tail = pose[:3] if place is None else transform_points(pose_to_matrix(pose), place[None, :3, 3])[0]
    arrow = quat_to_matrix(pose[3:]) @ wrench[:3] * scales.metres_per_newton
    length = float(np.linalg.norm(arrow))
    if length > LONGEST_M:
        arrow *= LONGEST_M / length
    return np.stack([tail, tail + arrow])


def field_points(
    pose: np.ndarray,
    markers_m: np.ndarray,
    displacement_mm: np.ndarray,
    size: float = 1.0,
    scales: Scales = DEFAULT,
) -> tuple[np.ndarray, np.ndarray]:
    """Return where the markers rest and where they are (N, 3) each, base frame; displacement enlarged.

    Args:
        size: Enlarges the whole field about the markers' middle, for views in which a finger is small.
    """
    matrix = pose_to_matrix(pose)
    middle = markers_m.mean(axis=0) if len(markers_m) else np.zeros(3)
    rest = middle + (markers_m - middle) * size
    moved = rest + displacement_mm * (1e-3 * scales.field_gain * size)
    return transform_points(matrix, rest), transform_points(matrix, moved)


def pad_outline(pose: np.ndarray, size: float = 1.0) -> np.ndarray:
    """Return the corners (5, 3) of the pad's outline, closed, base frame."""
    x, y = PAD_M[0] * size, PAD_M[1] * size
    corners = np.array([[-x, -y, 0], [x, -y, 0], [x, y, 0], [-x, y, 0], [-x, -y, 0]], dtype=float)
    return transform_points(pose_to_matrix(pose), corners)


def axes(pose: np.ndarray, length: float) -> np.ndarray:
    """Return the three axes of a pose as (3, 2, 3): axis, end, coordinates, base frame."""
    rotation = quat_to_matrix(pose[3:])
    origin = np.repeat(pose[None, :3], 3, axis=0)
    return np.stack([origin, origin + rotation.T * length], axis=1)
