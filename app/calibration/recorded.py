"""Views from a folder of pictures with the tool's poses beside them, and such a folder from a live session.

`poses.json` maps each picture's file name to the tool's pose in the base frame: x y z in metres, quaternion w x y z.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from app.calibration.board import Finder
from app.calibration.views import Collection, View
from app.core.calibration import CalibrationError
from app.core.geometry import pose_to_matrix

POSES = "poses.json"
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")


def read_folder(folder: Path, finder: Finder) -> tuple[Collection, list[str], np.ndarray]:
    """Return the views of a folder, the files in which the board was not found, and the last picture.

    Raises:
        CalibrationError: If there are no pictures, they differ in size, or the poses cannot be read.
    """
    files = sorted(path for path in folder.glob("*") if path.suffix.lower() in SUFFIXES)
    if not files:
        raise CalibrationError(f"folder {folder}", "it holds no pictures", options=SUFFIXES)
    poses = _read_poses(folder / POSES)
    collection, without = Collection(finder, (0, 0)), []
    for path in files:
        gray = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if gray is None:
            raise CalibrationError(
                f"picture {path}", "it cannot be read", way_out="Take it out of the folder"
            )
        size = (gray.shape[1], gray.shape[0])
        if collection.size not in ((0, 0), size):
            raise CalibrationError(f"picture {path}", f"it has {size[0]}×{size[1]} pixels, others have not")
        collection.size = size
        sighting = finder.find(gray)
        if sighting is None:
            without.append(path.name)
        else:
            collection.views.append(View(sighting, poses.get(path.name), path.name))
    return collection, without, np.asarray(gray)


def _read_poses(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        return {}
    try:
        told = {
            str(name): np.array(pose, dtype=np.float64) for name, pose in json.loads(path.read_text()).items()
        }
    except (ValueError, AttributeError, TypeError) as error:
        raise CalibrationError(f"file {path}", f"it cannot be read ({error})") from error
    wrong = [name for name, pose in told.items() if pose.shape != (7,) or not np.isfinite(pose).all()]
    if wrong:
        raise CalibrationError(f"file {path}", f"{wrong[0]} has no pose of 7 numbers")
    return {
        name: pose_to_matrix(pose / np.r_[1, 1, 1, [np.linalg.norm(pose[3:])] * 4])
        for name, pose in told.items()
    }


class Keeper:
    """Keeps the pictures of a live session with their poses, so that it can be solved again with `--pictures`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._poses: dict[str, list[float]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, number: int, gray: np.ndarray, tool: np.ndarray) -> None:
        """Keep one picture with the tool's pose (4, 4)."""
        name = f"view_{number:03d}.png"
        cv2.imwrite(str(self._folder / name), gray)
        self._poses[name] = [*tool[:3, 3].tolist(), *quaternion(tool[:3, :3]).tolist()]
        (self._folder / POSES).write_text(json.dumps(self._poses, indent=1))


def quaternion(rotation: np.ndarray) -> np.ndarray:
    """Return the unit quaternion (4,), w x y z, of a rotation matrix."""
    vector = cv2.Rodrigues(rotation)[0].ravel()
    angle = float(np.linalg.norm(vector))
    axis = vector / angle if angle > 1e-12 else np.zeros(3)
    return np.concatenate([[np.cos(angle / 2)], np.sin(angle / 2) * axis])
