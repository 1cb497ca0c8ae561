"""The bench's cameras: pictures and depth from copied states, drawn off screen.

Headless, on Linux: EGL first, OSMesa where EGL does not start. A MUJOCO_GL that the person set ("egl", "osmesa",
"glfw") is obeyed; MuJoCo itself reads that variable at its import only, so it has to be set before this package is
imported. Elsewhere MuJoCo's own choice for the platform is used.

A `Renderer` belongs to the thread that made it: OpenGL contexts do not travel.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, Protocol

import mujoco
import numpy as np
import numpy.typing as npt

from app.core.errors import DeviceError
from devices.simulated.bench import Snapshot
from devices.simulated.looks import Look
from devices.simulated.optics import CAMERAS
from devices.simulated.target import Place

Picture = tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]

_MAX_SHAPES: Final = 500
_PROBE_PICTURES: Final = 6


class Drawn(Protocol):
    """What a renderer draws: any of the benches."""

    def snapshot(self) -> Snapshot:
        """Return a copy of the state."""
        ...

    def picture_model(self, width: int, height: int, target: Place | None) -> Any:
        """Compile the model that its pictures are drawn of."""
        ...

    def look(self, model: Any) -> Look:
        """Return what shows a snapshot's `cleaned` in that model."""
        ...


class Renderer:
    """Draws the bench; owns a model and a data of its own, so physics can go on meanwhile.

    Args:
        bench: The bench whose states will be drawn; used here only, to draw the first pictures.
        picture: Width and height, pixels.
        target: Where a calibration board is, if there is one.

    Attributes:
        backend: Which OpenGL way was opened: "egl", "osmesa" or what the person set.

    Raises:
        DeviceError: no off-screen OpenGL starts, or the meshes cannot be prepared.
    """

    def __init__(self, bench: Drawn, picture: tuple[int, int], target: Place | None = None) -> None:
        width, height = picture
        self._first = bench.snapshot()
        self._model: Any = bench.picture_model(width, height, target)
        self._data: Any = mujoco.MjData(self._model)
        self._gl, self.backend = open_gl(width, height)
        self._context = mujoco.MjrContext(self._model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        self._context.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR
        self._scene = mujoco.MjvScene(self._model, maxgeom=_MAX_SHAPES)
        self._options = mujoco.MjvOption()
        self._eye = mujoco.MjvCamera()
        self._eye.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._area = mujoco.MjrRect(0, 0, width, height)
        self._size = (height, width)
        self._cameras = {name: self._model.camera(name).id for name in CAMERAS}
        self._show = bench.look(self._model)

    def render(self, snapshot: Snapshot, camera: str) -> Picture:
        """Draw one state as one camera sees it.

        Args:
            snapshot: From `Bench.snapshot`.
            camera: "scene" or "wrist".

        Returns:
            Colour (H, W, 3) uint8 RGB and depth (H, W) float32, metres along the camera's z.

        Raises:
            DeviceError: the camera does not exist.
        """
        if camera not in self._cameras:
            raise DeviceError(f"camera {camera!r}", "the simulated bench does not have it", options=CAMERAS)
        self._take_over(snapshot)
        self._eye.fixedcamid = self._cameras[camera]
        mujoco.mjv_updateScene(
            self._model, self._data, self._options, None, self._eye, mujoco.mjtCatBit.mjCAT_ALL, self._scene
        )
        self._gl.make_current()
        mujoco.mjr_render(self._area, self._scene, self._context)
        colour = np.empty((*self._size, 3), np.uint8)
        raw = np.empty(self._size, np.float32)
        mujoco.mjr_readPixels(colour, raw, self._area, self._context)
        return np.ascontiguousarray(colour[::-1]), metres(self._model, raw[::-1])

    def probe_speed(self) -> float:
        """Measure how many pictures a second this machine renders (both cameras in turn, colour and depth)."""
        for camera in CAMERAS:
            self.render(self._first, camera)
        began = time.perf_counter()
        for index in range(_PROBE_PICTURES):
            self.render(self._first, CAMERAS[index % len(CAMERAS)])
        return _PROBE_PICTURES / (time.perf_counter() - began)

    def close(self) -> None:
        """Free the OpenGL context, in the thread that made the renderer."""
        self._gl.make_current()
        self._context.free()
        self._gl.free()

    def _take_over(self, snapshot: Snapshot) -> None:
        """Put a state into the renderer's own model and data, and show how far the task has come."""
        data = self._data
        data.qpos[:] = snapshot.qpos
        data.mocap_pos[:] = snapshot.places[:, :3]
        data.mocap_quat[:] = snapshot.places[:, 3:]
        self._show(snapshot.cleaned)
        mujoco.mj_kinematics(self._model, data)
        mujoco.mj_comPos(self._model, data)
        mujoco.mj_camlight(self._model, data)


def metres(model: Any, raw: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return metres along a camera's z of a depth buffer that is 1 at the near plane and 0 at the far one.

    Perspective depth: raw = near (far - z) / (z (far - near)), solved for z.
    """
    near = model.vis.map.znear * model.stat.extent
    far = model.vis.map.zfar * model.stat.extent
    return np.asarray(near * far / (raw.astype(np.float64) * (far - near) + near), dtype=np.float32)


def open_gl(width: int, height: int) -> tuple[Any, str]:
    """Open an off-screen OpenGL context and make it current; return it and its name.

    Raises:
        DeviceError: none starts.
    """
    failures = []
    for name in _backends():
        try:
            context = _context_class(name)(width, height)
            context.make_current()
        except Exception as error:  # noqa: BLE001 - each library fails in its own way; all ways are named below
            failures.append(f"{name}: {error}")
            _forget_opengl()
        else:
            return context, name
    raise DeviceError(
        "simulated cameras",
        f"no off-screen OpenGL starts ({'; '.join(failures)})",
        way_out="Install EGL or OSMesa (on Debian: `apt install libegl1 libosmesa6`)",
    )


def _backends() -> tuple[str, ...]:
    """Return which ways to try, in order."""
    wanted = os.environ.get("MUJOCO_GL", "").strip().lower()
    if wanted in ("egl", "osmesa", "glfw"):
        return (wanted,)
    return ("egl", "osmesa") if sys.platform == "linux" else ("native",)


def _context_class(name: str) -> Callable[[int, int], Any]:
    """Import the context class of one way."""
    if name == "native":
        name = "cgl" if sys.platform == "darwin" else "glfw"
    context: Callable[[int, int], Any] = import_module(f"mujoco.{name}").GLContext
    return context


def _forget_opengl() -> None:
    """Undo a failed import of PyOpenGL, which chooses its platform once per process."""
    os.environ.pop("PYOPENGL_PLATFORM", None)
    for module in [name for name in sys.modules if name == "OpenGL" or name.startswith("OpenGL.")]:
        del sys.modules[module]
