"""A whole calibration through the simulated rig: its pictures, its arm's poses, and the truth to compare with."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import mujoco
import numpy as np
import pytest

from app.calibration.board import Finder, board_picture
from app.calibration.hand_eye import Mount
from app.calibration.moved import compare_board, compare_scenes
from app.calibration.solve import solve
from app.calibration.views import Collection, View
from app.core.calibration import BoardSpec
from app.core.geometry import pose_to_matrix, project, quat_multiply, rotvec_to_quat
from devices.simulated import cameras, scene
from devices.simulated import geometry as g
from devices.simulated.bench import Bench
from devices.simulated.cameras import Renderer

SIZE = (640, 480)
BOARD = BoardSpec(5, 4, 0.044, 0.033, "DICT_4X4_50")
POSES = 14
SETTLE = 300


def with_board(mount: Mount) -> object:
    """Return the picture model with the board: on the table for a camera on the tool, else on the hand."""
    spec = scene._describe(visual=True)
    spec.visual.global_.offwidth, spec.visual.global_.offheight = SIZE
    picture = cv2.copyMakeBorder(board_picture(BOARD, 60), 30, 30, 30, 30, cv2.BORDER_CONSTANT, value=(255,))
    texture = spec.add_texture(
        name="board_look", type=mujoco.mjtTexture.mjTEXTURE_2D, width=picture.shape[1], height=picture.shape[0],
        nchannel=3,
    )  # fmt: skip
    texture.data = np.ascontiguousarray(np.repeat(picture[:, :, None], 3, axis=2)).tobytes()
    material = spec.add_material(
        name="board_look", texrepeat=[1, 1], specular=0.0, shininess=0.0, emission=0.3
    )
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "board_look"
    half = [BOARD.square_m * (BOARD.columns + 1) / 2, BOARD.square_m * (BOARD.rows + 1) / 2, 0.001]
    look = {
        "type": mujoco.mjtGeom.mjGEOM_BOX,
        "size": half,
        "material": "board_look",
        "contype": 0,
        "conaffinity": 0,
    }
    if mount == "tool":
        spec.worldbody.add_geom(name="calibration_board", pos=[0.42, 0.0, 0.13], **look)
    else:
        turn = np.empty(4)
        normal = np.array([0.73, -0.50, -0.42]) / np.linalg.norm([0.73, 0.50, 0.42])
        mujoco.mju_quatZ2Vec(turn, normal)
        spec.body(g.HAND_BODY).add_geom(
            name="calibration_board", pos=[0.10, -0.08, 0.12], quat=list(turn), **look
        )
    return spec.compile()


class Rig:
    """The bench with a board, driven from pose to pose."""

    def __init__(self, mount: Mount, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cameras, "picture_model", lambda *_: with_board(mount))
        self.mount, self.camera = mount, "wrist" if mount == "tool" else "scene"
        self.bench = Bench(picture=SIZE)
        self.bench.reset(1, "nominal")
        self.renderer = Renderer(self.bench, SIZE)
        self.rng = np.random.default_rng(6)

    def go(self, board_is_seen: Finder | None = None) -> None:
        """Drive to another pose; on and on until the board is seen, if that is asked for."""
        centre = (0.54, 0.0, 0.40) if self.mount == "tool" else (0.45, 0.0, 0.34)
        while True:
            target = self.bench.home_pose.copy()
            target[:3] = centre + self.rng.uniform(-0.05, 0.05, 3)
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
def rig(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    rig = Rig(request.param, monkeypatch)
    yield rig
    rig.close()


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
