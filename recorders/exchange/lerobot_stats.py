"""Statistics as LeRobot keeps them, for each episode and for the whole set: its training normalises with them."""

from __future__ import annotations

from typing import Any

import numpy as np

QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}
PICTURE_EVERY = 5  # ticks between two pictures that are looked at
PIXEL_EVERY = 4


def of_rows(values: np.ndarray) -> dict[str, list[Any]]:
    """Return the statistics of rows (n, D), each a list of D numbers; the count is a list of one."""
    wide = values.astype(np.float64)
    found = {"min": wide.min(0), "max": wide.max(0), "mean": wide.mean(0), "std": wide.std(0)}
    found |= {name: np.quantile(wide, share, axis=0) for name, share in QUANTILES.items()}
    return {name: value.tolist() for name, value in found.items()} | {"count": [len(values)]}


class Statistics:
    """Takes in one episode after the other."""

    def __init__(self) -> None:
        self._rows: dict[str, list[np.ndarray]] = {}
        self._pixels: dict[str, list[np.ndarray]] = {}
        self._whole: dict[str, list[np.ndarray]] = {}
        self._seen: dict[str, int] = {}

    def take_in(self, columns: dict[str, np.ndarray]) -> dict[str, Any]:
        """Add the rows of an episode; returns its own statistics as columns of meta/episodes."""
        row: dict[str, Any] = {}
        for name, values in columns.items():
            self._rows.setdefault(name, []).append(values)
            row |= {f"stats/{name}/{kind}": value for kind, value in of_rows(values).items()}
        return row

    def see_picture(self, key: str, picture: np.ndarray, tick: int) -> None:
        """Look at some of the pixels of some pictures."""
        if tick % PICTURE_EVERY == 0:
            self._pixels.setdefault(key, []).append(picture[::PIXEL_EVERY, ::PIXEL_EVERY].reshape(-1, 3))

    def take_in_pictures(self, key: str) -> dict[str, Any]:
        """Close an episode's pictures of one camera; returns their statistics, channels first, in 0..1."""
        seen = self._pixels.pop(key)
        pixels = np.concatenate(seen)
        self._whole.setdefault(key, []).append(pixels[:: max(1, len(pixels) // 20_000)])
        self._seen[key] = self._seen.get(key, 0) + len(seen)
        return {f"stats/{key}/{kind}": value for kind, value in _of_pixels(pixels, len(seen)).items()}

    def whole(self) -> dict[str, Any]:
        """Return the statistics of the set, by feature."""
        found = {name: of_rows(np.concatenate(rows)) for name, rows in self._rows.items()}
        return found | {
            key: _of_pixels(np.concatenate(rows), self._seen[key]) for key, rows in self._whole.items()
        }


def _of_pixels(pixels: np.ndarray, pictures: int) -> dict[str, Any]:
    found = of_rows(pixels / 255.0)
    return {name: [[[value]] for value in values] for name, values in found.items()} | {"count": [pictures]}
