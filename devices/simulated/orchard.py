"""What the task peel puts into the scene: a finger with a blade, and a bent fruit in a compliant clamp.

Two bodies without joints carry it: the clamp, which can be knocked, and a spindle in it that turns. The fruit hangs
in the spindle on two stiff springs across the axis, equally stiff, so that the clamp gives way alike at each angle.
"""

from __future__ import annotations

from typing import Any, Final

import mujoco
import numpy as np

from devices.simulated import geometry as g
from devices.simulated.furniture import (
    LOOK_ONLY,
    ROBOT,
    STIFF_CONTACT,
    SURROUNDINGS,
    add_contact,
    add_finger,
)
from devices.simulated.tasks.peel import FRUIT_HALF_M, FRUIT_RADIUS_M, bend

_GEOM = mujoco.mjtGeom
BLADE_GEOM: Final = "blade"
BLADE_HALF_M: Final = 0.018
"""Half of the blade's edge, which lies across the stroke: along tool x."""
_EDGE_RADIUS_M: Final = 0.0015
_GEL_LIFT_M: Final = 0.012

SEGMENTS: Final = 24
FRUIT_GEOMS: Final = tuple(f"fruit_{index}" for index in range(SEGMENTS))
CLAMP_STIFFNESS_N_PER_M: Final = 6000.0
_FRUIT_MASS_KG: Final = 0.25
FRICTION: Final = 0.25
"""Sliding friction between blade and fruit: wet."""

_SKIN_RGBA: Final = (0.20, 0.42, 0.16, 1.0)
FLESH_RGBA: Final = (0.90, 0.93, 0.68, 1.0)
_FLESH_RADIUS_M: Final = 0.0120
FLESH_OUT_M: Final = FRUIT_RADIUS_M - _FLESH_RADIUS_M + 0.0010
"""How far a strip of flesh stands off the fruit's middle: 1 mm above the skin, so that it shows."""
_STEEL_RGBA: Final = (0.80, 0.82, 0.85, 1.0)
_TEAL_RGBA: Final = (0.18, 0.52, 0.56, 1.0)
_DARK_RGBA: Final = (0.20, 0.21, 0.24, 1.0)
_GREY_RGBA: Final = (0.62, 0.65, 0.68, 1.0)


def furnish_peel(spec: Any) -> None:
    """Add what the task peel needs: finger and blade, clamp and fruit, how they touch."""
    add_finger(spec)
    _add_blade(spec)
    _add_clamp(spec)
    _add_fruit(spec)
    add_contact(spec, BLADE_GEOM, (*FRUIT_GEOMS, "table"), FRICTION)


def _add_blade(spec: Any) -> None:
    """Put a peeler's blade on the gel: the gel sits further up, and feels what the blade does to it."""
    gel = spec.geom(g.PAD_GEOM)
    gel.contype, gel.conaffinity = 0, 0
    gel.pos = [0, 0, -g.PAD_DEPTH_M - _GEL_LIFT_M]
    pad = spec.body("pad")
    edge = _EDGE_RADIUS_M
    pad.add_geom(
        name=BLADE_GEOM, type=_GEOM.mjGEOM_CAPSULE, fromto=[-BLADE_HALF_M, 0, -edge, BLADE_HALF_M, 0, -edge],
        size=[edge, 0, 0], rgba=_STEEL_RGBA, mass=0.01, friction=[FRICTION, 0.005, 0.0001], condim=3, priority=1,
        **ROBOT, **STIFF_CONTACT,
    )  # fmt: skip
    bow = -_GEL_LIFT_M - 0.001
    pad.add_geom(
        type=_GEOM.mjGEOM_BOX, pos=[0, 0, bow], size=[BLADE_HALF_M + 0.003, 0.007, 0.0018], mass=0.0, rgba=_TEAL_RGBA,
        **LOOK_ONLY,
    )  # fmt: skip
    for side in (-1.0, 1.0):
        x = side * (BLADE_HALF_M + 0.0015)
        pad.add_geom(
            type=_GEOM.mjGEOM_CAPSULE, fromto=[x, 0, bow, x, 0, -edge], size=[0.0018, 0, 0], mass=0.0,
            rgba=_STEEL_RGBA, **LOOK_ONLY,
        )  # fmt: skip


def _add_clamp(spec: Any) -> None:
    """The clamp: a plate, two cheeks with bearings, rubber feet, a pillar. Looked at only; the fruit is touched."""
    clamp = spec.worldbody.add_body(name="clamp", mocap=True, pos=list(g.BOARD_HOME_M))
    end, floor = FRUIT_HALF_M + 0.022, -0.052
    clamp.add_geom(
        type=_GEOM.mjGEOM_BOX,
        pos=[0, 0, floor],
        size=[end + 0.012, 0.035, 0.005],
        rgba=_TEAL_RGBA,
        **LOOK_ONLY,
    )
    clamp.add_geom(
        type=_GEOM.mjGEOM_CYLINDER, fromto=[0, 0, floor, 0, 0, floor - 0.20], size=[0.03, 0, 0], rgba=_GREY_RGBA,
        **LOOK_ONLY,
    )  # fmt: skip
    for side in (-1.0, 1.0):
        clamp.add_geom(
            type=_GEOM.mjGEOM_BOX, pos=[side * end, 0, 0.5 * floor], size=[0.005, 0.016, -0.5 * floor],
            rgba=_GREY_RGBA, **LOOK_ONLY,
        )  # fmt: skip
        clamp.add_geom(
            type=_GEOM.mjGEOM_CYLINDER, fromto=[side * (end - 0.006), 0, 0, side * (end + 0.006), 0, 0],
            size=[0.016, 0, 0], rgba=_DARK_RGBA, **LOOK_ONLY,
        )  # fmt: skip


def _add_fruit(spec: Any) -> None:
    """The fruit: a chain of capsules along a parabola, skin outside; strips of flesh wait inside until they show."""
    spindle = spec.worldbody.add_body(name="spindle", mocap=True, pos=list(g.BOARD_HOME_M))
    fruit = spindle.add_body(name="fruit", gravcomp=1.0)
    damping = 2.0 * float(np.sqrt(CLAMP_STIFFNESS_N_PER_M * _FRUIT_MASS_KG))
    for name, axis in (("fruit_across", [0, 1, 0]), ("fruit_out", [0, 0, 1])):
        fruit.add_joint(
            name=name, type=mujoco.mjtJoint.mjJNT_SLIDE, axis=axis, stiffness=[CLAMP_STIFFNESS_N_PER_M, 0, 0],
            damping=[damping, 0, 0], armature=0.0,
        )  # fmt: skip
    x = np.linspace(-FRUIT_HALF_M, FRUIT_HALF_M, SEGMENTS + 1)
    for index, name in enumerate(FRUIT_GEOMS):
        fruit.add_geom(
            name=name, type=_GEOM.mjGEOM_CAPSULE, fromto=_link(x[index], x[index + 1]), size=[FRUIT_RADIUS_M, 0, 0],
            rgba=_SKIN_RGBA, mass=_FRUIT_MASS_KG / SEGMENTS, friction=[FRICTION, 0.005, 0.0001], **SURROUNDINGS,
            **STIFF_CONTACT,
        )  # fmt: skip
    for side in (-1.0, 1.0):
        fruit.add_geom(
            type=_GEOM.mjGEOM_CYLINDER, fromto=[side * FRUIT_HALF_M, 0, 0, side * (FRUIT_HALF_M + 0.022), 0, 0],
            size=[0.006, 0, 0], mass=0.0, rgba=_STEEL_RGBA, **LOOK_ONLY,
        )  # fmt: skip
    for index in range(g.PATCH_COUNT):
        middle, half = g.patch_x_m(index), 0.5 * g.PATCH_PITCH_M
        fruit.add_geom(
            name=f"patch_{index}", type=_GEOM.mjGEOM_CAPSULE, fromto=_link(middle - half, middle + half),
            size=[_FLESH_RADIUS_M, 0, 0], mass=0.0, rgba=[*FLESH_RGBA[:3], 0.0], **LOOK_ONLY,
        )  # fmt: skip


def _link(begin: float, end: float) -> list[float]:
    """Return both ends of a piece of the fruit's axis, in the spindle's frame, which it is bent along z of."""
    first, second = bend(np.array([begin, end]))
    return [begin, 0.0, float(first), end, 0.0, float(second)]
