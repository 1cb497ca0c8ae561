"""Forward kinematics of the arms that a leader can stand for: joint angles to the pose of the flange.

A leader is built after its follower, so that its joints, put into the follower's chain, say where the follower's flange
would be. The numbers are the makers' own Denavit–Hartenberg tables (Franka: "Robot and interface specifications",
Craig's convention; Universal Robots: "DH Parameters for calculations of kinematics and dynamics", the classic one).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from app.core.errors import UsageError

Row = tuple[float, float, float]  # a in m, d in m, alpha in rad
RIGHT = math.pi / 2


@dataclass(frozen=True)
class Chain:
    """A serial arm of hinges.

    Attributes:
        rows: a, d, alpha of each joint.
        convention: `craig`: Rx(alpha) Tx(a) Rz(q) Tz(d). `classic`: Rz(q) Tz(d) Tx(a) Rx(alpha).
        flange_m: From the last joint's frame to the flange, along z.
    """

    rows: tuple[Row, ...]
    convention: Literal["craig", "classic"]
    flange_m: float = 0.0

    @property
    def joints(self) -> int:
        """Number of joints."""
        return len(self.rows)

    def flange(self, angles: np.ndarray) -> np.ndarray:
        """Return the 4×4 pose of the flange in the base frame.

        Args:
            angles: Joint angles (n,), rad.
        """
        pose = np.eye(4)
        for angle, (a, d, alpha) in zip(angles, self.rows, strict=True):
            turn, link = _about_z(float(angle), d), _about_x(alpha, a)
            pose = pose @ (link @ turn if self.convention == "craig" else turn @ link)
        return np.asarray(pose @ _about_z(0.0, self.flange_m))


def _about_z(angle: float, way: float) -> np.ndarray:
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.array([[cosine, -sine, 0, 0], [sine, cosine, 0, 0], [0, 0, 1, way], [0, 0, 0, 1]])


def _about_x(angle: float, way: float) -> np.ndarray:
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.array([[1, 0, 0, way], [0, cosine, -sine, 0], [0, sine, cosine, 0], [0, 0, 0, 1]])


def _universal(d1: float, a2: float, a3: float, d4: float, d5: float, d6: float) -> Chain:
    rows = (
        (0.0, d1, RIGHT), (a2, 0.0, 0.0), (a3, 0.0, 0.0), (0.0, d4, RIGHT), (0.0, d5, -RIGHT), (0.0, d6, 0.0),
    )  # fmt: skip
    return Chain(rows, "classic")


CHAINS: dict[str, Chain] = {
    "panda": Chain(
        (
            (0.0, 0.333, 0.0), (0.0, 0.0, -RIGHT), (0.0, 0.316, RIGHT), (0.0825, 0.0, RIGHT),
            (-0.0825, 0.384, -RIGHT), (0.0, 0.0, RIGHT), (0.088, 0.0, RIGHT),
        ),
        "craig",
        0.107,
    ),
    "ur3": _universal(0.1519, -0.24365, -0.21325, 0.11235, 0.08535, 0.0819),
    "ur5": _universal(0.089159, -0.425, -0.39225, 0.10915, 0.09465, 0.0823),
    "ur10": _universal(0.1273, -0.612, -0.5723, 0.163941, 0.1157, 0.0922),
    "ur3e": _universal(0.15185, -0.24355, -0.2132, 0.13105, 0.08535, 0.0921),
    "ur5e": _universal(0.1625, -0.425, -0.3922, 0.1333, 0.0997, 0.0996),
    "ur10e": _universal(0.1807, -0.6127, -0.57155, 0.17415, 0.11985, 0.11655),
    "ur16e": _universal(0.1807, -0.4784, -0.36, 0.17415, 0.11985, 0.11655),
}  # fmt: skip


def chain_of(arm: str) -> Chain:
    """Return the chain of an arm by name.

    Raises:
        UsageError: If there is none of that name.
    """
    if arm not in CHAINS:
        raise UsageError(f"arm {arm!r}", "its chain is not known", options=CHAINS)
    return CHAINS[arm]


def pose_of(matrix: np.ndarray) -> np.ndarray:
    """Return the pose (7,) of a 4×4 matrix: x y z, quaternion w x y z with w ≥ 0.

    The largest of the four is taken from the diagonal, the others from the sums and differences beside it (Shepperd,
    "Quaternion from rotation matrix", 1978).
    """
    r = matrix[:3, :3]
    squares = np.array([1 + r[0, 0] + r[1, 1] + r[2, 2], 1 + r[0, 0] - r[1, 1] - r[2, 2],
                        1 - r[0, 0] + r[1, 1] - r[2, 2], 1 - r[0, 0] - r[1, 1] + r[2, 2]])  # fmt: skip
    parts = np.array(
        [
            [squares[0], r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]],
            [r[2, 1] - r[1, 2], squares[1], r[1, 0] + r[0, 1], r[0, 2] + r[2, 0]],
            [r[0, 2] - r[2, 0], r[1, 0] + r[0, 1], squares[2], r[2, 1] + r[1, 2]],
            [r[1, 0] - r[0, 1], r[0, 2] + r[2, 0], r[2, 1] + r[1, 2], squares[3]],
        ]
    )
    quaternion = parts[int(squares.argmax())]
    quaternion = quaternion / np.linalg.norm(quaternion)
    return np.concatenate([matrix[:3, 3], quaternion if quaternion[0] >= 0 else -quaternion])
