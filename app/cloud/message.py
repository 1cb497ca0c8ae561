"""A coloured cloud as one array on the wire: float32 (n, 4), x y z in metres and the colour's bits. Without Open3D.

The fourth number holds 0x00RRGGBB as its bit pattern, so that points and colours cannot come apart.
"""

from __future__ import annotations

import numpy as np

TOPIC = "cloud/points"
PICTURE = "cloud/picture"  # of the role `splat`: (H, W) uint32, 0xAARRGGBB, clear where there is no point


def pack(points: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Return points (n, 3) in metres and colours (n, 3) uint8 as one array (n, 4) float32."""
    rgb = colours.astype(np.uint32)
    packed = np.empty((len(points), 4), dtype=np.float32)
    packed[:, :3] = points
    packed[:, 3] = ((rgb[:, 0] << 16) | (rgb[:, 1] << 8) | rgb[:, 2]).view(np.float32)
    return packed


def split(packed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return points (n, 3) float32 and colours (n,) uint32 of `pack`, 0x00RRGGBB: views, in no time."""
    return packed[:, :3], packed.view(np.uint32)[:, 3]


def unpack(packed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return points (n, 3) float32 and colours (n, 3) uint8 of `pack`."""
    points, bits = split(packed)
    colours = np.stack([(bits >> shift) & 255 for shift in (16, 8, 0)], axis=1).astype(np.uint8)
    return points, colours
