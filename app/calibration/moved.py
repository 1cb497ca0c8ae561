"""Has a camera moved since it was calibrated?

Two looks. A fixed camera: features of the scene then and now (ORB) must lie at the same pixels. What moves, such as the
arm, may differ; but when hardly any stay, and one new viewpoint explains where most of them went (epipolar geometry by
RANSAC), it is the camera that has moved. Any camera: when the board of the calibration is still where it was, its
corners predicted from the arm's pose must lie where they are seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from app.calibration.board import Finder
from app.calibration.hand_eye import Problem
from app.calibration.lens import Lens
from app.calibration.views import View, board_pose
from app.core.calibration import Calibration

FEATURES = 1500
CLEARLY = 0.8  # Lowe's ratio of the best match's distance to the second best's
LEAST = 20  # features
STAYED_SHARE = 0.15  # of the features found again: the rest may lie on what moves
RIGID_SHARE = 0.4  # of the features found again that one new viewpoint must explain
RANSAC_PX = 1.5
BOARD_RIM = 1.7  # how much larger the board is taken to be than the corners that are seen of it
MOVED_PX = 2.0  # at 640 pixels of width: shift from which on arrows are visibly in the wrong place
BOARD_PX = 3.0


@dataclass(frozen=True)
class Verdict:
    """Whether a camera has moved.

    Attributes:
        moved: None if it cannot be told.
        shift_px: How far the picture has shifted, RMS over the picture; NaN if it cannot be told.
        words: For the person.
    """

    moved: bool | None
    shift_px: float
    words: str


def compare_scenes(then: np.ndarray, now: np.ndarray, finder: Finder | None = None) -> Verdict:
    """Judge a fixed camera by its picture at the calibration and now: grey (H, W) uint8, same size.

    Args:
        finder: Of the calibration's board: it may be on the tool, and what lies on it tells nothing of the camera.
    """
    if then.shape != now.shape:
        return Verdict(None, float("nan"), "The pictures have another size than at the calibration.")
    source, target = _matches(then, now, finder)
    if len(source) < LEAST:
        return Verdict(None, float("nan"), f"Only {len(source)} features of the scene are found again.")
    shifts = np.linalg.norm(target - source, axis=1)
    limit = MOVED_PX * then.shape[1] / 640
    stayed = shifts < limit
    if stayed.sum() >= max(LEAST, STAYED_SHARE * len(shifts)):
        shift = float(np.median(shifts[stayed]))
        return Verdict(
            False, shift, f"It stands as it was calibrated: the scene has shifted by {shift:.1f} px."
        )
    _, agree = cv2.findFundamentalMat(source, target, cv2.FM_RANSAC, RANSAC_PX, 0.999, 4000)
    inliers = np.zeros(len(source), bool) if agree is None else agree.ravel().astype(bool)
    if inliers.sum() < max(LEAST, RIGID_SHARE * len(source)):
        return Verdict(
            None, float("nan"), "Too much of the scene has changed to tell whether the camera has moved."
        )
    shift = float(np.median(shifts[inliers]))
    return Verdict(True, shift, f"It has moved: the scene has shifted by {shift:.1f} px. Calibrate it again.")


def _without_board(gray: np.ndarray, finder: Finder | None) -> np.ndarray:
    """Return where features may be taken from: a mask (H, W) uint8 without the board and its rim."""
    mask = np.full(gray.shape, 255, dtype=np.uint8)
    sighting = finder.find(gray) if finder is not None else None
    if sighting is not None:
        middle = sighting.corners.mean(axis=0)
        rim = middle + BOARD_RIM * (sighting.corners - middle)
        cv2.fillConvexPoly(mask, cv2.convexHull(rim.astype(np.int32)), (0,))
    return mask


def _matches(then: np.ndarray, now: np.ndarray, finder: Finder | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the places (n, 2) of features that are clearly the same in both pictures."""
    orb = cv2.ORB.create(FEATURES)
    places, marks = orb.detectAndCompute(then, _without_board(then, finder))
    places_now, marks_now = orb.detectAndCompute(now, _without_board(now, finder))
    if marks is None or marks_now is None or len(marks_now) < 2:
        return np.zeros((0, 2)), np.zeros((0, 2))
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(marks, marks_now, k=2)
    clear = [best for best, second in pairs if best.distance < CLEARLY * second.distance]
    source = np.array([places[pair.queryIdx].pt for pair in clear], dtype=np.float64).reshape(-1, 2)
    target = np.array([places_now[pair.trainIdx].pt for pair in clear], dtype=np.float64).reshape(-1, 2)
    return source, target


def compare_board(calibration: Calibration, finder: Finder, gray: np.ndarray, tool: np.ndarray) -> Verdict:
    """Judge a camera by the board, if it is seen; `tool` (4, 4) in the base frame."""
    sighting = finder.find(gray)
    if sighting is None:
        return Verdict(None, float("nan"), "The board is not in the picture.")
    lens = lens_of(calibration)
    view = View(sighting, tool)
    carried = tool if calibration.mount == "tool" else np.linalg.inv(tool)
    seen = board_pose(finder.points, sighting, lens.matrix, lens.distortion)
    problem = Problem(finder.points, [view], [carried], [seen], lens)
    camera, board = (np.asarray(m).reshape(4, 4) for m in (calibration.pose, calibration.board_pose))
    error = problem.rms_px(camera, board)
    limit = max(BOARD_PX * calibration.width / 640, 4.0 * calibration.residuals.held_out_px)
    if error <= limit:
        return Verdict(False, error, f"It stands as it was calibrated: the board is off by {error:.1f} px.")
    return Verdict(
        True,
        error,
        f"The board is off by {error:.1f} px: the camera or the board has moved. Calibrate it again.",
    )


def lens_of(calibration: Calibration) -> Lens:
    """Return the intrinsics of a kept calibration as OpenCV has them."""
    matrix = np.array(
        [[calibration.fx, 0, calibration.cx - 0.5], [0, calibration.fy, calibration.cy - 0.5], [0, 0, 1]]
    )
    return Lens(matrix, np.array(calibration.distortion), calibration.residuals.intrinsics_px, 0.0)
