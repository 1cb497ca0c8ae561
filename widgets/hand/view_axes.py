"""Which way is right, away and up for a person who looks through a camera. Plain numpy, base frame."""

from __future__ import annotations

import numpy as np

UP = np.array([0.0, 0.0, 1.0])


def _level(direction: np.ndarray) -> np.ndarray:
    flat = direction - UP * float(direction @ UP)
    length = float(np.linalg.norm(flat))
    return flat / length if length > 1e-6 else np.array([1.0, 0.0, 0.0])


def snapped_view(right: np.ndarray, forward: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return right, away and up along the axes of the base frame that lie nearest to a camera's.

    Keys should move along the table's edges, not along a camera that looks at it askew.

    Args:
        right, forward: The camera's x and z axes (3,) in the base frame.
    """
    flat = _level(right)
    snapped = np.zeros(3)
    index = int(np.argmax(np.abs(flat)))
    snapped[index] = np.sign(flat[index])
    away = np.cross(UP, snapped)
    if float(away @ forward) < 0 and abs(float(away @ forward)) > 1e-9:
        away = -away
    return snapped, away, UP.copy()


def plane_of(right: np.ndarray, down: np.ndarray, forward: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the directions in the horizontal plane that look like right and up in a camera's picture.

    Args:
        right, down, forward: The camera's axes (3,) in the base frame (x right, y down, z forward).
    """
    level_right = _level(right)
    away = np.cross(UP, level_right)
    seen_up = float(away @ -down) + 0.5 * float(away @ forward)
    return level_right, away if seen_up >= 0 else -away
