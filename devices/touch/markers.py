"""Finds the dark markers of a gel in a picture and follows them from picture to picture. Pixels, x right, y down."""

from __future__ import annotations

import cv2
import numpy as np

from app.core.errors import DeviceError

SMALLEST, LARGEST = 0.25, 4.0  # area of a marker, as a share of the median one
SPECK = 3  # pixels: what is not larger is noise
REACH = 0.5  # of the spacing: how far a marker may move between two pictures
ROW_SPREAD = 0.5  # of the spacing: how far the markers of one row may differ across it


def darkness(gray: np.ndarray, spacing: float) -> np.ndarray:
    """Return how much darker than its surroundings each pixel is, uint8 (H, W), not below 0.

    The surroundings are the mean over a square of one marker spacing: over whole periods of the grid that mean does not
    depend on where in the grid the square lies, so uneven light is taken away and nothing is added.
    """
    side = max(3, round(spacing) | 1)
    return np.asarray(cv2.subtract(cv2.blur(gray, (side, side), borderType=cv2.BORDER_REFLECT), gray))


def find_blobs(gray: np.ndarray, spacing: float) -> np.ndarray:
    """Return the centres (M, 2), px, of what looks like a marker in a grey picture (H, W) uint8.

    A pixel belongs to a marker where its darkness is above Otsu's threshold; the centre is the mean of the pixels,
    weighted with their darkness above that threshold, which makes it finer than a pixel.
    """
    dark = darkness(gray, spacing)
    threshold, mask = cv2.threshold(dark, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    if count < 2 or threshold < 1.0:
        return np.zeros((0, 2))
    inside = np.flatnonzero(labels)
    label = labels.ravel()[inside]
    weight = dark.ravel()[inside] - threshold
    ys, xs = np.divmod(inside, gray.shape[1])
    total = np.bincount(label, weight, count)[1:]
    x = np.bincount(label, weight * xs, count)[1:]
    y = np.bincount(label, weight * ys, count)[1:]
    area = stats[1:, cv2.CC_STAT_AREA].astype(np.float64)
    usual = float(np.median(area[area > SPECK])) if (area > SPECK).any() else 1.0
    good = (total > 0) & (area > SMALLEST * usual) & (area < LARGEST * usual)
    return np.column_stack([x[good], y[good]]) / total[good, None]


def arrange(name: str, blobs: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Return blob centres as a grid (rows·columns, 2), row by row from the top left.

    Args:
        name: What the person calls the sensor, for errors.
        blobs: Centres (M, 2); must be exactly the markers.

    Raises:
        DeviceError: If their number is not that of the grid, or they form no such grid.
    """
    wanted = rows * columns
    if len(blobs) != wanted:
        raise DeviceError(
            f"touch sensor {name!r}", f"{len(blobs)} markers are seen where {rows}×{columns} were expected",
            way_out="Lift the finger off, clean the gel, or correct `rows` and `columns` in the rig file",
        )  # fmt: skip
    middle = blobs.mean(axis=0)
    level = (blobs - middle) @ _turn(-_tilt(blobs))
    by_row = level[:, 1].argsort().reshape(rows, columns)
    order = np.stack([row[level[row, 0].argsort()] for row in by_row])
    grid = level[order]
    spacing = float(np.median(np.diff(grid[:, :, 0], axis=1)))
    steps = np.concatenate([np.diff(grid[:, :, 0], axis=1).ravel(), np.diff(grid[:, :, 1], axis=0).ravel()])
    if np.ptp(grid[:, :, 1], axis=1).max() > 2 * ROW_SPREAD * spacing or steps.min() < 0.4 * spacing:
        raise DeviceError(
            f"touch sensor {name!r}", f"the markers form no grid of {rows} rows and {columns} columns",
            way_out="Lift the finger off, or correct `rows` and `columns` in the rig file",
        )  # fmt: skip
    return np.asarray(blobs[order.ravel()])


def _tilt(blobs: np.ndarray) -> float:
    """Return the angle, rad, −45° to 45°, by which the grid is turned: the mean direction to each nearest neighbour."""
    offsets = blobs[None, :, :] - blobs[:, None, :]
    distance = np.square(offsets).sum(axis=2)
    np.fill_diagonal(distance, np.inf)
    nearest = offsets[np.arange(len(blobs)), distance.argmin(axis=1)]
    angles = 4.0 * np.arctan2(
        nearest[:, 1], nearest[:, 0]
    )  # four-fold: which neighbour is nearest does not matter
    return float(np.arctan2(np.sin(angles).mean(), np.cos(angles).mean())) / 4.0


def _turn(angle: float) -> np.ndarray:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, sine], [-sine, cosine]])


class Tracker:
    """Follows the markers of one gel.

    Args:
        rest: Their centres (N, 2), px, at rest.
        spacing: Distance between neighbours, px.

    Attributes:
        position: Centres (N, 2) in the newest picture; where a marker is not seen, what its neighbours suggest.
        seen: (N,) bool, which were found in the newest picture.
    """

    def __init__(self, rest: np.ndarray, spacing: float) -> None:
        self._rest, self._spacing = rest, spacing
        self.position = rest.copy()
        self.seen = np.ones(len(rest), dtype=bool)
        distance = np.square(rest[None] - rest[:, None]).sum(axis=2)
        np.fill_diagonal(distance, np.inf)
        self._near = 1.0 / np.square(distance)

    def update(self, gray: np.ndarray) -> None:
        """Find every marker again: a blob and a marker belong together if each is the other's nearest and in reach."""
        blobs = find_blobs(gray, self._spacing)
        self.seen = np.zeros(len(self._rest), dtype=bool)
        if len(blobs):
            distance = np.square(self.position[:, None] - blobs[None]).sum(axis=2)
            choice = distance.argmin(axis=1)
            mutual = distance.argmin(axis=0)[choice] == np.arange(len(self._rest))
            self.seen = mutual & (distance.min(axis=1) < (REACH * self._spacing) ** 2)
            self.position[self.seen] = blobs[choice[self.seen]]
        self._fill()

    def _fill(self) -> None:
        """Put unseen markers where the displacement of the seen ones, weighted by distance to the −4, says."""
        if self.seen.all() or not self.seen.any():
            return
        shift = self.position[self.seen] - self._rest[self.seen]
        weight = self._near[np.ix_(~self.seen, self.seen)]
        self.position[~self.seen] = self._rest[~self.seen] + weight @ shift / weight.sum(
            axis=1, keepdims=True
        )
