"""What the finger feels, read from MuJoCo's contact solution: total wrench, and load and place on the pad.

Used by bench.py once a step, after the contact forces are solved and before the state moves on.
"""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np
import numpy.typing as npt

from devices.simulated.geometry import TOOL_SITE

Array = npt.NDArray[np.float64]


class ContactReader:
    """Sums the contacts of the robot's colliding shapes.

    Args:
        model: Physics model.
        data: Its state.
        touching: The shape whose load the gel feels.
        surfaces: The shapes of the task's object.

    Attributes:
        wrench: (6,) N and N·m in the tool frame about its origin: what the surroundings exert on the finger.
        pad_force: (3,) N in the tool frame: the pad's share of it.
        pad_point: (3,) m in the base frame: where the pad is touched (kept from the last touch).
        pad_normal: N: size of the pad's normal load; 0 without contact.
        on_object: Whether the pad touches the task's object.
    """

    def __init__(self, model: Any, data: Any, touching: str, surfaces: tuple[str, ...]) -> None:
        self._model = model
        self._data = data
        site = model.site(TOOL_SITE).id
        self._position = data.site_xpos[site]
        self._rotation = data.site_xmat[site].reshape(3, 3)
        self._pad = model.geom(touching).id
        self._object = {model.geom(name).id for name in surfaces}
        self._raw = np.zeros(6)
        self.wrench = np.zeros(6)
        self.pad_force = np.zeros(3)
        self.pad_point = np.zeros(3)
        self.pad_normal = 0.0
        self.on_object = False

    def clear(self) -> None:
        """Forget the last contact."""
        self.wrench[:] = 0.0
        self.pad_force[:] = 0.0
        self.pad_point[:] = self._position
        self.pad_normal = 0.0
        self.on_object = False

    def read(self) -> None:
        """Take the forces of the step just solved."""
        self.wrench[:] = 0.0
        self.pad_force[:] = 0.0
        self.pad_normal = 0.0
        self.on_object = False
        for index in range(self._data.ncon):
            self._add(index)

    def _add(self, index: int) -> None:
        """Add one contact: geom 1 pushes geom 2 along the contact frame's x, so geom 2 feels +f and geom 1 feels -f."""
        contact = self._data.contact[index]
        first, second = contact.geom
        mujoco.mj_contactForce(self._model, self._data, index, self._raw)
        force = self._raw[:3] @ contact.frame.reshape(3, 3)
        # Only the robot's shapes have contype 1, and they never meet each other.
        if self._model.geom_contype[first] == 1:
            force = -force
        point = contact.pos
        local_force = force @ self._rotation
        self.wrench[:3] += local_force
        self.wrench[3:] += np.cross(point - self._position, force) @ self._rotation
        if self._pad in (first, second):
            self.pad_force += local_force
            self.pad_normal += float(self._raw[0])
            self.pad_point[:] = point
            self.on_object |= first in self._object or second in self._object
