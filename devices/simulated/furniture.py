"""What stands around the robot: room, finger with its pad, board with its stain, cameras, lights.

Each function adds one thing to an `MjSpec`. Colliding shapes have contype/conaffinity 1/2 on the robot and 2/1 on the
surroundings: the finger meets board and table, never the robot itself.
"""

from __future__ import annotations

from typing import Any, Final

import mujoco
import numpy as np

from devices.simulated import geometry as g

_GEOM = mujoco.mjtGeom
ROBOT: Final = {"contype": 1, "conaffinity": 2}
SURROUNDINGS: Final = {"contype": 2, "conaffinity": 1}
LOOK_ONLY: Final = {"contype": 0, "conaffinity": 0}
STIFF_CONTACT: Final = {"solref": [0.004, 1.0], "solimp": [0.95, 0.99, 0.001, 0.5, 2.0]}
FRICTION: Final = 0.5
"""Sliding friction between pad and board."""

STAIN_RGBA: Final = (0.36, 0.16, 0.42, 0.92)
SCENE_CAMERA: Final = "scene"
WRIST_CAMERA: Final = "wrist"


def add_room(spec: Any) -> None:
    """Floor, table with a light top, and the robot's foot plate."""
    world = spec.worldbody
    spec.add_texture(
        name="floor", type=mujoco.mjtTexture.mjTEXTURE_2D, builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER,
        rgb1=[0.80, 0.82, 0.84], rgb2=[0.76, 0.78, 0.80], width=256, height=256,
    )  # fmt: skip
    floor = spec.add_material(name="floor", texrepeat=[3, 3], specular=0.1, shininess=0.1)
    floor.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "floor"
    spec.add_texture(
        name="sky", type=mujoco.mjtTexture.mjTEXTURE_SKYBOX, builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.93, 0.95, 0.97], rgb2=[0.74, 0.79, 0.84], width=64, height=384,
    )  # fmt: skip
    world.add_geom(
        type=_GEOM.mjGEOM_PLANE, pos=[0, 0, -0.75], size=[4, 4, 0.1], material="floor", **LOOK_ONLY
    )
    world.add_geom(
        name="table", type=_GEOM.mjGEOM_BOX, pos=[0.35, 0, -0.025], size=[0.60, 0.55, 0.025],
        rgba=[0.83, 0.76, 0.66, 1], **SURROUNDINGS, **STIFF_CONTACT,
    )  # fmt: skip
    for x in (-0.18, 0.88):
        for y in (-0.48, 0.48):
            world.add_geom(
                type=_GEOM.mjGEOM_CYLINDER, pos=[x, y, -0.40], size=[0.025, 0.35, 0], rgba=[0.55, 0.57, 0.60, 1],
                **LOOK_ONLY,
            )  # fmt: skip
    world.add_geom(
        type=_GEOM.mjGEOM_BOX, pos=[-0.03, 0, 0.003], size=[0.14, 0.14, 0.004], rgba=[0.45, 0.48, 0.52, 1],
        **LOOK_ONLY,
    )  # fmt: skip


def add_finger(spec: Any) -> None:
    """Bolt the probe finger to the palm, between the jaws; the gel pad slides on a real spring along the tool axis.

    The spring (3000 N/m, critically damped for the pad's own mass) is what a gel gives: a depth for a force.
    """
    hand = spec.body(g.HAND_BODY)
    hand.add_site(name=g.TOOL_SITE, pos=[0, 0, g.TOOL_REACH_M], size=[0.002] * 3, group=4)
    shaft_end = g.TOOL_REACH_M - 0.036
    hand.add_geom(
        name="finger_shaft", type=_GEOM.mjGEOM_CYLINDER, fromto=[0, 0, 0.09, 0, 0, shaft_end], size=[0.007, 0, 0],
        rgba=[0.78, 0.80, 0.83, 1], mass=0.05, friction=[0.3, 0.005, 0.0001], **ROBOT, **STIFF_CONTACT,
    )  # fmt: skip
    hand.add_geom(
        name="finger_cup", type=_GEOM.mjGEOM_CYLINDER, pos=[0, 0, shaft_end], size=[0.0115, 0.007, 0],
        rgba=[0.18, 0.52, 0.56, 1], mass=0.03, **ROBOT, **STIFF_CONTACT,
    )  # fmt: skip
    pad = hand.add_body(name="pad", pos=[0, 0, g.TOOL_REACH_M], gravcomp=1.0)
    damping = 2.0 * float(np.sqrt(g.PAD_STIFFNESS_N_PER_M * g.PAD_MASS_KG))
    pad.add_joint(
        name="pad_slide", type=mujoco.mjtJoint.mjJNT_SLIDE, axis=[0, 0, 1], range=[-g.PAD_TRAVEL_M, 0.002],
        limited=True, stiffness=[g.PAD_STIFFNESS_N_PER_M, 0, 0], damping=[damping, 0, 0], armature=0.0,
    )  # fmt: skip
    pad.add_geom(
        name=g.PAD_GEOM, type=_GEOM.mjGEOM_ELLIPSOID, pos=[0, 0, -g.PAD_DEPTH_M],
        size=[g.PAD_HALF_WIDTH_M, g.PAD_HALF_LENGTH_M, g.PAD_DEPTH_M], rgba=[0.98, 0.55, 0.16, 1],
        mass=g.PAD_MASS_KG, friction=[FRICTION, 0.005, 0.0001], condim=3, priority=1, **ROBOT, **STIFF_CONTACT,
    )  # fmt: skip
    pad.add_geom(
        type=_GEOM.mjGEOM_CYLINDER, fromto=[0, 0, -g.PAD_DEPTH_M, 0, 0, -0.034], size=[0.0095, 0, 0], mass=0.0,
        rgba=[0.20, 0.21, 0.24, 1], **LOOK_ONLY,
    )  # fmt: skip
    pad.add_site(name=g.PAD_SITE, pos=[0, 0, 0], size=[0.001] * 3, group=4)


def furnish_wipe(spec: Any) -> None:
    """Add what the task wipe needs: the finger with its pad, the board, how they touch."""
    add_finger(spec)
    add_board(spec)
    add_contact(spec, g.PAD_GEOM, (g.BOARD_GEOM, "table"))


def add_board(spec: Any) -> None:
    """The wiping board on its pillar, a mocap body, with the stain as thin coloured discs that collide with nothing."""
    board = spec.worldbody.add_body(name=g.BOARD_BODY, mocap=True, pos=list(g.BOARD_HOME_M))
    half_x, half_y, half_z = g.BOARD_HALF_M
    board.add_geom(
        name=g.BOARD_GEOM, type=_GEOM.mjGEOM_BOX, pos=[0, 0, -half_z], size=[half_x, half_y, half_z],
        rgba=[0.85, 0.86, 0.86, 1], friction=[FRICTION, 0.005, 0.0001], **SURROUNDINGS, **STIFF_CONTACT,
    )  # fmt: skip
    board.add_geom(
        type=_GEOM.mjGEOM_BOX, pos=[0, 0, -2 * half_z - 0.003], size=[half_x + 0.006, half_y + 0.006, 0.0035],
        rgba=[0.18, 0.52, 0.56, 1], **LOOK_ONLY,
    )  # fmt: skip
    board.add_geom(
        type=_GEOM.mjGEOM_CYLINDER, fromto=[0, 0, -0.02, 0, 0, -0.20], size=[0.03, 0, 0],
        rgba=[0.62, 0.65, 0.68, 1], **LOOK_ONLY,
    )  # fmt: skip
    shapes = np.random.default_rng(20)
    for index in range(g.PATCH_COUNT):
        y, turn = shapes.uniform(-0.002, 0.002), shapes.uniform(-0.5, 0.5)
        size = [shapes.uniform(0.0065, 0.0085), shapes.uniform(0.012, 0.017), 0.0004]
        board.add_geom(
            name=f"patch_{index}", type=_GEOM.mjGEOM_ELLIPSOID, pos=[g.patch_x_m(index), y, 0.0001], size=size,
            quat=[np.cos(turn / 2), 0, 0, np.sin(turn / 2)], rgba=list(STAIN_RGBA), **LOOK_ONLY,
        )  # fmt: skip


def add_contact(spec: Any, touching: str, surfaces: tuple[str, ...], friction: float = FRICTION) -> None:
    """How the tool touches the object and the table: stiff in the normal direction, slow to drag.

    MuJoCo's soft friction lifts a sliding body by about friction * speed * 2 * (time constant), and the pad would
    chatter off the board. A time constant of its own for the tangential directions makes that lift vanish.
    """
    for surface in surfaces:
        spec.add_pair(
            name=f"pad_{surface}", geomname1=touching, geomname2=surface, condim=3,
            friction=[friction, friction, 0.005, 0.0001, 0.0001], solreffriction=[0.03, 1.0], **STIFF_CONTACT,
        )  # fmt: skip


def add_cameras(spec: Any) -> None:
    """A fixed camera that sees arm and board, and one on the hand that sees the pad and what it touches."""
    add_fixed_camera(spec, [1.14, 0.52, 0.62], [0.41, 0.02, 0.20], 38.0)
    add_hand_camera(spec)


def add_fixed_camera(spec: Any, eye: list[float], aim: list[float], field_deg: float) -> None:
    """Add the camera "scene": where it is and where it looks (m, base frame), and its vertical field of view."""
    spec.worldbody.add_camera(name=SCENE_CAMERA, pos=eye, fovy=field_deg, quat=_look_at(eye, aim))


def add_hand_camera(spec: Any) -> None:
    """Add the camera "wrist", on the first arm's hand."""
    eye, aim = [0.105, 0.0, 0.085], [0.0, 0.0, g.TOOL_REACH_M + 0.004]
    spec.body(g.HAND_BODY).add_camera(
        name=WRIST_CAMERA, pos=eye, fovy=64.0, quat=_look_at(eye, aim, up=(0, 0, -1))
    )


def set_look(spec: Any) -> None:
    """Light from above and from behind the camera; no shadows, no multisampling (a software renderer pays for both)."""
    spec.visual.quality.offsamples = 0
    spec.visual.quality.shadowsize = 0
    spec.visual.headlight.ambient = [0.36, 0.36, 0.37]
    spec.visual.headlight.diffuse = [0.22, 0.22, 0.22]
    spec.visual.headlight.specular = [0.05, 0.05, 0.05]
    spec.visual.map.znear = 0.02
    spec.visual.map.zfar = 12.0
    spec.stat.extent = 1.0
    spec.stat.center = [0.4, 0.0, 0.2]
    directional = mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
    spec.worldbody.add_light(
        pos=[1.0, 1.0, 2.5], dir=[-0.30, -0.35, -1.0], type=directional, diffuse=[0.56, 0.55, 0.53],
        specular=[0.15, 0.15, 0.15], castshadow=False,
    )  # fmt: skip
    spec.worldbody.add_light(
        pos=[1.0, -1.5, 1.5], dir=[-0.5, 0.8, -0.6], type=directional, diffuse=[0.16, 0.17, 0.20],
        specular=[0, 0, 0], castshadow=False,
    )  # fmt: skip


def _look_at(
    eye: list[float], target: list[float], up: tuple[float, float, float] = (0, 0, 1)
) -> list[float]:
    """Return the quaternion (w, x, y, z) of a MuJoCo camera (looks along -z, y up) at `eye` that looks at `target`."""
    back = np.subtract(eye, target)
    back = back / np.linalg.norm(back)
    right = np.cross(up, back)
    right = right / np.linalg.norm(right)
    rotation = np.stack([right, np.cross(back, right), back], axis=1)
    quaternion = np.empty(4)
    mujoco.mju_mat2Quat(quaternion, rotation.ravel())
    return [float(value) for value in quaternion]
