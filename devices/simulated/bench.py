"""The bench: one Panda with its soft finger in front of a task, stepped 2 ms at a time by whoever owns the clock.

Used by the simulated device server (in real time or in lock-step) and by tests. Everything random comes from the seed
of `reset`, so a seed and the same targets repeat bit for bit. Poses are (7,) x y z (m) and quaternion w x y z of the
tool in the base frame; frames are described in geometry.py. One thread at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

import mujoco
import numpy as np
import numpy.typing as npt

from app.core.errors import DeviceError, RigError
from app.core.wire.messages import CameraInfo
from devices.simulated import geometry as g
from devices.simulated.arm import ImpedanceController, home_posture
from devices.simulated.contact import ContactReader
from devices.simulated.gripper import WIDEST_M, Gripper
from devices.simulated.looks import Look
from devices.simulated.optics import camera_info
from devices.simulated.pad import PadSensor, marker_rest_positions
from devices.simulated.scene import physics_model, picture_model
from devices.simulated.target import Place
from devices.simulated.tasks.interface import CONDITIONS, Condition
from devices.simulated.tasks.table import TASKS

Array = npt.NDArray[np.float64]

_SETTLE_STEPS: Final = 100
_STEP_NS: Final = round(g.TIMESTEP_S * 1e9)


@dataclass(frozen=True)
class ArmState:
    """What the arm reports. Base frame.

    Attributes:
        q: (7,) joint angles, rad.
        dq: (7,) joint velocities, rad/s.
        pose: (7,) tool pose.
        twist: (6,) tool velocity: linear m/s, angular rad/s.
        gripper: Width between the jaws, m.
    """

    q: Array
    dq: Array
    pose: Array
    twist: Array
    gripper: float


@dataclass(frozen=True)
class Snapshot:
    """What the renderer needs of one moment; owns its arrays.

    Attributes:
        time_ns: Simulated time.
        qpos: Joint positions of the whole model.
        places: (M, 7) poses of the task's bodies in the base frame, in the order of its furniture.
        cleaned: What the task shows of its progress: `Task.cleaned`.
    """

    time_ns: int
    qpos: Array
    places: Array
    cleaned: Array


class Bench:
    """The simulated world. Between calls its state is always fully computed up to velocities.

    Args:
        task: Name of the task: tasks/table.py.
        picture: Width and height of the pictures, pixels: for `camera_info`.

    Raises:
        RigError: the task does not exist.
        DeviceError: the Panda model is not installed.
    """

    def __init__(self, task: str = "wipe", picture: tuple[int, int] = (320, 240)) -> None:
        if task not in TASKS:
            raise RigError(f"task {task!r}", "the simulated bench does not have it", options=TASKS)
        kind = TASKS[task]
        self.picture, self.task = picture, task
        self._model: Any = physics_model(task)
        self._data: Any = mujoco.MjData(self._model)
        self._posture = home_posture(self._model)
        self._controller = ImpedanceController(self._model, self._data, self._posture)
        self._gripper = Gripper(self._model, self._data)
        self._contact = ContactReader(self._model, self._data, kind.touching, kind.surfaces)
        self._pad = PadSensor()
        self._task = kind.make()
        self._tool = self._data.site_xpos[self._model.site(g.TOOL_SITE).id]
        self._tool_rotation = self._data.site_xmat[self._model.site(g.TOOL_SITE).id].reshape(3, 3)
        self._pad_surface = self._data.site_xpos[self._model.site(g.PAD_SITE).id]
        self._target = np.zeros(7)
        self.time_ns = 0
        self.home_pose: Array = np.array([*g.HOME_POSITION_M, *g.HOME_QUATERNION])
        self.reset(0)

    def reset(self, seed: int, condition: Condition = "mixed") -> None:
        """Start an episode: a new board, arm at home above it, 0.2 s of settling that nobody sees.

        Args:
            seed: Everything random of the episode follows from it.
            condition: How the task is disturbed: tasks/interface.py.

        Raises:
            DeviceError: the condition does not exist, or the seed is negative.
        """
        if condition not in CONDITIONS:
            raise DeviceError(f"condition {condition!r}", "it does not exist", options=CONDITIONS)
        if seed < 0:
            raise DeviceError(f"seed {seed}", "a seed cannot be negative")
        task_rng, sensor_rng = (np.random.default_rng([seed, stream]) for stream in (0, 1))
        mujoco.mj_resetData(self._model, self._data)
        self._data.qpos[: g.ARM_DOF] = self._posture
        self._task.reset(task_rng, condition)
        self._put_bodies()
        mujoco.mj_step1(self._model, self._data)
        self._contact.clear()
        for _ in range(_SETTLE_STEPS):
            self._physics(self.home_pose, WIDEST_M)
        self._pad.reset(sensor_rng)
        self.time_ns = 0

    def step(self, target_pose: Array, gripper_width: float) -> None:
        """Advance by 2 ms with the arm pulled towards a target.

        Args:
            target_pose: Pose (7,) of the tool; the quaternion is normalised here.
            gripper_width: Jaw width to hold, 0..0.08 m.

        Raises:
            DeviceError: a number is not finite, or the quaternion is zero (the simulator would silently start anew).
        """
        if not (isfinite(float(np.sum(target_pose)) + gripper_width) and np.any(target_pose[3:])):
            raise DeviceError(f"target {np.asarray(target_pose).tolist()}", "it is not a pose")
        self._physics(target_pose, gripper_width)
        self.time_ns += _STEP_NS
        contact = self._contact
        touch = contact.pad_point if contact.on_object else None
        self._task.update(self._pad_surface, touch, contact.pad_normal)
        self._pad.update(
            contact.wrench, contact.pad_force, (contact.pad_point - self._tool) @ self._tool_rotation
        )
        self._put_bodies()

    def _put_bodies(self) -> None:
        """Put the bodies that the task moves where it has them."""
        for index, place in enumerate(self._task.places()):
            self._data.mocap_pos[index] = place.position
            self._data.mocap_quat[index] = place.quaternion

    def _physics(self, target_pose: Array, gripper_width: float) -> None:
        """Control, solve and integrate one step, then bring positions and velocities up to date."""
        target = self._target
        target[:] = target_pose
        target[3:] /= (target[3:] @ target[3:]) ** 0.5
        self._data.ctrl[: g.ARM_DOF] = self._controller.torque(target)
        self._gripper.command(gripper_width)
        mujoco.mj_step2(self._model, self._data)
        self._contact.read()
        mujoco.mj_step1(self._model, self._data)

    def arm_state(self) -> ArmState:
        """Return what the arm reports of the present moment."""
        return ArmState(
            q=self._data.qpos[: g.ARM_DOF].copy(),
            dq=self._data.qvel[: g.ARM_DOF].copy(),
            pose=self._controller.tool_pose(),
            twist=self._controller.twist(),
            gripper=self._gripper.width(),
        )

    def wrench(self) -> Array:
        """Return the untared wrench (6,) N and N·m in the tool frame: what the surroundings exert on the finger.

        Pressing on something gives a negative z. Noisy, and off by a constant per episode: tare before use.
        """
        return self._pad.wrench()

    def field(self) -> npt.NDArray[np.float32]:
        """Return the marker displacements (63, 3), mm, in the tool frame. Computed at the call."""
        return self._pad.field()

    def pad_geometry(self) -> Array:
        """Return where the markers rest, (63, 3) m in the tool frame."""
        return marker_rest_positions()

    def stain_estimate(self) -> Array:
        """Return what vision says of the stroke: x, y, z of its start (m) and its yaw (rad), base frame."""
        return self._task.estimate()

    def condition(self) -> Condition:
        """Return what the present episode is: nominal, before or after."""
        return self._task.condition()

    def score(self) -> float:
        """Return the task's score so far, at most 1. From the true state: never an observation."""
        return self._task.score()

    def parts(self) -> npt.NDArray[np.bool_]:
        """Return which of the task's 20 parts are done. From the true state: never an observation."""
        return self._task.parts()

    def done(self) -> bool:
        """Return whether nothing more can be won in this episode."""
        return self._task.done()

    def snapshot(self) -> Snapshot:
        """Return a copy of the state for the renderer."""
        places = np.hstack([self._data.mocap_pos, self._data.mocap_quat])
        return Snapshot(self.time_ns, self._data.qpos.copy(), places, self._task.cleaned())

    def picture_model(self, width: int, height: int, target: Place | None = None) -> Any:
        """Compile the model that pictures of this bench are drawn of."""
        return picture_model(self.task, width, height, target)

    def look(self, model: Any) -> Look:
        """Return what shows the task's progress in a picture model."""
        return TASKS[self.task].look(model)

    def camera_info(self, name: str) -> CameraInfo:
        """Return intrinsics and extrinsics of a camera, "scene" or "wrist".

        Raises:
            DeviceError: the camera does not exist.
        """
        return camera_info(self._model, name, self.picture)

    def close(self) -> None:
        """Let go of the simulator; the bench cannot be used afterwards."""
        del self._controller, self._gripper, self._contact, self._data, self._model
