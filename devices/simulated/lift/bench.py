"""The bench of the task lift: two Pandas in one simulation, stepped 2 ms at a time by whoever owns the clock.

As `devices.simulated.bench`, with two targets a step. Everything random comes from the seed of `reset`. Poses are (7,)
in the base frame of measures.py. One thread at a time.
"""

from __future__ import annotations

from typing import Any, Final

import mujoco
import numpy as np

from app.core.errors import DeviceError
from app.core.wire.messages import CameraInfo
from devices.simulated.bench import Snapshot
from devices.simulated.geometry import TIMESTEP_S
from devices.simulated.gripper import WIDEST_M
from devices.simulated.lift import measures as m
from devices.simulated.lift.arms import LiftArm
from devices.simulated.lift.scene import physics_model, picture_model
from devices.simulated.lift.task import LiftTask, Moment
from devices.simulated.looks import Look
from devices.simulated.optics import camera_info
from devices.simulated.target import Place
from devices.simulated.tasks.interface import CONDITIONS, Array, Condition

_SETTLE_STEPS: Final = 100
_STEP_NS: Final = round(TIMESTEP_S * 1e9)
_DENSITY_HALF: Final = 1.0 / 3.0


class LiftBench:
    """The simulated world of the task lift.

    Args:
        picture: Width and height of the pictures, pixels: for `camera_info`.

    Attributes:
        arms: Both arms, in the order of `measures.ARMS`.
        task: The true state.
    """

    def __init__(self, picture: tuple[int, int] = (320, 240)) -> None:
        self.picture = picture
        self._model: Any = physics_model()
        self._data: Any = mujoco.MjData(self._model)
        self.arms = tuple(LiftArm(self._model, self._data, index) for index in range(len(m.ARMS)))
        self.task = LiftTask()
        box = self._model.joint("box_free")
        place, freedom = int(box.qposadr[0]), int(box.dofadr[0])
        self._box_pose = self._data.qpos[place : place + 7]
        self._box_speed = self._data.qvel[freedom : freedom + 6]
        self._body = self._model.body(m.BOX_BODY).id
        self._box_up = self._data.xmat[self._body].reshape(3, 3)[:, 2]
        self._box_at = self._data.xpos[self._body]
        self._load = self._data.xfrc_applied[self._body]
        self.time_ns = 0
        self.reset(0)

    def reset(self, seed: int, condition: Condition = "mixed") -> None:
        """Start an episode: another box, both arms at home beside it, 0.2 s of settling that nobody sees.

        Raises:
            DeviceError: the condition does not exist, or the seed is negative.
        """
        if condition not in CONDITIONS:
            raise DeviceError(f"condition {condition!r}", "it does not exist", options=CONDITIONS)
        if seed < 0:
            raise DeviceError(f"seed {seed}", "a seed cannot be negative")
        self.task.reset(np.random.default_rng([seed, 0]), condition)
        self._shape_box()
        mujoco.mj_resetData(self._model, self._data)
        for arm in self.arms:
            arm.go_home()
        self._box_pose[:] = [*self._standing(), 1.0, 0.0, 0.0, 0.0]
        self._data.mocap_pos[0] = self.task.stand
        mujoco.mj_step1(self._model, self._data)
        for _ in range(_SETTLE_STEPS):
            self._physics([(arm.home, WIDEST_M) for arm in self.arms])
        for index, arm in enumerate(self.arms):
            arm.reset(np.random.default_rng([seed, 1 + index]))
        self.time_ns = 0

    def _shape_box(self) -> None:
        """Give the box the width and weight of this episode."""
        drawn = self.task.variation
        x, _, z = m.BOX_HALF_M
        y = drawn.half_width
        self._model.geom(m.BOX_GEOM).size[1] = y
        self._model.body_mass[self._body] = drawn.mass_kg
        self._model.body_inertia[self._body] = (
            drawn.mass_kg * _DENSITY_HALF * np.array([y * y + z * z, x * x + z * z, x * x + y * y])
        )
        self._model.geom(m.BOX_GEOM).rbound[0] = float(np.linalg.norm([x, y, z]))
        mujoco.mj_setConst(self._model, mujoco.MjData(self._model))

    def _standing(self) -> Array:
        return self.task.stand + np.array([0.0, 0.0, m.BOX_HALF_M[2]])

    def step(self, targets: list[tuple[Array, float]]) -> None:
        """Advance by 2 ms with each arm pulled towards its target.

        Args:
            targets: Per arm a tool pose (7,) and a jaw width (m).

        Raises:
            DeviceError: a number is not finite, or a quaternion is zero.
        """
        for pose, width in targets:
            if not (np.isfinite(float(np.sum(pose)) + width) and np.any(pose[3:])):
                raise DeviceError(f"target {np.asarray(pose).tolist()}", "it is not a pose")
        self._physics(targets)
        self.time_ns += _STEP_NS
        pads = np.array([arm.surface for arm in self.arms])
        normal_n = np.array([arm.normal_n for arm in self.arms])
        self.task.update(Moment(pads, normal_n, self._box_at.copy(), float(self._box_up[2])))
        for arm in self.arms:
            arm.sense()
        self._load[2] = -self.task.load_n
        if self.task.shifting:
            self._carry()

    def _carry(self) -> None:
        """Put the stand where it is moved to, and the box that stands on it."""
        self._box_pose[:3] += self.task.stand - self._data.mocap_pos[0]
        self._box_speed[:] = 0.0
        self._data.mocap_pos[0] = self.task.stand
        mujoco.mj_step1(self._model, self._data)

    def _physics(self, targets: list[tuple[Array, float]]) -> None:
        for arm, (pose, width) in zip(self.arms, targets, strict=True):
            arm.command(pose, width)
        mujoco.mj_step2(self._model, self._data)
        for arm in self.arms:
            arm.feel()
        mujoco.mj_step1(self._model, self._data)

    def snapshot(self) -> Snapshot:
        """Return a copy of the state for the renderer; `cleaned` is the box's half width, and whether it is broken."""
        places = np.hstack([self._data.mocap_pos, self._data.mocap_quat])
        look = np.array([self.task.variation.half_width, float(self.task.broken)])
        return Snapshot(self.time_ns, self._data.qpos.copy(), places, look)

    def box_pose(self) -> Array:
        """Return the box's true pose (7,), base frame: for tests and the score, never an observation."""
        return self._box_pose.copy()

    def picture_model(self, width: int, height: int, target: Place | None = None) -> Any:
        """Compile the model that pictures of this bench are drawn of.

        Raises:
            DeviceError: a calibration board was asked for.
        """
        if target is not None:
            raise DeviceError("calibration board", "the task lift has none", way_out="Use the rig sim/board")
        return picture_model(width, height)

    def look(self, model: Any) -> Look:
        """Return what shows the box's width, and that it broke, in a picture model."""
        box, band = model.geom(m.BOX_GEOM), model.geom("box_band")
        whole = box.rgba.copy()

        def show(cleaned: Array) -> None:
            box.size[1] = band.size[1] = cleaned[0]
            band.size[1] += 0.0004
            box.rgba[:] = whole * (np.array([0.55, 0.45, 0.45, 1.0]) if cleaned[1] else 1.0)

        return show

    def camera_info(self, name: str) -> CameraInfo:
        """Return intrinsics and extrinsics of a camera, "scene" or "wrist" (on the first arm).

        Raises:
            DeviceError: the camera does not exist.
        """
        return camera_info(self._model, name, self.picture)

    def close(self) -> None:
        """Let go of the simulator; the bench cannot be used afterwards."""
        del self.arms, self._data, self._model
