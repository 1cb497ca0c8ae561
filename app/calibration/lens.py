"""Intrinsics from views of the board: OpenCV's calibrateCamera, with bad views found by their residual and left out."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from app.calibration.views import ENOUGH_CELLS, LEAST_VIEWS, Collection, View, guess
from app.core.calibration import CalibrationError

BAD_TIMES_MEDIAN, BAD_PX = 2.5, 0.25  # a view is bad when its residual is above both
MOST_REJECTED = 1 / 3
K3_VIEWS = 25  # the sixth-power term is estimated only from so many views


@dataclass(frozen=True)
class Lens:
    """Intrinsics as OpenCV has them.

    Attributes:
        matrix: (3, 3); pixel centres are at integers.
        distortion: (5,) k1 k2 p1 p2 k3.
        rms_px: Over all corners of the views that were used.
        focal_std_px: Standard deviation of fx, as OpenCV estimates it.
    """

    matrix: np.ndarray
    distortion: np.ndarray
    rms_px: float
    focal_std_px: float


def calibrate_lens(collection: Collection) -> Lens:
    """Return the intrinsics, and mark each view with its residual and whether it was rejected.

    Raises:
        CalibrationError: If there are too few views, or too many bad ones.
    """
    views = collection.views
    for view in views:
        view.rejected, view.residual_px = "", None
    while True:
        used = [view for view in views if not view.rejected]
        if len(used) < LEAST_VIEWS:
            raise CalibrationError(
                "lens calibration", f"it has {len(used)} good views of {len(views)} and needs {LEAST_VIEWS}",
                way_out=collection.advice() or "Take more views with the board flat and in focus",
            )  # fmt: skip
        lens = _solve(collection, used)
        residuals = np.array([view.residual_px for view in used])
        worst = int(residuals.argmax())
        limit = max(BAD_PX, BAD_TIMES_MEDIAN * float(np.median(residuals)))
        if residuals[worst] <= limit:
            return lens
        used[worst].rejected = f"residual {residuals[worst]:.2f} px, limit {limit:.2f} px"
        if sum(bool(view.rejected) for view in views) > MOST_REJECTED * len(views):
            raise CalibrationError(
                "lens calibration", "more than a third of the views disagree with each other",
                way_out="Check that the board is flat, sharp in the picture, and that its size is entered as measured",
            )  # fmt: skip


def _solve(collection: Collection, used: list[View]) -> Lens:
    points = [collection.finder.points[view.sighting.ids].astype(np.float32) for view in used]
    corners = [view.sighting.corners.astype(np.float32).reshape(-1, 1, 2) for view in used]
    flags = 0 if len(used) >= K3_VIEWS else cv2.CALIB_FIX_K3
    if (
        collection.coverage() > 0
    ).mean() < ENOUGH_CELLS:  # where no corner was, a simpler lens extrapolates better
        flags |= cv2.CALIB_ZERO_TANGENT_DIST | cv2.CALIB_FIX_K2 | cv2.CALIB_FIX_K3
    rms, matrix, distortion, _, _, spread, _, errors = cv2.calibrateCameraExtended(
        points, corners, collection.size, guess(collection.size), np.zeros(5), flags=flags
    )
    for view, error in zip(used, np.asarray(errors).ravel(), strict=True):
        view.residual_px = float(error)
    return Lens(
        np.asarray(matrix, dtype=np.float64), np.asarray(distortion, dtype=np.float64).ravel()[:5], float(rms),
        float(np.asarray(spread).ravel()[0]),
    )  # fmt: skip
