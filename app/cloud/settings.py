"""How a cloud is made: what is kept, how fine, how many points. From the command line of role `cloud`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.core.errors import UsageError

Outlier = Literal["none", "radius", "statistical"]
OUTLIERS: tuple[Outlier, ...] = ("none", "radius", "statistical")
MOST_POINTS = 100_000


@dataclass(frozen=True)
class Settings:
    """Settings of a cloud.

    Attributes:
        stride: Every how many rows and columns of a depth picture a pixel is taken.
        near_m, far_m: Range of depths that are kept.
        voxel_m: Edge of the cubes of which each keeps one point, the mean; 0: all points.
        outlier: How lone points are found: too few neighbours within three voxels, or farther from their neighbours
            than is usual (two standard deviations).
        budget: Most points of a cloud.
        rate_hz: Most clouds a second.
    """

    stride: int = 2
    near_m: float = 0.05
    far_m: float = 1.6
    voxel_m: float = 0.004
    outlier: Outlier = "radius"
    budget: int = MOST_POINTS
    rate_hz: float = 11.0

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            UsageError: Names the setting and what it may be.
        """
        for name, good, valid in (
            ("--stride", 1 <= self.stride <= 16, "1 to 16"),
            ("--range", 0.0 <= self.near_m < self.far_m, "NEAR,FAR in metres, NEAR less than FAR"),
            ("--voxel-mm", 0.0 <= self.voxel_m <= 0.1, "0 to 100"),
            ("--budget", 1 <= self.budget <= MOST_POINTS, f"1 to {MOST_POINTS}"),
            ("--rate", 0.1 <= self.rate_hz <= 60.0, "0.1 to 60"),
            ("--outlier", self.outlier in OUTLIERS, ", ".join(OUTLIERS)),
        ):
            if not good:
                raise UsageError(name, "it is out of its range", options=[valid])
