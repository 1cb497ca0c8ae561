"""Cartesian impedance control of the simulated Panda at the physics rate, and its start posture.

The arm follows a target pose like a spring and damper (Hogan 1985), as real arms with joint torque control do:
`tau = J^T (K e - D v) + h + N (-kq (q - q0) - dq qdot)`, with `h` the gravity and Coriolis torques and `N` the
projector on the null space of the motion. Frames and units: geometry.py.
"""

from __future__ import annotations

from typing import Any, Final

import mujoco
import numpy as np
import numpy.typing as npt

from app.core.errors import DeviceError
from devices.simulated.geometry import ARM_DOF, HOME_POSITION_M, HOME_QUATERNION, TOOL_SITE

Array = npt.NDArray[np.float64]

STIFFNESS: Final = (1500.0, 1500.0, 2000.0, 80.0, 80.0, 80.0)
"""Base-frame stiffness: x, y, z in N/m, rotation in N·m/rad (`wipe.md`: softer arms let a blind script succeed)."""
TORQUE_LIMIT_NM: Final = (87.0, 87.0, 87.0, 87.0, 12.0, 12.0, 12.0)
_POSTURE_STIFFNESS: Final = 10.0
_POSTURE_DAMPING: Final = 4.0
_START_GUESS: Final = (0.0, 0.2, 0.0, -2.3, 0.0, 2.5, 0.785)


class ImpedanceController:
    """Turns a target pose into joint torques; one instance per simulated arm.

    The damping is critical for the arm's apparent mass at the home posture and then constant.

    Args:
        model: Physics model.
        data: Its state; read at every call, positions and velocities must be up to date (`mj_step1`).
        posture: Joint angles (7,) that the null space prefers, rad; also where the damping is computed.
    """

    def __init__(self, model: Any, data: Any, posture: Array) -> None:
        self._model = model
        self._data = data
        self._posture = posture.copy()
        self._site = model.site(TOOL_SITE).id
        self._site_position = data.site_xpos[self._site]
        self._site_rotation = data.site_xmat[self._site]
        self._q = data.qpos[:ARM_DOF]
        self._dq = data.qvel[:ARM_DOF]
        self._bias = data.qfrc_bias[:ARM_DOF]
        self._already_carried = data.qfrc_gravcomp[:ARM_DOF]
        self._full_jacobian = np.zeros((6, model.nv))
        self._jacobian = self._full_jacobian[:, :ARM_DOF]
        self._stiffness = np.array(STIFFNESS)
        self._limit = np.array(TORQUE_LIMIT_NM)
        self._damping = self._critical_damping()
        self._error = np.zeros(6)
        self._quaternion = np.zeros(4)
        self._rotation_error = np.zeros(4)
        self._twist = np.zeros(6)

    def torque(self, target: Array) -> Array:
        """Return the joint torques (7,), N·m, that pull the tool towards `target`.

        Args:
            target: Pose (7,) of the tool in the base frame: x y z in metres, unit quaternion w x y z.
        """
        jacobian = self._update_jacobian()
        error = self._error
        np.subtract(target[:3], self._site_position, out=error[:3])
        mujoco.mju_mat2Quat(self._quaternion, self._site_rotation)
        mujoco.mju_negQuat(self._quaternion, self._quaternion)
        mujoco.mju_mulQuat(self._rotation_error, target[3:], self._quaternion)
        mujoco.mju_quat2Vel(error[3:], self._rotation_error, 1.0)
        np.dot(jacobian, self._dq, out=self._twist)
        force = self._stiffness * error - self._damping * self._twist
        torque = force @ jacobian
        torque += self._bias
        torque -= self._already_carried
        torque += self._posture_torque(jacobian)
        return np.minimum(np.maximum(torque, -self._limit), self._limit)

    def twist(self) -> Array:
        """Return the tool's twist (6,) in the base frame, m/s and rad/s, for the present state."""
        return self._update_jacobian() @ self._dq

    def tool_pose(self) -> Array:
        """Return the tool's pose (7,) in the base frame for the present state."""
        pose = np.empty(7)
        pose[:3] = self._site_position
        mujoco.mju_mat2Quat(pose[3:], self._site_rotation)
        return pose

    def _posture_torque(self, jacobian: Array) -> Array:
        """Pull towards the preferred posture without moving or loading the tool."""
        wanted = -_POSTURE_STIFFNESS * (self._q - self._posture) - _POSTURE_DAMPING * self._dq
        felt = np.linalg.solve(jacobian @ jacobian.T, jacobian @ wanted)
        return wanted - felt @ jacobian

    def _update_jacobian(self) -> Array:
        full = self._full_jacobian
        mujoco.mj_jacSite(self._model, self._data, full[:3], full[3:], self._site)
        return self._jacobian

    def _critical_damping(self) -> Array:
        """Damping (6,) of a critically damped spring per axis, from the operational-space inertia (Khatib 1987)."""
        scratch = mujoco.MjData(self._model)
        scratch.qpos[:ARM_DOF] = self._posture
        mujoco.mj_forward(self._model, scratch)
        jacobian = np.zeros((6, self._model.nv))
        mujoco.mj_jacSite(self._model, scratch, jacobian[:3], jacobian[3:], self._site)
        mobility = np.zeros((6, 6))
        columns = np.ascontiguousarray(jacobian)
        solved = np.zeros_like(columns)
        mujoco.mj_solveM(self._model, scratch, solved, columns)
        np.matmul(jacobian[:, :ARM_DOF], solved[:, :ARM_DOF].T, out=mobility)
        inertia = 1.0 / np.diag(mobility)
        return np.asarray(2.0 * np.sqrt(self._stiffness * inertia))


def home_posture(model: Any) -> Array:
    """Return the joint angles (7,), rad, that put the tool at the home pose, by damped least squares.

    Raises:
        DeviceError: the home pose cannot be reached (the model or the geometry was changed).
    """
    data = mujoco.MjData(model)
    data.qpos[:ARM_DOF] = _START_GUESS
    site = model.site(TOOL_SITE).id
    jacobian = np.zeros((6, model.nv))
    error, now, turn = np.zeros(6), np.zeros(4), np.zeros(4)
    for _ in range(200):
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        error[:3] = np.subtract(HOME_POSITION_M, data.site_xpos[site])
        mujoco.mju_mat2Quat(now, data.site_xmat[site])
        mujoco.mju_negQuat(now, now)
        mujoco.mju_mulQuat(turn, np.array(HOME_QUATERNION), now)
        mujoco.mju_quat2Vel(error[3:], turn, 1.0)
        if float(np.abs(error).max()) < 1e-9:
            return np.asarray(data.qpos[:ARM_DOF].copy())
        mujoco.mj_jacSite(model, data, jacobian[:3], jacobian[3:], site)
        arm = jacobian[:, :ARM_DOF]
        data.qpos[:ARM_DOF] += arm.T @ np.linalg.solve(arm @ arm.T + 1e-8 * np.eye(6), error)
    raise DeviceError(
        "simulated arm",
        f"the home pose {HOME_POSITION_M} m cannot be reached, the error stays at {float(np.abs(error).max()):.3g}",
        way_out="Put HOME_POSITION_M in devices/simulated/geometry.py inside the arm's reach",
    )
