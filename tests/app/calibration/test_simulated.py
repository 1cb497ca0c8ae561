"""A whole calibration through the simulated rig: its pictures, its arm's poses, and the truth to compare with."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import as_file, files

import cv2
import numpy as np
import pytest

from app.calibration.board import Finder, board_picture
from app.calibration.hand_eye import Mount
from app.calibration.moved import compare_board, compare_scenes
from app.calibration.solve import solve
from app.calibration.views import Collection, View
from app.core.calibration import BoardSpec
from app.core.geometry import pose_to_matrix, project, quat_multiply, rotvec_to_quat
from devices.simulated.bench import Bench
from devices.simulated.cameras import Renderer
from devices.simulated.target import HALF_M, PICTURE

SIZE = (640, 480)
BOARD = BoardSpec()
POSES = 18
SETTLE = 300


class Rig:
    """The bench with a board, driven from pose to pose."""

    def __init__(self, mount: Mount) -> None:
        self.mount, self.camera = mount, "wrist" if mount == "tool" else "scene"
        self.bench = Bench(picture=SIZE)
        self.bench.reset(1, "nominal")
        self.renderer = Renderer(self.bench, SIZE, "table" if mount == "tool" else "hand")
        self.rng = np.random.default_rng(6)

    def go(self, board_is_seen: Finder | None = None) -> None:
        """Drive to another pose; on and on until the board is seen, if that is asked for."""
        centre = (0.54, 0.0, 0.40) if self.mount == "tool" else (0.45, 0.0, 0.34)
        while True:
            target = self.bench.home_pose.copy()
            target[:3] = centre + self.rng.uniform(-0.05, 0.05, 3) * (1.0, 1.0, 1.6)
            turn = rotvec_to_quat(np.radians(self.rng.uniform(-25, 25, 3)))
            target[3:] = quat_multiply(turn, target[3:])
            for _ in range(SETTLE):
                self.bench.step(target, 0.04)
            if board_is_seen is None or board_is_seen.find(self.look()[0]) is not None:
                return

    def look(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the grey picture and the tool's measured pose (4, 4)."""
        rgb, _ = self.renderer.render(self.bench.snapshot(), self.camera)
        return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), pose_to_matrix(self.bench.arm_state().pose)

    def nudge(self, shift_m: float) -> None:
        """Move the camera, as somebody who leans on its stand does."""
        model = self.renderer._model
        model.cam_pos[model.camera(self.camera).id][0] += shift_m

    def close(self) -> None:
        """Free the renderer and the bench."""
        self.renderer.close()
        self.bench.close()


@pytest.fixture(params=[pytest.param("tool", marks=pytest.mark.soak), "base"])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    rig = Rig(request.param)
    yield rig
    rig.close()


def test_the_board_of_the_simulated_rig_is_the_one_that_the_wizard_offers() -> None:
    with as_file(files("resources") / "boards" / PICTURE) as path:
        shown = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert shown is not None
    border = cv2.copyMakeBorder(board_picture(BOARD, 60), 30, 30, 30, 30, cv2.BORDER_CONSTANT, value=(255,))
    assert np.array_equal(shown, border)
    assert HALF_M[:2] == pytest.approx((BOARD.square_m * 4.5, BOARD.square_m * 3.5))


def test_a_simulated_camera_is_calibrated_and_seen_to_have_moved(rig: Rig) -> None:
    finder = Finder(BOARD)
    collection = Collection(finder, SIZE)
    while len(collection.views) < POSES:
        rig.go(board_is_seen=finder)
        gray, tool = rig.look()
        sighting = finder.find(gray)
        assert sighting is not None
        collection.views.append(View(sighting, tool))
    made, _ = solve("sim/wipe", rig.camera, rig.mount, BOARD, collection)
    truth = rig.bench.camera_info(rig.camera)
    assert made.fx == pytest.approx(truth.fx, rel=0.01)
    assert made.residuals.held_out_px < 0.5
    assert made.residuals.methods_px["refined"] <= min(made.residuals.methods_px.values())
    found, true = np.reshape(made.pose, (4, 4)), np.reshape(truth.pose, (4, 4))
    assert 1e3 * np.linalg.norm(found[:3, 3] - true[:3, 3]) < 2.5
    pose = rig.bench.arm_state().pose
    centre = np.array([0.42, 0.0, 0.13]) if rig.mount == "tool" else pose[:3]
    around = centre + np.random.default_rng(1).uniform(-0.03, 0.03, (40, 3))
    errors = project(made.info(*SIZE), pose, around) - project(truth, pose, around)
    assert np.abs(errors).max() < 1.0  # what is drawn lies where the true camera sees it

    rig.go(board_is_seen=finder)
    then, tool = rig.look()
    assert compare_board(made, finder, then, tool).moved is False
    rig.go()
    now, _ = rig.look()
    if rig.mount == "base":
        assert compare_scenes(then, now, finder).moved is False  # the arm moved, the camera did not
    rig.nudge(0.012)
    now, tool = rig.look()
    if rig.mount == "base":
        assert compare_scenes(then, now, finder).moved is True
    rig.go(board_is_seen=finder)
    assert compare_board(made, finder, *rig.look()).moved is True
