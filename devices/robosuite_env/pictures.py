"""Draws a robosuite environment off screen, from copied states, with a model and an OpenGL context of its own."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping
from typing import Any

import mujoco
import numpy as np

from devices.robosuite_env.world import Snapshot, World
from devices.simulated.cameras import Picture, metres, open_gl

MOST_SHAPES = 2000
PROBE_PICTURES = 6
COLLISION, VISUAL = 0, 1  # groups of shapes in robosuite's models


class Renderer:
    """Draws the visual shapes, without shadows and multisampling; belongs to the thread that made it.

    Args:
        world: What is drawn; used here only.
        cameras: Name in the environment by the name that is published.
        size: Width and height, pixels.

    Raises:
        DeviceError: No off-screen OpenGL starts.
    """

    def __init__(self, world: World, cameras: Mapping[str, str], size: tuple[int, int]) -> None:
        width, height = size
        self._first = world.snapshot()
        self._model: Any = copy.deepcopy(world.model)
        self._model.vis.global_.offwidth, self._model.vis.global_.offheight = width, height
        self._model.vis.quality.shadowsize = self._model.vis.quality.offsamples = 0
        self._data: Any = mujoco.MjData(self._model)
        self._gl, self.backend = open_gl(width, height)
        self._context = mujoco.MjrContext(self._model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        self._context.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR
        self._scene = mujoco.MjvScene(self._model, maxgeom=MOST_SHAPES)
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = 0
        self._options = mujoco.MjvOption()
        self._options.geomgroup[COLLISION], self._options.geomgroup[VISUAL] = 0, 1
        self._options.sitegroup[:] = 0
        self._eye = mujoco.MjvCamera()
        self._eye.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._area = mujoco.MjrRect(0, 0, width, height)
        self._cameras = {name: self._model.camera(camera).id for name, camera in cameras.items()}

    def render(self, snapshot: Snapshot, camera: str) -> Picture:
        """Return colour (H, W, 3) uint8 RGB and depth (H, W) float32, m, of one state as one camera sees it."""
        data = self._data
        data.qpos[:], data.mocap_pos[:], data.mocap_quat[:] = (
            snapshot.qpos, snapshot.mocap_pos, snapshot.mocap_quat,
        )  # fmt: skip
        self._model.geom_rgba[:] = snapshot.geom_rgba
        mujoco.mj_kinematics(self._model, data)
        mujoco.mj_comPos(self._model, data)
        mujoco.mj_camlight(self._model, data)
        self._eye.fixedcamid = self._cameras[camera]
        mujoco.mjv_updateScene(
            self._model, data, self._options, None, self._eye, mujoco.mjtCatBit.mjCAT_ALL, self._scene
        )
        self._gl.make_current()
        mujoco.mjr_render(self._area, self._scene, self._context)
        colour = np.empty((self._area.height, self._area.width, 3), np.uint8)
        raw = np.empty((self._area.height, self._area.width), np.float32)
        mujoco.mjr_readPixels(colour, raw, self._area, self._context)
        return np.ascontiguousarray(colour[::-1]), metres(self._model, raw[::-1])

    def probe_speed(self) -> float:
        """Measure how many pictures a second this machine draws."""
        names = list(self._cameras)
        for name in names:
            self.render(self._first, name)
        began = time.perf_counter()
        for index in range(PROBE_PICTURES):
            self.render(self._first, names[index % len(names)])
        return PROBE_PICTURES / (time.perf_counter() - began)

    def close(self) -> None:
        """Free the OpenGL context, in the thread that made the renderer."""
        self._gl.make_current()
        self._context.free()
        self._gl.free()
