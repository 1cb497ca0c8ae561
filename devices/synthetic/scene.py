"""A scene of a table and a sphere that rolls on it, seen by several cameras: colour and exact depth by ray casting.

Everything is known in closed form, so clouds that are made of the depth can be checked against it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.core.wire.messages import CameraInfo

TABLE_Z = 0.0
RADIUS = 0.06
CENTRE = np.array([0.50, 0.0, RADIUS])
ROLL = 0.10  # how far the sphere rolls to either side, m
TABLE = (0.20, 0.80, -0.35, 0.35)  # x from, to, y from, to; beyond it nothing is seen
# name: (eye, point that it looks at), base frame, m
CAMERAS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "scene": ((1.10, 0.0, 0.50), (0.50, 0.0, 0.03)),
    "wrist": ((0.50, -0.42, 0.45), (0.50, 0.0, 0.03)),
    "side": ((0.20, 0.55, 0.55), (0.50, 0.0, 0.03)),
    "top": ((0.45, 0.0, 0.90), (0.50, 0.0, 0.0)),
}
FOCAL = 0.95  # of the picture's width
LIGHT = np.array([0.3, -0.4, 0.87])


def look_at(eye: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the 4×4 pose of a camera (OpenCV axes) that looks at a point with the base z axis up in the picture."""
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward], axis=1)
    pose[:3, 3] = eye
    return pose


def camera_info(name: str, size: tuple[int, int]) -> CameraInfo:
    """Return the calibration of one of `CAMERAS` for a picture size (width, height)."""
    width, height = size
    eye, target = (np.array(point) for point in CAMERAS[name])
    pose = tuple(float(value) for value in look_at(eye, target).ravel())
    focal = FOCAL * width
    return CameraInfo(name, width, height, focal, focal, width / 2, height / 2, "base", pose)


def sphere_centre(phase: float) -> np.ndarray:
    """Return the sphere's centre (3,) at a phase 0..1 of its way to and fro."""
    return CENTRE + np.array([0.0, ROLL * np.sin(2 * np.pi * phase), 0.0])


@dataclass(frozen=True)
class View:
    """What a camera sees: colour (H, W, 3) uint8 RGB; depth (H, W) float32, m along the camera's z, 0 for nothing."""

    colour: np.ndarray
    depth: np.ndarray


def render(camera: CameraInfo, phase: float, noise: np.random.Generator) -> View:
    """Return the view of a camera at a phase; the colour has some noise, the depth has none."""
    pose = np.asarray(camera.pose).reshape(4, 4)
    u, v = np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5
    rays = np.empty((camera.height, camera.width, 3))  # z = 1 in the camera's frame: ray parameter = depth
    rays[..., 0] = (u[None, :] - camera.cx) / camera.fx
    rays[..., 1] = (v[:, None] - camera.cy) / camera.fy
    rays[..., 2] = 1.0
    rays, eye = rays @ pose[:3, :3].T, pose[:3, 3]
    table = _table_depth(eye, rays)
    centre = sphere_centre(phase)
    ball = _sphere_depth(eye, rays, centre)
    depth = np.fmin(table, ball)
    points = eye + rays * depth[..., None]
    colour = _shade(points, ball <= table, centre)
    colour += noise.normal(0.0, 3.0, colour.shape)
    return View(np.clip(colour, 0, 255).astype(np.uint8), np.nan_to_num(depth).astype(np.float32))


def _table_depth(eye: np.ndarray, rays: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        depth = (TABLE_Z - eye[2]) / rays[..., 2]
    x, y = eye[0] + rays[..., 0] * depth, eye[1] + rays[..., 1] * depth
    x0, x1, y0, y1 = TABLE
    on_table = (depth > 0) & (x > x0) & (x < x1) & (y > y0) & (y < y1)
    return np.where(on_table, depth, np.nan)


def _sphere_depth(eye: np.ndarray, rays: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Solve |eye + s·ray − centre| = radius for the nearer s."""
    offset = eye - centre
    a, b = np.einsum("hwc,hwc->hw", rays, rays), rays @ offset
    under = b * b - a * (offset @ offset - RADIUS**2)
    return np.where(under > 0, (-b - np.sqrt(np.maximum(under, 0))) / a, np.nan)


def _shade(points: np.ndarray, on_ball: np.ndarray, centre: np.ndarray) -> np.ndarray:
    seen = ~np.isnan(points[..., 2])
    squares = (np.floor(points[..., 0] / 0.05) + np.floor(points[..., 1] / 0.05)) % 2
    colour = np.where(squares[..., None] > 0, [196.0, 186.0, 168.0], [120.0, 112.0, 104.0])
    shine = np.clip((points - centre) @ LIGHT / RADIUS, 0.15, 1.0)[..., None]
    colour = np.where(on_ball[..., None], shine * [220.0, 90.0, 40.0], colour)
    return np.where(seen[..., None], colour, [46.0, 50.0, 56.0])
