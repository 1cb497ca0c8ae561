"""Draws a coloured cloud into a picture without a graphics card: numpy, far points first. Used by `Painter`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.cloud.orbit import Orbit

NEAREST_M = 0.02
DEPTH_STEPS = 65535.0


@dataclass(frozen=True)
class Dots:
    """A cloud ready to be drawn.

    Attributes:
        points: (n, 3) float32, metres, base frame.
        argb: (n,) uint32.
        size: Edge of the square that a point is drawn as, pixels.
    """

    points: np.ndarray
    argb: np.ndarray
    size: int

    @staticmethod
    def of(points: np.ndarray, colours: np.ndarray, size: float) -> Dots:
        """Return dots of points (n, 3) and colours: (n, 3) of 0..255, or (n,) uint32 of 0x00RRGGBB."""
        shades = np.asarray(colours)
        if shades.ndim == 2:
            shades = shades.astype(np.uint32)
            shades = (shades[:, 0] << 16) | (shades[:, 1] << 8) | shades[:, 2]
        argb = np.uint32(0xFF000000) | shades.astype(np.uint32, copy=False)
        return Dots(np.ascontiguousarray(points, dtype=np.float32), argb, max(1, round(size)))

    def thinned(self, count: int) -> Dots:
        """Return about `count` of the dots, taken evenly and drawn larger, so that surfaces stay closed."""
        if count >= len(self.points):
            return self
        kept = np.linspace(0, len(self.points) - 1, max(1, count)).astype(np.intp)
        grown = round(self.size * min(2.0, float(np.sqrt(len(self.points) / max(1, count)))))
        return Dots(self.points[kept], self.argb[kept], grown)


def splat(canvas: np.ndarray, orbit: Orbit, dots: Dots) -> None:
    """Draw dots into an ARGB canvas (H, W) uint32, C order; nearer ones cover farther ones."""
    height, width = canvas.shape
    eye, rotation = orbit.axes()
    focal = np.float32(0.5 * width / np.tan(np.radians(orbit.field_of_view) / 2))
    seen = (dots.points - eye.astype(np.float32)) @ rotation.T.astype(np.float32)
    depth = seen[:, 2]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        scale = focal / depth
        left = seen[:, 0] * scale + np.float32(width / 2 - dots.size // 2)
        top = seen[:, 1] * scale + np.float32(height / 2 - dots.size // 2)
        inside = (depth > NEAREST_M) & (left >= 0) & (top >= 0)
        inside &= (left < width - dots.size + 1) & (top < height - dots.size + 1)
    if not inside.any():
        return
    depth = depth[inside]
    near, far = float(depth.min()), float(depth.max())
    keys = ((far - depth) * np.float32(DEPTH_STEPS / max(far - near, 1e-6))).astype(np.uint16)
    order = np.argsort(keys, kind="stable")  # 16 bits: numpy sorts them by radix
    corner = top[inside].astype(np.intp) * width + left[inside].astype(np.intp)
    square = np.add.outer(np.arange(dots.size) * width, np.arange(dots.size)).ravel()
    where = corner[order][:, None] + square
    shades = np.empty(where.shape, dtype=np.uint32)  # not np.repeat: it keeps the interpreter's lock
    shades[:] = dots.argb[inside][order][:, None]
    canvas.reshape(-1)[where.reshape(-1)] = shades.reshape(-1)
