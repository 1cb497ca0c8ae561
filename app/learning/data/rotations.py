"""Rotations of whole arrays, the array counterpart of `app.core.geometry`. Quaternions are w x y z, unit."""

from __future__ import annotations

import numpy as np


def multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the Hamilton products a·b, (..., 4)."""
    aw, ax, ay, az = np.moveaxis(a, -1, 0)
    bw, bx, by, bz = np.moveaxis(b, -1, 0)
    return np.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        axis=-1,
    )


def conjugate(q: np.ndarray) -> np.ndarray:
    """Return the inverses of unit quaternions (..., 4)."""
    return q * np.array([1.0, -1.0, -1.0, -1.0])


def to_rotvec(q: np.ndarray) -> np.ndarray:
    """Return rotation vectors (..., 3), rad, of unit quaternions; the shorter way round."""
    q = np.where(q[..., :1] < 0.0, -q, q)
    sine = np.linalg.norm(q[..., 1:], axis=-1, keepdims=True)
    angle = 2.0 * np.arctan2(sine, q[..., :1])
    scale = np.where(sine < 1e-12, 2.0, angle / np.maximum(sine, 1e-12))
    return scale * q[..., 1:]


def from_rotvec(rotvec: np.ndarray) -> np.ndarray:
    """Return unit quaternions (..., 4) of rotation vectors (..., 3), rad."""
    angle = np.linalg.norm(rotvec, axis=-1, keepdims=True)
    scale = np.where(angle < 1e-9, 0.5, np.sin(0.5 * angle) / np.maximum(angle, 1e-9))
    return np.concatenate([np.cos(0.5 * angle), scale * rotvec], axis=-1)


def matrices(q: np.ndarray) -> np.ndarray:
    """Return rotation matrices (..., 3, 3) of unit quaternions (..., 4)."""
    w, x, y, z = np.moveaxis(q, -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def six_numbers(q: np.ndarray) -> np.ndarray:
    """Return the first two columns of the rotation matrices, (..., 6): continuous, unlike angles (Zhou et al. 2019)."""
    matrix = matrices(q)
    return np.concatenate([matrix[..., :, 0], matrix[..., :, 1]], axis=-1)


def from_six_numbers(six: np.ndarray) -> np.ndarray:
    """Return unit quaternions (..., 4) of two columns (..., 6) that need not be orthonormal (Gram and Schmidt).

    Columns of no length, or parallel ones, give some rotation.
    """
    first = _unit(six[..., :3], np.array([1.0, 0.0, 0.0]))
    other = six[..., 3:] - first * np.sum(first * six[..., 3:], axis=-1, keepdims=True)
    least = np.eye(3)[np.argmin(np.abs(first), axis=-1)]
    second = _unit(other, _unit(np.cross(first, least), least))
    return quaternions(np.stack([first, second, np.cross(first, second)], axis=-1))


def _unit(vectors: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    """Return vectors (..., 3) of length one; those of no length become `otherwise`."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(length > 1e-9, vectors / np.maximum(length, 1e-9), otherwise)


def quaternions(matrix: np.ndarray) -> np.ndarray:
    """Return unit quaternions (..., 4), either sign, of rotation matrices (..., 3, 3).

    Each row of the matrix below is 4·q_i·q; the longest is taken, so that nothing is divided by a small number
    (Shepperd 1978).
    """
    (a, b, c), (d, e, f), (g, h, i) = ([matrix[..., row, column] for column in range(3)] for row in range(3))
    rows = [
        [1 + a + e + i, h - f, c - g, d - b],
        [h - f, 1 + a - e - i, b + d, c + g],
        [c - g, b + d, 1 - a + e - i, f + h],
        [d - b, c + g, f + h, 1 - a - e + i],
    ]
    candidates = np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
    length = np.linalg.norm(candidates, axis=-1)
    longest = np.argmax(length, axis=-1)[..., None, None]
    found = np.take_along_axis(candidates, longest, axis=-2)[..., 0, :]
    return found / np.linalg.norm(found, axis=-1, keepdims=True)


def yaw_quaternions(yaw: np.ndarray) -> np.ndarray:
    """Return quaternions (..., 4) of rotations about the base frame's z axis by `yaw` (...), rad."""
    half = 0.5 * np.asarray(yaw, dtype=np.float64)
    zero = np.zeros_like(half)
    return np.stack([np.cos(half), zero, zero, np.sin(half)], axis=-1)


def rotate_about_z(vectors: np.ndarray, yaw: np.ndarray) -> np.ndarray:
    """Return vectors (..., 3) turned about z by `yaw` (...), rad; minus the yaw takes base to stroke frame."""
    cosine, sine = np.cos(yaw), np.sin(yaw)
    x, y, z = np.moveaxis(vectors, -1, 0)
    return np.stack([cosine * x - sine * y, sine * x + cosine * y, z], axis=-1)
