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
        prefix: Of the arm's names in the model; empty for the first arm.
    """

    def __init__(self, model: Any, data: Any, posture: Array, prefix: str = "") -> None:
        self._model = model
        self._data = data
        self._posture = posture.copy()
        self._site = model.site(prefix + TOOL_SITE).id
        self._joints = joints_of(model, prefix)
        self._site_position = data.site_xpos[self._site]
        self._site_rotation = data.site_xmat[self._site]
        places, freedoms = self._joints
        self._q = data.qpos[places]
        self._dq = data.qvel[freedoms]
        self._bias = data.qfrc_bias[freedoms]
        self._already_carried = data.qfrc_gravcomp[freedoms]
        self._full_jacobian = np.zeros((6, model.nv))
        self._jacobian = self._full_jacobian[:, freedoms]
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
        places, freedoms = self._joints
        scratch.qpos[places] = self._posture
        mujoco.mj_forward(self._model, scratch)
        jacobian = np.zeros((6, self._model.nv))
        mujoco.mj_jacSite(self._model, scratch, jacobian[:3], jacobian[3:], self._site)
        mobility = np.zeros((6, 6))
        columns = np.ascontiguousarray(jacobian)
        solved = np.zeros_like(columns)
        mujoco.mj_solveM(self._model, scratch, solved, columns)
        np.matmul(jacobian[:, freedoms], solved[:, freedoms].T, out=mobility)
        inertia = 1.0 / np.diag(mobility)
        return np.asarray(2.0 * np.sqrt(self._stiffness * inertia))


def joints_of(model: Any, prefix: str = "") -> tuple[slice, slice]:
    """Return where an arm's seven joints are among the model's positions, and among its velocities and forces."""
    first = model.joint(f"{prefix}joint1")
    place, freedom = int(first.qposadr[0]), int(first.dofadr[0])
    return slice(place, place + ARM_DOF), slice(freedom, freedom + ARM_DOF)


def home_posture(
    model: Any, prefix: str = "", home: tuple[float, ...] = (*HOME_POSITION_M, *HOME_QUATERNION),
    guess: tuple[float, ...] = _START_GUESS,
) -> Array:  # fmt: skip
    """Return the joint angles (7,), rad, that put the tool at the home pose, by damped least squares.

    Args:
        model: Physics model.
        prefix: Of the arm's names in it; empty for the first arm.
        home: Pose (7,) of the tool.
        guess: Joint angles (7,), rad, to start from.

    Raises:
        DeviceError: the home pose cannot be reached (the model or the geometry was changed).
    """
    data = mujoco.MjData(model)
    places, freedoms = joints_of(model, prefix)
    data.qpos[places] = guess
    site = model.site(prefix + TOOL_SITE).id
    jacobian = np.zeros((6, model.nv))
    error, now, turn = np.zeros(6), np.zeros(4), np.zeros(4)
    for _ in range(200):
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        error[:3] = np.subtract(home[:3], data.site_xpos[site])
        mujoco.mju_mat2Quat(now, data.site_xmat[site])
        mujoco.mju_negQuat(now, now)
        mujoco.mju_mulQuat(turn, np.array(home[3:]), now)
        mujoco.mju_quat2Vel(error[3:], turn, 1.0)
        if float(np.abs(error).max()) < 1e-9:
            return np.asarray(data.qpos[places].copy())
        mujoco.mj_jacSite(model, data, jacobian[:3], jacobian[3:], site)
        arm = jacobian[:, freedoms]
        data.qpos[places] += arm.T @ np.linalg.solve(arm @ arm.T + 1e-8 * np.eye(6), error)
    raise DeviceError(
        "simulated arm",
        f"the home pose {home[:3]} m cannot be reached, the error stays at {float(np.abs(error).max()):.3g}",
        way_out="Put HOME_POSITION_M in devices/simulated/geometry.py inside the arm's reach",
    )
