"""The scene of the task lift: two arms side by side with their fingers, the box on its stand, room and cameras."""

from __future__ import annotations

from typing import Any, Final

import mujoco

from devices.simulated import furniture
from devices.simulated import geometry as g
from devices.simulated.lift import measures as m
from devices.simulated.scene import describe_arm

_GEOM = mujoco.mjtGeom
_TEAL: Final = (0.18, 0.52, 0.56, 1.0)
_GREY: Final = (0.62, 0.65, 0.68, 1.0)
_SHELL: Final = (0.93, 0.90, 0.80, 1.0)
_BAND: Final = (0.80, 0.33, 0.18, 1.0)
_GRIP: Final = {"solref": [0.004, 1.0], "solimp": [0.95, 0.99, 0.001, 0.5, 2.0]}
_SPIN_FRICTION_M: Final = 0.01
_IMPEDANCE_RATIO: Final = 10.0
"""Friction this much stiffer than the normal direction: a held box creeps by less than a millimetre a minute."""


def physics_model() -> Any:
    """Compile the model that `LiftBench` steps; no mesh."""
    return _describe(visual=False).compile()


def picture_model(width: int, height: int) -> Any:
    """Compile the model that is drawn; width and height of the largest picture in pixels.

    Raises:
        DeviceError: the meshes must be made and Open3D is not installed.
    """
    spec = _describe(visual=True)
    spec.visual.global_.offwidth = width
    spec.visual.global_.offheight = height
    return spec.compile()


def _describe(visual: bool) -> Any:
    spec = describe_arm(visual)
    spec.modelname = "touchstone lift bench"
    spec.option.impratio = _IMPEDANCE_RATIO
    furniture.add_finger(spec)
    second = describe_arm(visual)
    furniture.add_finger(second)
    frame = spec.worldbody.add_frame(pos=[0.0, m.APART_M, 0.0])
    spec.attach(second, frame=frame, prefix=m.PREFIXES[1])
    _add_room(spec)
    _add_box(spec)
    _add_contacts(spec)
    furniture.add_hand_camera(spec)
    furniture.add_fixed_camera(spec, [1.46, 0.28, 0.70], [0.42, 0.28, 0.23], 44.0)
    furniture.set_look(spec)
    spec.stat.center = [0.4, m.MIDDLE_M[1], 0.2]
    return spec


def _add_room(spec: Any) -> None:
    furniture.add_room(spec)
    table = spec.geom("table")
    table.pos = [0.35, m.MIDDLE_M[1], -0.025]
    table.size = [0.60, 0.80, 0.025]
    spec.worldbody.add_geom(
        type=_GEOM.mjGEOM_BOX, pos=[-0.03, m.APART_M, 0.003], size=[0.14, 0.14, 0.004], rgba=[0.45, 0.48, 0.52, 1],
        **furniture.LOOK_ONLY,
    )  # fmt: skip


def _add_box(spec: Any) -> None:
    """The stand, a body without joints that the task places, and the box, which is free."""
    x, y = m.MIDDLE_M
    stand = spec.worldbody.add_body(name=m.STAND_BODY, mocap=True, pos=[x, y, m.STAND_TOP_M])
    stand.add_geom(
        name=m.STAND_GEOM, type=_GEOM.mjGEOM_CYLINDER, fromto=[0, 0, -0.012, 0, 0, 0], size=[0.05, 0, 0], rgba=_TEAL,
        **furniture.SURROUNDINGS,
    )  # fmt: skip
    stand.add_geom(
        type=_GEOM.mjGEOM_CYLINDER, fromto=[0, 0, -0.20, 0, 0, -0.012], size=[0.02, 0, 0], rgba=_GREY,
        **furniture.LOOK_ONLY,
    )  # fmt: skip
    box = spec.worldbody.add_body(name=m.BOX_BODY, pos=[x, y, m.STAND_TOP_M + m.BOX_HALF_M[2]])
    box.add_freejoint(name="box_free")
    box.add_geom(
        name=m.BOX_GEOM, type=_GEOM.mjGEOM_BOX, size=list(m.BOX_HALF_M), rgba=_SHELL, mass=0.25,
        **furniture.SURROUNDINGS,
    )  # fmt: skip
    half_x, half_y, _ = m.BOX_HALF_M
    box.add_geom(
        name="box_band", type=_GEOM.mjGEOM_BOX, pos=[0, 0, m.GRIP_ABOVE_MIDDLE_M],
        size=[half_x + 0.0004, half_y, 0.006], rgba=_BAND, mass=0.0, **furniture.LOOK_ONLY,
    )  # fmt: skip


def _add_contacts(spec: Any) -> None:
    """The pads grip the box with little creep, and meet each other; the box stands on stand and table."""
    for prefix in m.PREFIXES:
        _add_pair(spec, prefix + g.PAD_GEOM, m.BOX_GEOM, m.FRICTION)
        spec.geom(prefix + g.PAD_GEOM).contype = 0
        spec.geom(prefix + g.PAD_GEOM).conaffinity = 0
    first, second = (prefix + g.PAD_GEOM for prefix in m.PREFIXES)
    _add_pair(spec, first, second, m.FRICTION)
    for below in (m.STAND_GEOM, "table"):
        _add_pair(spec, m.BOX_GEOM, below, 0.6)


def _add_pair(spec: Any, first: str, second: str, friction: float) -> None:
    spec.add_pair(
        name=f"{first}_{second}", geomname1=first, geomname2=second, condim=4,
        friction=[friction, friction, _SPIN_FRICTION_M, 0.0001, 0.0001], **_GRIP,
    )  # fmt: skip
