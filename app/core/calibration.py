"""Calibrations of cameras, one JSON file per rig and camera in the person's settings. No OpenCV in here.

Written by the role `calibrate`; read by the device server, which tells them on as `CameraInfo`, so that window,
recorder and takes all have the same one. The format is described in resources/help/calibration.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from app.core.errors import TouchstoneError
from app.core.project import config_folder
from app.core.wire.messages import CameraInfo

SCHEMA = 1
EXPIRES_DAYS = 90.0


class CalibrationError(TouchstoneError):
    """A calibration cannot be made, read or kept."""


class BoardSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ChArUco board: `columns` by `rows` squares, sizes in metres, markers from an OpenCV dictionary."""

    columns: int = 8
    rows: int = 6
    square_m: float = 0.030
    marker_m: float = 0.022
    dictionary: str = "DICT_5X5_100"


class Residuals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How well it fits.

    Attributes:
        intrinsics_px: RMS reprojection error of the intrinsics over the views that were used.
        held_out_px: RMS reprojection error of the board's corners, predicted from the arm's pose alone, on poses that
            the hand-eye calibration was not made from.
        held_out_mm: RMS distance, mm, of the board's place by prediction from its place by the picture, same poses.
        methods_px: Held-out error of each method that was compared.
    """

    intrinsics_px: float
    held_out_px: float
    held_out_mm: float
    methods_px: dict[str, float]


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The calibration of one camera of one rig.

    Attributes:
        created: ISO 8601 with time zone.
        fx, fy, cx, cy: Pixels; (0, 0) is the outer corner of the first pixel, as in `CameraInfo`.
        distortion: k1 k2 p1 p2 k3.
        pose: 4×4, row-major, m: camera in the mount's frame.
        board_pose: 4×4 of the board in the other frame: base for a camera on the tool, tool for a fixed one. As long as
            the board stays there, a look at it tells whether the camera has moved.
        method: Which hand-eye method it comes from.
        views, held_out: Number of poses that it was made from, and of those that it was judged by.
        opencv: Version that made it.
    """

    schema: int
    rig: str
    camera: str
    created: str
    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion: tuple[float, ...]
    mount: Literal["base", "tool"]
    pose: tuple[float, ...]
    board: BoardSpec
    board_pose: tuple[float, ...]
    method: str
    views: int
    held_out: int
    residuals: Residuals
    opencv: str

    def info(self, width: int, height: int) -> CameraInfo:
        """Return it as the wire tells it, for pictures of another size of the same proportions too."""
        across, down = width / self.width, height / self.height
        return CameraInfo(
            self.camera, width, height, self.fx * across, self.fy * down, self.cx * across, self.cy * down,
            self.mount, self.pose, self.distortion, self.created, self.residuals.held_out_px,
        )  # fmt: skip


def calibration_path(rig: str, camera: str, suffix: str = ".json") -> Path:
    """Return where the calibration of a rig's camera is kept; with ".png", the picture that it was made with."""
    name = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in rig.replace("/", "."))
    return config_folder() / "calibrations" / name / f"{camera}{suffix}"


def save_calibration(calibration: Calibration) -> Path:
    """Keep a calibration in place of the one before; returns its file.

    Raises:
        CalibrationError: If the folder cannot be written.
    """
    path = calibration_path(calibration.rig, calibration.camera)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        draft.write_bytes(msgspec.json.format(msgspec.json.encode(calibration), indent=2))
        draft.replace(path)
    except OSError as error:
        raise CalibrationError(f"calibration {path}", f"it cannot be written ({error})") from error
    return path


def load_calibration(rig: str, camera: str) -> Calibration | None:
    """Return the kept calibration of a rig's camera, None if there is none.

    Raises:
        CalibrationError: If the file is there and cannot be read.
    """
    path = calibration_path(rig, camera)
    if not path.is_file():
        return None
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Calibration)
    except (OSError, msgspec.DecodeError) as error:
        raise CalibrationError(
            f"calibration {path}",
            f"it cannot be read ({error})",
            way_out="Delete the file and calibrate again",
        ) from error
    if found.schema != SCHEMA or len(found.pose) != 16 or len(found.board_pose) != 16:
        raise CalibrationError(
            f"calibration {path}", f"it is of another version ({found.schema})", way_out="Calibrate again"
        )
    return found


def calibrated(
    rig: str, cameras: Iterable[CameraInfo], sizes: dict[str, tuple[int, int]]
) -> tuple[CameraInfo, ...]:
    """Return a rig's cameras with the kept calibrations put in: they count more than what rig file or device say.

    Args:
        sizes: Width and height of the pictures of every camera that the rig has.

    Raises:
        CalibrationError: If a kept calibration cannot be read, or was made for pictures of other proportions.
    """
    known = {camera.name: camera for camera in cameras}
    for name, (width, height) in sizes.items():
        kept = load_calibration(rig, name)
        if kept is None:
            continue
        if abs(kept.width * height - kept.height * width) > max(kept.width, width):
            raise CalibrationError(
                f"camera {name!r}", f"it was calibrated at {kept.width}×{kept.height} and gives {width}×{height}",
                way_out="Calibrate it again at this size",
            )  # fmt: skip
        known[name] = kept.info(width, height)
    return tuple(known.values())


def age_days(created: str, now: datetime | None = None) -> float:
    """Return the age of a calibration in days; infinite if its date cannot be read."""
    try:
        made = datetime.fromisoformat(created)
    except ValueError:
        return float("inf")
    if made.tzinfo is None:
        made = made.replace(tzinfo=UTC)
    return ((now or datetime.now(UTC)) - made).total_seconds() / 86400.0


def age_words(created: str, now: datetime | None = None) -> str:
    """Return how old a calibration is, for people."""
    days = age_days(created, now)
    if days == float("inf"):
        return "at an unknown date"
    if days < 1.0:
        hours = int(days * 24)
        return "just now" if hours < 1 else f"{hours} h ago"
    return "1 day ago" if days < 2.0 else f"{int(days)} days ago"
