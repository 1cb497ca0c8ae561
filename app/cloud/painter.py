"""Keeps the drawing of clouds in time: where the machine is too slow for all points, fewer and larger ones are drawn.

Used by the role `splat`.
"""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from app.cloud.orbit import Orbit
from app.cloud.splat import Dots, splat
from app.core.errors import UsageError

FRAME_S = 0.06  # the longest that a picture may take on average: 90 ms are there for each cloud at 11 Hz
LEAST_POINTS = 10_000
CALM = 0.2  # share of the newest measurement in the mean
MOST_SIDE, MOST_PIXELS = 16_384, 2_500_000  # a larger view gets a smaller picture, enlarged by the window


@dataclass(frozen=True)
class Viewpoint:
    """From where the cloud is seen, and into how many pixels."""

    orbit: Orbit
    width: int
    height: int

    def body(self) -> dict[str, Any]:
        """Return it as the body of the intent `view`."""
        return {"orbit": asdict(self.orbit), "width": self.width, "height": self.height}

    @staticmethod
    def of(body: dict[str, Any]) -> Viewpoint:
        """Return the view that an intent names.

        Raises:
            UsageError: It is none.
        """
        try:
            fields = dict(body["orbit"])
            x, y, z = (float(value) for value in fields.pop("centre"))
            orbit = Orbit((x, y, z), **{name: float(value) for name, value in fields.items()})
            view = Viewpoint(orbit, int(body["width"]), int(body["height"]))
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError("view", f"it is none ({error!r})", options=["orbit, width, height"]) from error
        numbers = (*orbit.centre, orbit.distance, orbit.azimuth, orbit.elevation)
        good = all(math.isfinite(value) for value in numbers) and 1.0 <= orbit.field_of_view <= 170.0
        if not good or not (1 <= view.width <= MOST_SIDE and 1 <= view.height <= MOST_SIDE):
            raise UsageError(
                "view", "no such view can be drawn", options=[f"1 to {MOST_SIDE} pixels, finite numbers"]
            )
        return view


class Painter:
    """Draws views of clouds, and remembers how long a point takes.

    Attributes:
        offered, drawn: Points of the last cloud, and how many of them were drawn.
    """

    def __init__(self) -> None:
        self.offered = self.drawn = 0
        self._seconds_per_point = 0.0

    def most_points(self) -> int:
        """Return how many points this machine draws in a frame's time, by what the last ones took."""
        if self._seconds_per_point <= 0:
            return 100_000
        return max(LEAST_POINTS, int(FRAME_S / self._seconds_per_point))

    def draw(self, view: Viewpoint, dots: Dots) -> np.ndarray:
        """Return a picture (H, W) uint32, 0xAARRGGBB, clear where there is no point; smaller than a very large view."""
        shrink = min(1.0, math.sqrt(MOST_PIXELS / (view.width * view.height)))
        width, height = max(1, round(view.width * shrink)), max(1, round(view.height * shrink))
        self.offered = len(dots.points)
        few = dots.thinned(min(self.offered, self.most_points()))
        self.drawn = len(few.points)
        began = time.perf_counter()
        canvas = np.zeros((height, width), dtype=np.uint32)
        splat(canvas, view.orbit, few)
        self._learn(time.perf_counter() - began)
        return canvas

    def _learn(self, seconds: float) -> None:
        if self.drawn >= LEAST_POINTS // 2:  # of fewer, the picture costs more than its points
            newest, mean = seconds / self.drawn, self._seconds_per_point
            self._seconds_per_point = newest if mean == 0 else (1 - CALM) * mean + CALM * newest
