"""Touch as geometry: the force arrow, the marker field and the commanded ghost as points of the base frame.

One place says how long a newton is drawn, so that camera pictures and the 3D scene agree. No Qt in here.
"""

from __future__ import annotations

import numpy as np

from app.core.geometry import pose_to_matrix, quat_to_matrix, transform_points

METRES_PER_NEWTON = 0.006
LONGEST_M = 0.18
DISPLACEMENT_GAIN = 8.0  # a gel moves by tenths of a millimetre
PAD_M = (0.016, 0.020)  # half sizes of the outline that stands for the pad, tool x and y


def force_arrow(pose: np.ndarray, wrench: np.ndarray) -> np.ndarray:
    """Return tail and tip (2, 3) of the force on the finger, base frame; the tail is the tool's origin.

    Args:
        pose: Tool pose (7,).
        wrench: (6,) in the tool frame, N and N·m.
    """
    force = quat_to_matrix(pose[3:]) @ wrench[:3]
    arrow = force * METRES_PER_NEWTON
    length = float(np.linalg.norm(arrow))
    if length > LONGEST_M:
        arrow *= LONGEST_M / length
    return np.stack([pose[:3], pose[:3] + arrow])


def field_points(
    pose: np.ndarray, markers_m: np.ndarray, displacement_mm: np.ndarray, size: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return where the markers rest and where they are (N, 3) each, base frame; displacement enlarged.

    Args:
        size: Enlarges the whole field about the tool's origin, for views in which a finger is small.
    """
    matrix = pose_to_matrix(pose)
    rest = markers_m * size
    moved = rest + displacement_mm * 1e-3 * DISPLACEMENT_GAIN * size
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
