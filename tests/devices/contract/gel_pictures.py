"""Rendered gels: dark markers on an unevenly lit ground, displaced by a known field, with noise and a little tilt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

ROWS, COLUMNS = 7, 9
Field = Callable[[np.ndarray], np.ndarray]


@dataclass
class GelPicture:
    """A gel of 7×9 markers.

    Attributes:
        size: (width, height), px.
        radius: Of a marker, px.
        noise: Standard deviation of the pixels, 0..255.
        tilt: Of the grid, rad.
    """

    size: tuple[int, int] = (320, 240)
    radius: float = 5.0
    noise: float = 2.0
    tilt: float = 0.02
    rest: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        width, height = self.size
        xs = (np.arange(COLUMNS) - (COLUMNS - 1) / 2) * width / (COLUMNS + 1)
        ys = (np.arange(ROWS) - (ROWS - 1) / 2) * height / (ROWS + 1)
        grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
        cosine, sine = np.cos(self.tilt), np.sin(self.tilt)
        turned = grid @ np.array([[cosine, sine], [-sine, cosine]])
        self.rest = turned + np.array([width / 2 + 0.3, height / 2 - 0.4])

    def render(self, shift: np.ndarray, seed: int = 0, hidden: tuple[int, ...] = ()) -> np.ndarray:
        """Return a picture BGR with the markers displaced by `shift` (63, 2), px; `hidden` ones are not drawn."""
        width, height = self.size
        x, y = np.arange(width)[None, :] / width, np.arange(height)[:, None] / height
        light = 170.0 + 40.0 * np.sin(x * 2.0) * np.cos(y * 1.5) - 30.0 * x
        ink = np.zeros((height, width))
        for index, (cx, cy) in enumerate(self.rest + shift):
            if index not in hidden:
                self._draw(ink, cx, cy)
        gray = light * (1.0 - 0.7 * ink)
        noise = np.random.default_rng(seed).standard_normal((height, width, 3), dtype=np.float32) * self.noise
        tinted = gray[:, :, None] * np.array([0.95, 1.0, 1.05]) + noise
        return np.clip(np.rint(tinted), 0, 255).astype(np.uint8)

    def _draw(self, ink: np.ndarray, cx: float, cy: float) -> None:
        reach = int(self.radius) + 8
        left, top = max(0, int(cx) - reach), max(0, int(cy) - reach)
        patch = ink[top : max(0, int(cy) + reach), left : max(0, int(cx) + reach)]
        y, x = np.mgrid[top : top + patch.shape[0], left : left + patch.shape[1]]
        edge = (np.hypot(x - cx, y - cy) - self.radius) / 0.7
        np.maximum(patch, 1.0 / (1.0 + np.exp(np.clip(edge, -40, 40))), out=patch)

    def shear(self, dx: float, dy: float) -> np.ndarray:
        """Return a uniform displacement (63, 2), px."""
        return np.tile([dx, dy], (len(self.rest), 1))

    def press(self, growth: float) -> np.ndarray:
        """Return the displacement (63, 2), px, of a gel that flows outwards evenly: its area grows by `growth`."""
        middle = self.rest.mean(axis=0)
        return (self.rest - middle) * (np.sqrt(1.0 + growth) - 1.0)

    def dent(self, amount: float) -> np.ndarray:
        """Return a local outward flow (63, 2), px, around the middle: at most about `amount`."""
        offset = self.rest - self.rest.mean(axis=0)
        sigma = self.size[1] / 4
        return (
            offset
            / sigma
            * amount
            * np.exp(0.5 - np.square(offset).sum(axis=1, keepdims=True) / (2 * sigma**2))
        )
