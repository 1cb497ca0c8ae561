"""From marker centres in pixels to a field of displacements in mm. Pure functions."""

from __future__ import annotations

import numpy as np


def growth(rest: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Return the relative growth (rows, columns) of the area around each marker.

    det(F) − 1 of the plane deformation F between the two grids, by central differences (one-sided at the rim). For
    small displacements that is their divergence.

    Args:
        rest, present: Marker centres (rows, columns, 2), same units.
    """
    rest_down, rest_across = np.gradient(rest, axis=0), np.gradient(rest, axis=1)
    down, across = np.gradient(present, axis=0), np.gradient(present, axis=1)
    return np.asarray(_cross(across, down) / _cross(rest_across, rest_down) - 1.0)


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])


def displacement(
    zero: np.ndarray, present: np.ndarray, mm_per_px: float, indentation_mm: float
) -> np.ndarray:
    """Return the displacement (rows, columns, 3) of each marker, mm, in the sensor's frame.

    x and y are measured. z is inferred: a gel that is pressed in flows sideways, so the area around a marker grows;
    the inward displacement is taken as proportional to that growth. It is no measurement of depth: the factor depends
    on gel and indenter, and shear alone leaves it zero.

    Args:
        zero, present: Marker centres (rows, columns, 2), px.
        indentation_mm: mm inwards (−z) per unit of relative growth.
    """
    plane = (present - zero) * mm_per_px
    inward = -indentation_mm * growth(zero, present)
    return np.concatenate([plane, inward[..., None]], axis=2)


def rest_points(rest: np.ndarray, size: tuple[int, int], mm_per_px: float) -> np.ndarray:
    """Return the markers' rest positions (N, 3), m, in the sensor's frame: z is 0, the origin the picture's middle."""
    middle = np.array([(size[0] - 1) / 2.0, (size[1] - 1) / 2.0])
    plane = (rest - middle) * mm_per_px * 1e-3
    return np.column_stack([plane, np.zeros(len(plane))])
