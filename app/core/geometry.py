"""Rotations and poses in plain numpy. Quaternions are w x y z, unit, and mean "tool axes in the base frame"."""

from __future__ import annotations

import numpy as np

from app.core.wire.messages import CameraInfo


def quat_multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the Hamilton product a·b of two quaternions (4,)."""
    aw, ax, ay, az = a
    bw, bx, by, bz = b
    return np.array(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ]
    )


def quat_conjugate(q: np.ndarray) -> np.ndarray:
    """Return the inverse of a unit quaternion (4,)."""
    return np.array([q[0], -q[1], -q[2], -q[3]])


def quat_to_rotvec(q: np.ndarray) -> np.ndarray:
    """Return the rotation vector (3,), rad, of a unit quaternion; the shorter way round."""
    if q[0] < 0.0:
        q = -q
    sine = float(np.sqrt(q[1] * q[1] + q[2] * q[2] + q[3] * q[3]))
    if sine < 1e-12:
        return 2.0 * q[1:]
    return (2.0 * np.arctan2(sine, q[0]) / sine) * q[1:]


def rotvec_to_quat(rotvec: np.ndarray) -> np.ndarray:
    """Return the unit quaternion (4,) of a rotation vector (3,), rad."""
    angle = float(np.sqrt(rotvec @ rotvec))
    half = 0.5 * angle
    scale = 0.5 if angle < 1e-9 else np.sin(half) / angle
    return np.array([np.cos(half), rotvec[0] * scale, rotvec[1] * scale, rotvec[2] * scale])


def rotation_error(target: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Return the rotation vector (3,), rad, base frame, that turns `present` into `target` (quaternions)."""
    return quat_to_rotvec(quat_multiply(target, quat_conjugate(present)))


def quat_to_matrix(q: np.ndarray) -> np.ndarray:
    """Return the rotation matrix (3, 3) of a unit quaternion (4,)."""
    w, x, y, z = q
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def pose_to_matrix(pose: np.ndarray) -> np.ndarray:
    """Return the 4×4 matrix of a pose (7,): x y z, qw qx qy qz."""
    matrix = np.eye(4)
    matrix[:3, :3] = quat_to_matrix(pose[3:])
    matrix[:3, 3] = pose[:3]
    return matrix


def transform_points(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return points (N, 3) carried by a 4×4 matrix."""
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def project(camera: CameraInfo, tool_pose: np.ndarray, points_base: np.ndarray) -> np.ndarray:
    """Return pixels (N, 2) of points (N, 3) of the base frame in a camera; NaN for points behind it.

    Pinhole: u = fx·x + cx, v = fy·y + cy with x = X/Z, y = Y/Z in the camera frame (x right, y down, z forward), x and
    y distorted first if the camera says so. Pixel (0, 0) is the outer corner of the first pixel, so its centre is
    (0.5, 0.5).

    Args:
        tool_pose: Measured tool pose (7,), used when the camera travels with the tool.
    """
    mount = pose_to_matrix(tool_pose) if camera.mount == "tool" else np.eye(4)
    camera_pose = mount @ np.asarray(camera.pose).reshape(4, 4)
    rotation, origin = camera_pose[:3, :3], camera_pose[:3, 3]
    in_camera = (np.asarray(points_base) - origin) @ rotation
    depth = np.where(in_camera[:, 2] > 1e-6, in_camera[:, 2], np.nan)
    rays = in_camera[:, :2] / depth[:, None]
    if camera.distortion:
        rays = distort(camera, rays)
    return rays * (camera.fx, camera.fy) + (camera.cx, camera.cy)


def distort(camera: CameraInfo, rays: np.ndarray) -> np.ndarray:
    """Return distorted rays (N, 2) of undistorted ones (X/Z, Y/Z), by the Brown–Conrady model of a camera.

    x' = x·(1 + k1·r² + k2·r⁴ + k3·r⁶) + 2·p1·x·y + p2·(r² + 2x²), y' alike (D. C. Brown, Close-range camera
    calibration, 1971). Far outside the picture the polynomial means nothing and may fold back into it: rays at more
    than 1.5 times the radius of its corners stay as they are.
    """
    k1, k2, p1, p2, k3 = (*camera.distortion, 0.0, 0.0, 0.0, 0.0, 0.0)[:5]
    x, y = rays[:, 0], rays[:, 1]
    square = x * x + y * y
    radial = 1.0 + square * (k1 + square * (k2 + square * k3))
    bent = np.stack(
        [
            x * radial + 2.0 * p1 * x * y + p2 * (square + 2.0 * x * x),
            y * radial + p1 * (square + 2.0 * y * y) + 2.0 * p2 * x * y,
        ],
        axis=1,
    )
    corner = np.hypot(
        max(camera.cx, camera.width - camera.cx) / camera.fx,
        max(camera.cy, camera.height - camera.cy) / camera.fy,
    )
    return np.asarray(np.where((square < (1.5 * corner) ** 2)[:, None], bent, rays))
