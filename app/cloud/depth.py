"""One depth picture as points in the base frame. Pinhole, pixel centres at +0.5, depth along the camera's z axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.errors import GeometryError
from app.core.geometry import pose_to_matrix
from app.core.wire.messages import CameraInfo


@dataclass(frozen=True)
class View:
    """What one camera saw.

    Attributes:
        camera: Its calibration.
        depth_m: (H, W), metres along its z axis; 0 where nothing is known.
        colour: (h, w, 3) uint8 RGB of the same view at any size, or None.
        tool_pose: (7,) of the moment, for a camera that travels with the tool.
    """

    camera: CameraInfo
    depth_m: np.ndarray
    colour: np.ndarray | None
    tool_pose: np.ndarray


def check(view: View) -> None:
    """Refuse a depth picture that no camera could have made.

    Raises:
        GeometryError: Not two dimensions, another format than the camera's, not a number, negative, or all unknown.
    """
    thing, depth = f"depth of camera {view.camera.name!r}", view.depth_m
    if depth.ndim != 2 or 0 in depth.shape:
        raise GeometryError(thing, f"its shape is {depth.shape}, rows and columns were expected")
    wide, seen = view.camera.width / view.camera.height, depth.shape[1] / depth.shape[0]
    if abs(seen / wide - 1.0) > 0.02:
        size = f"{depth.shape[1]}×{depth.shape[0]}"
        raise GeometryError(
            thing, f"its {size} pixels are no picture of a camera of {view.camera.width}×{view.camera.height}",
            way_out="Publish depth that is aligned to colour",
        )  # fmt: skip
    if not np.isfinite(depth).all():
        share = 100.0 * float(np.mean(~np.isfinite(depth)))
        raise GeometryError(
            thing, f"{share:.1f} % of its pixels are not a number", way_out="Say 0 where depth is not known"
        )
    if (depth < 0).any():
        raise GeometryError(thing, "it has negative depths")
    if not depth.any():
        raise GeometryError(thing, "not one of its pixels is known")


def base_points(view: View, stride: int, near_m: float, far_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Return points (n, 3) in the base frame and their colours (n, 3) uint8, of every `stride`-th row and column.

    Args:
        near_m, far_m: Depths outside are left out.

    Raises:
        GeometryError: As `check`.
    """
    check(view)
    camera = view.camera
    rows, columns = view.depth_m.shape
    depth = view.depth_m[::stride, ::stride]
    known = (depth >= near_m) & (depth <= far_m) & (depth > 0)
    v, u = np.nonzero(known)
    z = depth[known].astype(np.float64)
    x = ((u * stride + 0.5) * camera.width / columns - camera.cx) / camera.fx * z
    y = ((v * stride + 0.5) * camera.height / rows - camera.cy) / camera.fy * z
    points = np.stack([x, y, z], axis=1)
    mount = pose_to_matrix(view.tool_pose) if camera.mount == "tool" else np.eye(4)
    matrix = mount @ np.asarray(camera.pose).reshape(4, 4)
    colours = np.full((len(z), 3), 128, dtype=np.uint8)
    if view.colour is not None:
        high, wide = view.colour.shape[:2]
        colours = view.colour[v * stride * high // rows, u * stride * wide // columns]
    return points @ matrix[:3, :3].T + matrix[:3, 3], colours
