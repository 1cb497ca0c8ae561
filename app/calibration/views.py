"""The views that a calibration is made from, and what is still missing among them. Pixels as OpenCV counts them."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from app.calibration.board import Finder, Sighting

CELLS = (5, 4)  # of the coverage map: across, down
ENOUGH_CELLS = 0.75
TILT_DEG = 18.0
LEAST_VIEWS, ENOUGH_VIEWS = 10, 16
NEW_SHIFT = 0.06  # of the picture's width: mean shift of the corners from every other view
COMMON = 6  # corners from which on two views can be compared
SIDES = {"right": (1, 0), "left": (-1, 0), "down": (0, 1), "up": (0, -1)}


@dataclass
class View:
    """One picture of the board.

    Attributes:
        tool: Pose (4, 4) of the tool in the base frame at that moment; None if it is not known.
        name: File or number, for people.
        residual_px: RMS reprojection error of the lens calibration; None before.
        rejected: Why it is not used; empty if it is.
    """

    sighting: Sighting
    tool: np.ndarray | None = None
    name: str = ""
    residual_px: float | None = None
    rejected: str = ""


@dataclass
class Collection:
    """Views of one camera.

    Args:
        size: Width and height of the pictures.
    """

    finder: Finder
    size: tuple[int, int]
    views: list[View] = field(default_factory=list)

    def is_new(self, sighting: Sighting) -> bool:
        """Whether a view differs from all others: the corners moved in the picture."""
        return all(shift_px(sighting, view.sighting) > NEW_SHIFT * self.size[0] for view in self.views)

    def coverage(self) -> np.ndarray:
        """Return how many corners lie in each cell of the picture (rows, columns)."""
        counts = np.zeros((CELLS[1], CELLS[0]), dtype=int)
        for view in self.views:
            if not view.rejected:
                cells = (view.sighting.corners / self.size * CELLS).astype(int)
                np.add.at(counts, tuple(np.clip(cells, 0, np.array(CELLS) - 1).T[::-1]), 1)
        return counts

    def tilts(self) -> np.ndarray:
        """Return the tilt of the board in each view (n, 2), degrees: towards the picture's right and bottom.

        The lens is not known yet, so a plausible one is assumed (focal length: the picture's width); good enough to
        tell a tilted board from a flat one.
        """
        matrix = guess(self.size)
        found = []
        for view in self.views:
            pose = board_pose(self.finder.points, view.sighting, matrix, np.zeros(5))
            normal = pose[:3, 2]
            found.append(np.degrees(np.arctan2(normal[:2], abs(normal[2]))))
        return np.array(found).reshape(-1, 2)

    def advice(self) -> str:
        """Return what the next view should show; empty if there is enough."""
        counts = self.coverage()
        if not self.views:
            return "Show the board: all of it, filling about half of the picture."
        tilts = self.tilts()
        for words, (x, y) in SIDES.items():
            if not (tilts @ (x, y) > TILT_DEG).any():
                return f"Tilt the board or the camera by 30°: the side that points {words} nearer or farther."
        if (counts > 0).mean() < ENOUGH_CELLS:
            return f"Show the board in the {_corner_words(counts)} of the picture."
        if len(self.views) < ENOUGH_VIEWS:
            return f"{ENOUGH_VIEWS - len(self.views)} more views, turned about different axes, near and far."
        return ""


def _corner_words(counts: np.ndarray) -> str:
    """Return which part of the picture is emptiest."""
    rows, columns = counts.shape
    parts = {
        "upper left": counts[: rows // 2, : columns // 2], "upper right": counts[: rows // 2, -(columns // 2) :],
        "lower left": counts[-(rows // 2) :, : columns // 2], "lower right": counts[-(rows // 2) :, -(columns // 2) :],
    }  # fmt: skip
    return min(parts, key=lambda name: (float((parts[name] > 0).mean()), int(parts[name].sum())))


def shift_px(a: Sighting, b: Sighting) -> float:
    """Return the mean shift of the corners that two sightings have in common; infinite if those are few."""
    common, in_a, in_b = np.intersect1d(a.ids, b.ids, return_indices=True)
    if len(common) < COMMON:
        return float("inf")
    return float(np.linalg.norm(a.corners[in_a] - b.corners[in_b], axis=1).mean())


def guess(size: tuple[int, int]) -> np.ndarray:
    """Return a plausible camera matrix (3, 3) of pictures of a size."""
    width, height = size
    return np.array([[width, 0, (width - 1) / 2], [0, width, (height - 1) / 2], [0, 0, 1]], dtype=np.float64)


def board_pose(
    points: np.ndarray, sighting: Sighting, matrix: np.ndarray, distortion: np.ndarray
) -> np.ndarray:
    """Return the board's pose (4, 4) in the camera frame by PnP: IPPE for planes, refined by Levenberg–Marquardt."""
    corners = np.ascontiguousarray(sighting.corners).reshape(-1, 1, 2)
    seen = np.ascontiguousarray(points[sighting.ids])
    _, turn, shift = cv2.solvePnP(seen, corners, matrix, distortion, flags=cv2.SOLVEPNP_IPPE)
    turn, shift = cv2.solvePnPRefineLM(seen, corners, matrix, distortion, turn, shift)
    return rigid(turn, shift)


def rigid(turn: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Return the matrix (4, 4) of a rotation (vector or matrix) and a translation."""
    matrix = np.eye(4)
    turn = np.asarray(turn, dtype=np.float64)
    matrix[:3, :3] = turn if turn.shape == (3, 3) else cv2.Rodrigues(turn)[0]
    matrix[:3, 3] = np.asarray(shift, dtype=np.float64).ravel()
    return matrix
