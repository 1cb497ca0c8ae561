"""Depth pictures as coloured points in the base frame, thinned for drawing."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QImage

from app.core.errors import WireError
from app.core.geometry import pose_to_matrix, transform_points
from app.core.wire.codec import decode_depth
from app.core.wire.messages import CameraInfo
from widgets.bridge.feed import Frame

STRIDE = 3
FARTHEST_M = 1.6


def cloud_points(
    camera: CameraInfo, tool_pose: np.ndarray, depth_mm: np.ndarray, stride: int = STRIDE
) -> np.ndarray:
    """Return points (rows, columns, 3) of a depth picture (H, W), base frame; NaN where depth is unknown or far.

    Pinhole, pixel centres at +0.5, depth along the camera's z axis.
    """
    depth = depth_mm[::stride, ::stride].astype(float) * 1e-3
    depth[(depth <= 0) | (depth > FARTHEST_M)] = np.nan
    scale_x, scale_y = camera.width / depth_mm.shape[1], camera.height / depth_mm.shape[0]
    u = (np.arange(0, depth_mm.shape[1], stride) + 0.5) * scale_x
    v = (np.arange(0, depth_mm.shape[0], stride) + 0.5) * scale_y
    x = (u[None, :] - camera.cx) / camera.fx * depth
    y = (v[:, None] - camera.cy) / camera.fy * depth
    mount = pose_to_matrix(tool_pose) if camera.mount == "tool" else np.eye(4)
    matrix = mount @ np.asarray(camera.pose).reshape(4, 4)
    return transform_points(matrix, np.stack([x, y, depth], axis=-1).reshape(-1, 3)).reshape(*depth.shape, 3)


def coloured_cloud(
    camera: CameraInfo, tool_pose: np.ndarray, depth: Frame, colour: Frame | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return points (n, 3) and colours (n, 3) 0..255; empty if the depth picture is broken."""
    assert isinstance(depth.data, bytes)
    try:
        millimetres = decode_depth(depth.data, depth.header.shape)
    except WireError:
        return np.zeros((0, 3)), np.zeros((0, 3), dtype=np.uint8)
    points = cloud_points(camera, tool_pose, millimetres)
    known = ~np.isnan(points[..., 2])
    return points[known], _colours(colour, points.shape[:2])[known]


def _colours(frame: Frame | None, shape: tuple[int, ...]) -> np.ndarray:
    if frame is None or not isinstance(frame.data, bytes):
        return np.full((*shape, 3), 128, dtype=np.uint8)
    image = QImage.fromData(frame.data)
    if image.isNull():
        return np.full((*shape, 3), 128, dtype=np.uint8)
    image = image.scaled(shape[1], shape[0]).convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), dtype=np.uint8).reshape(shape[0], image.bytesPerLine() // 4, 4)
    return pixels[:, : shape[1], 2::-1].copy()
