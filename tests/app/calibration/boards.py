"""Pictures of the board through a known camera: the board's plane is sampled for each pixel, distortion included."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np

from app.calibration.board import board_picture
from app.core.calibration import BoardSpec

SPEC = BoardSpec()
SIZE = (640, 480)
MATRIX = np.array([[612.0, 0, 327.5], [0, 609.0, 233.0], [0, 0, 1]])
DISTORTION = np.array([-0.21, 0.09, 0.0012, -0.0008, 0.0])
PIXELS = 60  # of the board's picture per square
OVER = 2  # finer sampling than the picture, averaged


def pose(angles_deg: Sequence[float], shift: Sequence[float]) -> np.ndarray:
    """Return a pose (4, 4) by a rotation vector in degrees and a translation in m."""
    matrix = np.eye(4)
    matrix[:3, :3] = cv2.Rodrigues(np.radians(angles_deg))[0]
    matrix[:3, 3] = shift
    return matrix


@lru_cache(maxsize=1)
def _rays() -> np.ndarray:
    """Return the undistorted rays (N, 2) of all fine pixels."""
    rows, columns = np.mgrid[0 : SIZE[1] * OVER, 0 : SIZE[0] * OVER]
    pixels = np.stack([(columns + 0.5) / OVER - 0.5, (rows + 0.5) / OVER - 0.5], axis=-1).reshape(-1, 1, 2)
    return cv2.undistortPointsIter(
        pixels.astype(np.float64), MATRIX, DISTORTION, np.eye(3), np.eye(3),
        (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 1e-7),
    ).reshape(-1, 2)  # fmt: skip


def look(board_in_camera: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
    """Return the picture (H, W) uint8 of the board at a pose in the camera frame, with a grey surrounding and noise."""
    margin = PIXELS
    plane = cv2.copyMakeBorder(
        board_picture(SPEC, PIXELS), margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=(255,)
    )
    rays = _rays()
    back = np.linalg.inv(board_in_camera)
    directions = np.column_stack([rays, np.ones(len(rays))]) @ back[:3, :3].T
    places = back[:3, 3] - directions * (back[2, 3] / directions[:, 2])[:, None]
    maps = (places[:, :2] / SPEC.square_m * PIXELS + margin - 0.5).astype(np.float32)
    shape = (SIZE[1] * OVER, SIZE[0] * OVER)
    fine = cv2.remap(
        plane, maps[:, 0].reshape(shape), maps[:, 1].reshape(shape), cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT, borderValue=(140,),
    )  # fmt: skip
    picture = cv2.resize(fine, SIZE, interpolation=cv2.INTER_AREA).astype(np.float64)
    if rng is not None:
        picture += rng.normal(0.0, 2.0, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


def spread_poses(count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Return poses of the board in the camera: all over the picture, tilted to all sides, near and far."""
    poses = []
    for index in range(count):
        tilt, around = rng.uniform(15, 38), 2 * np.pi * index / count * 3
        angles = (tilt * np.cos(around), tilt * np.sin(around), rng.uniform(-15, 15))
        depth = rng.uniform(0.30, 0.48)
        matrix = pose(angles, (0, 0, 0))
        middle = np.array([SPEC.columns, SPEC.rows, 0]) * SPEC.square_m / 2
        aim = np.array([rng.uniform(-0.14, 0.14), rng.uniform(-0.10, 0.10), depth])
        matrix[:3, 3] = aim - matrix[:3, :3] @ middle
        poses.append(matrix)
    return poses
