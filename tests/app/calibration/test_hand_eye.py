"""Hand-eye calibration against known places, with noise in pictures and poses; and whether a camera has moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from app.calibration.board import Finder, Sighting, corner_points
from app.calibration.hand_eye import Mount, place_camera
from app.calibration.lens import Lens
from app.calibration.moved import compare_scenes
from app.calibration.solve import solve
from app.calibration.views import Collection, View
from app.core.calibration import (
    CalibrationError,
    age_days,
    age_words,
    calibrated,
    calibration_path,
    load_calibration,
    save_calibration,
)
from app.core.geometry import project
from tests.app.calibration.boards import DISTORTION, MATRIX, SIZE, SPEC, pose

LENS = Lens(MATRIX, DISTORTION, 0.1, 0.1)
CAMERA = {"tool": pose((12, -8, 91), (0.06, -0.02, 0.05)), "base": pose((-118, 12, 20), (0.9, 0.3, 0.55))}


def scene(
    mount: Mount, count: int, rng: np.random.Generator, noise_px: float = 0.15
) -> tuple[list[View], np.ndarray]:
    """Return views of a board by a camera at CAMERA[mount], and where the board is in its own frame.

    The board's place in the camera is drawn; the tool's pose follows from it and is told with noise of 0.1 mm, 0.02°.
    """
    points = corner_points(SPEC)
    camera = CAMERA[mount]
    board = pose((5, 3, 40), (0.5, 0.1, 0.02)) if mount == "tool" else pose((170, 4, 3), (-0.05, 0.03, 0.04))
    views: list[View] = []
    while len(views) < count:
        angles = rng.uniform(-35, 35, 3)
        seen = pose(tuple(angles), (0, 0, 0))
        middle = np.array([*points.mean(axis=0)[:2], 0.0])
        aim = np.array([rng.uniform(-0.06, 0.06), rng.uniform(-0.05, 0.05), rng.uniform(0.35, 0.6)])
        seen[:3, 3] = aim - seen[:3, :3] @ middle
        pixels, _ = cv2.projectPoints(points, cv2.Rodrigues(seen[:3, :3])[0], seen[:3, 3], MATRIX, DISTORTION)
        corners = pixels.reshape(-1, 2) + rng.normal(0, noise_px, (len(points), 2))
        inside = ((corners > 0) & (corners < np.array(SIZE) - 1)).all(axis=1)
        if inside.sum() < 12:
            continue
        tool = board @ np.linalg.inv(seen) @ np.linalg.inv(camera)
        if mount == "base":
            tool = camera @ seen @ np.linalg.inv(board)
        told = tool @ pose(tuple(rng.normal(0, 0.02, 3)), tuple(rng.normal(0, 1e-4, 3)))
        ids = np.flatnonzero(inside)
        views.append(View(Sighting(ids, corners[ids]), told))
    return views, board


def gap(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Return the distance in mm and the angle in degrees between two poses."""
    turn = cv2.Rodrigues(a[:3, :3].T @ b[:3, :3])[0]
    return 1e3 * float(np.linalg.norm(a[:3, 3] - b[:3, 3])), float(np.degrees(np.linalg.norm(turn)))


@pytest.mark.parametrize("mount", ["tool", "base"])
def test_the_place_is_recovered_to_a_millimetre_and_a_tenth_of_a_degree(mount: Mount) -> None:
    views, board = scene(mount, 24, np.random.default_rng(2))
    found = place_camera(corner_points(SPEC), views, LENS, mount)
    millimetres, degrees = gap(found.camera, CAMERA[mount])
    assert millimetres < 1.0
    assert degrees < 0.1
    assert gap(found.board, board)[0] < 1.0
    assert {"Tsai", "Park", "Horaud", "Daniilidis", "Shah", "Li", "refined"} <= set(found.methods_px)
    assert found.methods_px["refined"] <= 1.2 * min(found.methods_px.values())
    assert found.held_out_px < 1.0
    assert found.held_out_mm < 1.0
    assert (found.used, found.held_out) == (18, 6)


def test_poses_that_cannot_tell_the_place_are_refused() -> None:
    views, _ = scene("tool", 12, np.random.default_rng(3))
    with pytest.raises(CalibrationError, match="needs 8"):
        place_camera(corner_points(SPEC), views[:6], LENS, "tool")
    flat = [View(view.sighting, pose((0, 0, 3.0 * i), (0.01 * i, 0, 0))) for i, view in enumerate(views)]
    with pytest.raises(CalibrationError, match="one axis only"):
        place_camera(corner_points(SPEC), flat, LENS, "tool")


def test_a_kept_calibration_reaches_the_overlays_projection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is stored and told over the wire projects the board's corners where the camera sees them."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    views, board = scene("tool", 24, np.random.default_rng(5))
    collection = Collection(Finder(SPEC), SIZE, views)
    made, _ = solve("lab/ur", "wrist", "tool", SPEC, collection)
    path = save_calibration(made)
    assert path == calibration_path("lab/ur", "wrist")
    assert load_calibration("lab/ur", "wrist") == made
    (info,) = calibrated("lab/ur", (), {"wrist": SIZE, "other": (10, 10)})
    assert info.calibrated == made.created
    tool = np.asarray(views[0].tool)
    turn = np.linalg.norm(cv2.Rodrigues(tool[:3, :3])[0])
    axis = cv2.Rodrigues(tool[:3, :3])[0].ravel() / turn
    tool_pose = np.array([*tool[:3, 3], np.cos(turn / 2), *(np.sin(turn / 2) * axis)])
    corners = (board[:3, :3] @ corner_points(SPEC)[views[0].sighting.ids].T).T + board[:3, 3]
    pixels = project(info, tool_pose, corners) - 0.5
    assert np.abs(pixels - views[0].sighting.corners).max() < 2.0
    half = calibrated("lab/ur", (), {"wrist": (320, 240)})[0]
    assert project(half, tool_pose, corners) * 2 == pytest.approx(pixels + 0.5, abs=1e-6)
    with pytest.raises(CalibrationError, match="640×480"):
        calibrated("lab/ur", (), {"wrist": (640, 360)})
    path.write_text("{}")
    with pytest.raises(CalibrationError, match="Delete the file"):
        load_calibration("lab/ur", "wrist")
    assert msgspec.json.encode(made)


def test_ages_are_told_in_words() -> None:
    now = datetime(2026, 5, 1, tzinfo=UTC)
    assert age_words((now - timedelta(minutes=5)).isoformat(), now) == "just now"
    assert age_words((now - timedelta(hours=5)).isoformat(), now) == "5 h ago"
    assert age_words((now - timedelta(days=40)).isoformat(), now) == "40 days ago"
    assert age_days("yesterday", now) == float("inf")


def cluttered(rng: np.random.Generator) -> np.ndarray:
    picture = np.full((480, 640), 120, np.uint8)
    for _ in range(150):
        x, y, w, h = (int(v) for v in (rng.integers(0, 620), rng.integers(0, 460), *rng.integers(8, 60, 2)))
        cv2.rectangle(picture, (x, y), (x + w, y + h), (int(rng.integers(0, 255)),), -1)
    return picture


def test_a_moved_camera_is_told_from_a_moved_arm() -> None:
    rng = np.random.default_rng(8)
    then = cluttered(rng)
    arm = then.copy()
    cv2.rectangle(
        arm, (200, 100), (380, 400), (20,), -1
    )  # a quarter of the scene is covered by something else
    still = compare_scenes(then, arm)
    assert still.moved is False
    assert still.shift_px < 0.3
    nudge = np.array([[1.0, 0.004, 3.0], [-0.004, 1.0, 2.0]])
    moved = compare_scenes(then, cv2.warpAffine(arm, nudge, SIZE, borderMode=cv2.BORDER_REFLECT))
    assert moved.moved is True
    assert moved.shift_px == pytest.approx(3.6, abs=1.5)
    assert compare_scenes(then, cluttered(rng)).moved is None
    assert compare_scenes(then, np.zeros((240, 320), np.uint8)).moved is None
