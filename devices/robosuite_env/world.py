"""A robosuite environment in our terms: poses in the robot's base frame, the wrench in the tool frame, openings in m.

The tool is the grip site, whose z axis points away from the hand. robosuite's sensors at the wrist tell what the arm
exerts on the hand; weight of the hand and sign are taken off, so that the wrench is what the surroundings exert.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np

from app.core.errors import DeviceError, RigError
from app.core.geometry import quat_to_rotvec
from app.core.wire.messages import CameraInfo
from devices.parts.interface import ArmState
from devices.robosuite_env.building import ARM, build
from devices.robosuite_env.options import RobosuiteOptions
from devices.touch.wrench import carried

OPENCV_FROM_MUJOCO = np.diag([1.0, -1.0, -1.0])
PADS = ("left_fingerpad", "right_fingerpad")
CALIBRATION_S = 1.0  # for the gripper to close or open
CLOSE, OPEN, HOLD = 1.0, -1.0, 0.0
TOLERANCE_M = 2e-3  # within this of the wanted opening the gripper holds


@dataclass(frozen=True)
class Snapshot:
    """What a drawer needs of one moment."""

    qpos: np.ndarray
    mocap_pos: np.ndarray
    mocap_quat: np.ndarray
    geom_rgba: np.ndarray


class World:
    """One environment, stepped by a fixed period.

    Attributes:
        model: The MuJoCo model; a drawer makes a copy of its own.
        time_ns: Simulated time since the reset.
        home: Pose (7,) of the tool after a reset without noise.
        success: Whether the task's own condition has held since the reset.

    Raises:
        RigError: If the environment cannot be built.
    """

    def __init__(self, options: RobosuiteOptions) -> None:
        self._env = build(options)
        self._robot = self._env.robots[0]
        self._gripper = self._robot.gripper[ARM]
        self._period_ns = options.tick_ms * 1_000_000
        self.model: Any = self._env.sim.model._model
        self._data: Any = self._env.sim.data._data
        self._tool = self.model.site(self._gripper.important_sites["grip_site"]).id
        self._base = self.model.body(self._robot.robot_model.root_body).id
        self._sensors = [
            self.model.sensor(self._gripper.important_sensors[name]) for name in ("force_ee", "torque_ee")
        ]
        self._wrist = int(self._sensors[0].objid[0])
        self._joints = np.array([self.model.joint(name).qposadr[0] for name in self._robot.robot_joints])
        self._speeds = np.array([self.model.joint(name).dofadr[0] for name in self._robot.robot_joints])
        self._pads = self._find_pads()
        self._closed_m = 0.0
        self.time_ns, self.success = 0, False
        self.reset(0)
        self.home = self.arm_state().pose
        self._measure_gripper()
        self.reset(0)

    def _find_pads(self) -> list[list[int]]:
        named = self._gripper.important_geoms
        if self._gripper.dof != 1 or not all(named.get(pad) for pad in PADS):
            return []
        return [[self.model.geom(name).id for name in named[pad]] for pad in PADS]

    def _measure_gripper(self) -> None:
        """Close and open the gripper in the air to learn the pads' distance when closed."""
        if not self._pads:
            return
        for wish in (CLOSE, OPEN):
            for _ in range(round(CALIBRATION_S * 1e9 / self._period_ns)):
                self._step(self.home, wish)
            if wish == CLOSE:
                self._closed_m = self._pads_apart()

    def _pads_apart(self) -> float:
        left, right = (self._data.geom_xpos[pad].mean(axis=0) for pad in self._pads)
        return float(np.linalg.norm(left - right))

    def opening(self) -> float:
        """Return the distance of the finger pads, m, counted from closed; 0 for a gripper without two pads."""
        return max(0.0, self._pads_apart() - self._closed_m) if self._pads else 0.0

    def reset(self, seed: int) -> None:
        """Start an episode.

        Raises:
            DeviceError: The seed is negative.
        """
        if seed < 0:
            raise DeviceError(f"seed {seed}", "a seed cannot be negative")
        # every part of the environment draws from this one generator, of which they hold references
        self._env.rng.bit_generator.state = np.random.default_rng(seed).bit_generator.state
        self._env.reset()
        self._gripper.current_action = np.zeros_like(self._gripper.current_action)
        self.time_ns, self.success = 0, False

    def step(self, pose: np.ndarray, opening: float) -> None:
        """Go on by one period towards a target pose (7,), base frame, and an opening, m.

        Raises:
            DeviceError: If the target is no number.
        """
        if not (np.isfinite(pose).all() and np.isfinite(opening)):
            raise DeviceError(f"target {np.asarray(pose).tolist()}", "it is not a pose")
        here = self.opening()
        wish = CLOSE if opening < here - TOLERANCE_M else OPEN if opening > here + TOLERANCE_M else HOLD
        self._step(pose, wish)
        self.time_ns += self._period_ns
        self.success = self.success or bool(self._env._check_success())

    def _step(self, pose: np.ndarray, wish: float) -> None:
        parts = {ARM: np.concatenate([pose[:3], quat_to_rotvec(pose[3:])])}
        if self._gripper.dof:
            parts[f"{ARM}_gripper"] = np.full(self._gripper.dof, wish if self._pads else HOLD)
        self._env.step(self._robot.create_action_vector(parts))

    def arm_state(self) -> ArmState:
        """Return the state of the present moment."""
        data = self._data
        pose = self._in_base(data.site_xpos[self._tool], data.site_xmat[self._tool])
        velocity = np.zeros(6)
        mujoco.mj_objectVelocity(self.model, data, mujoco.mjtObj.mjOBJ_SITE, self._tool, velocity, 0)
        to_base = data.xmat[self._base].reshape(3, 3).T
        twist = np.concatenate([to_base @ velocity[3:], to_base @ velocity[:3]])  # MuJoCo: rotation first
        joints = np.concatenate([data.qpos[self._joints], data.qvel[self._speeds]])
        return ArmState(self.time_ns, joints, pose, twist, self.opening())

    def _in_base(self, position: np.ndarray, matrix: np.ndarray) -> np.ndarray:
        """Return a world pose as (7,) in the base frame."""
        base = self._data.xmat[self._base].reshape(3, 3)
        quaternion = np.zeros(4)
        mujoco.mju_mat2Quat(quaternion, (base.T @ np.reshape(matrix, (3, 3))).ravel())
        return np.concatenate([base.T @ (position - self._data.xpos[self._base]), quaternion])

    def wrench(self) -> np.ndarray:
        """Return the untared wrench (6,) N and N·m in the tool frame: what the surroundings exert on the hand."""
        data, site = self._data, self._wrist
        held = np.concatenate([data.sensordata[s.adr[0] : s.adr[0] + 3] for s in self._sensors])
        axes, origin = data.site_xmat[site].reshape(3, 3), data.site_xpos[site]
        hand = self.model.site_bodyid[site]
        weight = axes.T @ (self.model.body_subtreemass[hand] * self.model.opt.gravity)
        lever = axes.T @ (data.subtree_com[hand] - origin)
        outside = -held - np.concatenate([weight, np.cross(lever, weight)])
        tool = data.site_xmat[self._tool].reshape(3, 3)
        in_tool = np.eye(4)
        in_tool[:3, :3], in_tool[:3, 3] = tool.T @ axes, tool.T @ (origin - data.site_xpos[self._tool])
        return carried(outside, in_tool)

    def reward(self) -> float:
        """Return the environment's shaped reward, from the true state: never an observation."""
        return float(self._env.reward(action=None))

    def snapshot(self) -> Snapshot:
        """Return a copy for a drawer."""
        data = self._data
        return Snapshot(
            data.qpos.copy(), data.mocap_pos.copy(), data.mocap_quat.copy(), self.model.geom_rgba.copy()
        )

    def camera_info(self, camera: str, name: str, size: tuple[int, int]) -> CameraInfo:
        """Return intrinsics and extrinsics of a camera of the environment, published as `name`.

        Raises:
            RigError: If the environment does not have it.
        """
        known = [self.model.camera(i).name for i in range(self.model.ncam)]
        if camera not in known:
            raise RigError(
                f"option `{name}`", f"the environment has no camera {camera!r}", options=sorted(known)
            )
        width, height = size
        index = self.model.camera(camera).id
        focal = 0.5 * height / float(np.tan(np.radians(self.model.cam_fovy[index]) / 2))
        travels = self._moves_with_tool(int(self.model.cam_bodyid[index]))
        frame = self._frame("site", self._tool) if travels else self._frame("body", self._base)
        place = np.eye(4)
        place[:3, :3] = self._data.cam_xmat[index].reshape(3, 3) @ OPENCV_FROM_MUJOCO
        place[:3, 3] = self._data.cam_xpos[index]
        pose = np.linalg.inv(frame) @ place
        return CameraInfo(
            name=name, width=width, height=height, fx=focal, fy=focal, cx=width / 2, cy=height / 2,
            mount="tool" if travels else "base", pose=tuple(float(value) for value in pose.ravel()),
        )  # fmt: skip

    def _frame(self, kind: str, index: int) -> np.ndarray:
        data, frame = self._data, np.eye(4)
        frame[:3, :3] = (data.site_xmat if kind == "site" else data.xmat)[index].reshape(3, 3)
        frame[:3, 3] = (data.site_xpos if kind == "site" else data.xpos)[index]
        return frame

    def _moves_with_tool(self, body: int) -> bool:
        """Return whether a body is fixed to the hand: the same welded group as the tool's body."""
        welded = self.model.body_weldid
        return bool(welded[body] == welded[self.model.site_bodyid[self._tool]])

    def close(self) -> None:
        """Free the environment."""
        self._env.close()
        del self._data, self.model
