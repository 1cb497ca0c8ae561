"""One arm of the task lift within the common simulation: controller, gripper, gel, and what its finger feels."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np

from devices.simulated import geometry as g
from devices.simulated.arm import ImpedanceController, home_posture, joints_of
from devices.simulated.bench import ArmState
from devices.simulated.gripper import Gripper
from devices.simulated.lift import measures as m
from devices.simulated.pad import PadSensor
from devices.simulated.tasks.interface import Array


class LiftArm:
    """Steps and reads one of the arms; `index` is its place in `measures.ARMS`.

    Attributes:
        home: (7,) home pose of its tool.
        surface: (3,) m, base frame: the pad's surface.
        normal_n: Normal force between pad and box, N.
    """

    def __init__(self, model: Any, data: Any, index: int) -> None:
        prefix = m.PREFIXES[index]
        self._model, self._data = model, data
        self._posture = home_posture(model, prefix, m.HOMES[index], m.GUESSES[index])
        self._places, self._freedoms = joints_of(model, prefix)
        self._controller = ImpedanceController(model, data, self._posture, prefix)
        self._gripper = Gripper(model, data, prefix)
        self.pad = PadSensor()
        first = model.actuator(f"{prefix}actuator1").id
        self._control = data.ctrl[first : first + g.ARM_DOF]
        site = model.site(prefix + g.TOOL_SITE).id
        self._tool, self._rotation = data.site_xpos[site], data.site_xmat[site].reshape(3, 3)
        self.surface = data.site_xpos[model.site(prefix + g.PAD_SITE).id]
        self._touching = model.geom(prefix + g.PAD_GEOM).id
        self._box = model.geom(m.BOX_GEOM).id
        self._geoms = {model.geom(prefix + name).id for name in ("finger_shaft", "finger_cup")}
        self._geoms.add(self._touching)
        self._raw, self._target = np.zeros(6), np.zeros(7)
        self._wrench, self._force, self._point = np.zeros(6), np.zeros(3), np.zeros(3)
        self.normal_n = 0.0
        self.home: Array = np.array(m.HOMES[index])

    def go_home(self) -> None:
        """Put the joints where home is."""
        self._data.qpos[self._places] = self._posture

    def reset(self, rng: np.random.Generator) -> None:
        """Start an episode: new noise of the gel, no load."""
        self.pad.reset(rng)
        self.normal_n = 0.0
        self._point[:] = self._tool

    def command(self, pose: Array, gripper: float) -> None:
        """Set torques and jaws for the coming step. Target tool pose (7,), base frame; jaw width, m."""
        target = self._target
        target[:] = pose
        target[3:] /= (target[3:] @ target[3:]) ** 0.5
        self._control[:] = self._controller.torque(target)
        self._gripper.command(gripper)

    def feel(self) -> None:
        """Sum the contacts of the step that was just solved."""
        self._wrench[:] = 0.0
        self._force[:] = 0.0
        self.normal_n = 0.0
        for index in range(self._data.ncon):
            first, second = self._data.contact[index].geom
            if first in self._geoms or second in self._geoms:
                self._add(index, first in self._geoms)

    def _add(self, index: int, own_is_first: bool) -> None:
        """Add one contact: geom 1 pushes geom 2 along the contact frame's x."""
        contact = self._data.contact[index]
        mujoco.mj_contactForce(self._model, self._data, index, self._raw)
        force = self._raw[:3] @ contact.frame.reshape(3, 3)
        force = -force if own_is_first else force
        local = force @ self._rotation
        self._wrench[:3] += local
        self._wrench[3:] += np.cross(contact.pos - self._tool, force) @ self._rotation
        if self._touching in contact.geom:
            self._force += local
            self.normal_n += float(self._raw[0]) if self._box in contact.geom else 0.0
            self._point[:] = contact.pos

    def sense(self) -> None:
        """Let the gel take in the load of the step."""
        self.pad.update(self._wrench, self._force, (self._point - self._tool) @ self._rotation)

    def state(self) -> ArmState:
        """Return what the arm reports of the present moment."""
        return ArmState(
            q=self._data.qpos[self._places].copy(),
            dq=self._data.qvel[self._freedoms].copy(),
            pose=self._controller.tool_pose(),
            twist=self._controller.twist(),
            gripper=self._gripper.width(),
        )
