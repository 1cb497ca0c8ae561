"""From views to a calibration that can be kept, and what to say of it."""

from __future__ import annotations

from datetime import UTC, datetime

import cv2

from app.calibration.hand_eye import Mount, place_camera
from app.calibration.lens import Lens, calibrate_lens
from app.calibration.views import Collection, View
from app.core.calibration import SCHEMA, BoardSpec, Calibration, Residuals


def solve(
    rig: str,
    camera: str,
    mount: Mount,
    board: BoardSpec,
    collection: Collection,
    placed: list[View] | None = None,
) -> tuple[Calibration, Lens]:
    """Return the calibration of a camera.

    Args:
        placed: Views with the board standing still in its frame; by default all that have a tool pose.

    Raises:
        CalibrationError: If views are too few, too alike, or disagree.
    """
    lens = calibrate_lens(collection)
    found = place_camera(collection.finder.points, placed or collection.views, lens, mount)
    width, height = collection.size
    matrix = lens.matrix
    residuals = Residuals(lens.rms_px, found.held_out_px, found.held_out_mm, found.methods_px)
    calibration = Calibration(
        SCHEMA, rig, camera, datetime.now(UTC).isoformat(timespec="seconds"), width, height, float(matrix[0, 0]),
        float(matrix[1, 1]), float(matrix[0, 2]) + 0.5, float(matrix[1, 2]) + 0.5,
        tuple(float(value) for value in lens.distortion), mount, tuple(float(v) for v in found.camera.ravel()), board,
        tuple(float(v) for v in found.board.ravel()), f"{found.method}, refined", found.used, found.held_out,
        residuals, cv2.__version__,
    )  # fmt: skip
    return calibration, lens


def summary(calibration: Calibration) -> str:
    """Return a calibration in words."""
    fit = calibration.residuals
    where = "on the tool" if calibration.mount == "tool" else "fixed"
    x, y, z = (1e3 * calibration.pose[index] for index in (3, 7, 11))
    held = f"on {calibration.held_out} held-out poses {fit.held_out_px:.2f} px and {fit.held_out_mm:.2f} mm"
    return (
        f"camera {calibration.camera!r} ({where}) at {x:.0f}, {y:.0f}, {z:.0f} mm; focal length "
        f"{calibration.fx:.1f} px; lens {fit.intrinsics_px:.2f} px; {held} ({calibration.method})"
    )
