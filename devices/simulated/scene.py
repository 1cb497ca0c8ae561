"""The scene of the bench, composed with MjSpec: Panda, finger, what the task puts there, cameras.

Two models come out of one description: one for physics (no meshes: loads in milliseconds, needs no Open3D) and one for
pictures (light visual meshes). Their joints are the same, so a state of the one fits the other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import mujoco

from devices.simulated import furniture
from devices.simulated.geometry import TIMESTEP_S
from devices.simulated.meshes import light_meshes, panda_assets
from devices.simulated.target import Place, add_target
from devices.simulated.tasks.table import TASKS

_VISUAL_CLASSES: Final = ("panda/visual", "2f85/visual")


def physics_model(task: str) -> Any:
    """Compile the model that `Bench` steps: bodies, joints, the colliding shapes; no mesh.

    Args:
        task: Name of the task: tasks/table.py.

    Returns:
        The `mujoco.MjModel`.
    """
    return _describe(task, visual=False).compile()


def picture_model(task: str, width: int, height: int, target: Place | None = None) -> Any:
    """Compile the model that `Renderer` draws: the same joints, with light visual meshes.

    Args:
        task: Name of the task.
        width: Largest picture width that will be asked for, pixels.
        height: Largest picture height, pixels.
        target: Where a calibration board is, if there is one.

    Raises:
        DeviceError: the meshes must be made and Open3D is not installed.
    """
    spec = _describe(task, visual=True)
    spec.visual.global_.offwidth = width
    spec.visual.global_.offheight = height
    if target is not None:
        add_target(spec, target)
    return spec.compile()


def describe_arm(visual: bool) -> Any:
    """Return one Panda alone as an `MjSpec`: without what the bench does not use."""
    assets = panda_assets()
    spec = mujoco.MjSpec.from_file(str(assets / "panda.xml"))
    _set_options(spec)
    _strip(spec, visual)
    if visual:
        _lighten(spec, assets)
    return spec


def _describe(task: str, visual: bool) -> Any:
    """Compose the whole scene as an `MjSpec`."""
    spec = describe_arm(visual)
    spec.modelname = f"touchstone {task} bench"
    furniture.add_room(spec)
    TASKS[task].furnish(spec)
    furniture.add_cameras(spec)
    furniture.set_look(spec)
    return spec


def _set_options(spec: Any) -> None:
    """Physics options; the elliptic cone makes friction the same in every direction of the board."""
    spec.option.timestep = TIMESTEP_S
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC


def _strip(spec: Any, visual: bool) -> None:
    """Remove what the bench does not use: sensors, cameras, collision meshes, and for physics every mesh.

    The links carry their inertia explicitly, so no mesh matters to the dynamics. Links do not collide: the
    governor's workspace box keeps them off the table.
    """
    for unused in [*spec.sensors, *spec.cameras]:
        spec.delete(unused)
    for geom in list(spec.geoms):
        is_mesh = geom.type == mujoco.mjtGeom.mjGEOM_MESH
        is_drawn = visual and geom.classname.name in _VISUAL_CLASSES
        if is_mesh and not is_drawn:
            spec.delete(geom)
    used = {geom.meshname for geom in spec.geoms if geom.type == mujoco.mjtGeom.mjGEOM_MESH}
    for mesh in list(spec.meshes):
        if _mesh_name(mesh) not in used:
            spec.delete(mesh)
    for geom in spec.geoms:
        geom.contype = 0
        geom.conaffinity = 0


def _mesh_name(mesh: Any) -> str:
    """Return a mesh's name; where the file gives none, MuJoCo takes the file's stem."""
    return mesh.name or Path(mesh.file).stem


def _lighten(spec: Any, assets: Path) -> None:
    """Put the decimated vertices and faces in the place of each mesh file."""
    light = light_meshes(assets / mesh.file for mesh in spec.meshes)
    for mesh in spec.meshes:
        vertices, faces = light[Path(mesh.file).name]
        mesh.name = _mesh_name(mesh)
        mesh.file = ""
        mesh.uservert = vertices.ravel()
        mesh.userface = faces.ravel()
