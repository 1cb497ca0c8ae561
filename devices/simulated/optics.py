"""Camera geometry of the simulated bench: what a calibration would give of a real camera.

OpenCV convention: x right, y down, z forward; pixel centres at whole numbers, so a point projects to
u = fx X / Z + cx, v = fy Y / Z + cy with (0, 0) the centre of the first pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import mujoco
import numpy as np
import numpy.typing as npt

from app.core.errors import DeviceError
from devices.simulated.furniture import SCENE_CAMERA, WRIST_CAMERA
from devices.simulated.geometry import TOOL_SITE

Array = npt.NDArray[np.float64]

CAMERAS: Final = (SCENE_CAMERA, WRIST_CAMERA)
_OPENCV_FROM_MUJOCO: Final = np.diag([1.0, -1.0, -1.0])


@dataclass(frozen=True)
class CameraInfo:
    """Intrinsics and extrinsics of one camera.

    Attributes:
        name: "scene" or "wrist".
        width: Pixels.
        height: Pixels.
        fx: Focal length, pixels.
        fy: Focal length, pixels.
        cx: Principal point, pixels.
        cy: Principal point, pixels.
        frame: What the extrinsics are relative to: "base" or "tool".
        pose: (4, 4) camera pose in that frame: maps camera points to it.
    """

    name: str
    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    frame: str
    pose: Array


def camera_info(model: Any, name: str, picture: tuple[int, int]) -> CameraInfo:
    """Return a camera's geometry for pictures of a size.

    Args:
        model: Physics or picture model.
        name: Camera.
        picture: Width and height, pixels.

    Raises:
        DeviceError: the camera does not exist.
    """
    if name not in CAMERAS:
        raise DeviceError(f"camera {name!r}", "the simulated bench does not have it", options=CAMERAS)
    width, height = picture
    focal = 0.5 * height / float(np.tan(np.radians(model.camera(name).fovy[0]) / 2))
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)
    mujoco.mj_camlight(model, data)
    pose = np.eye(4)
    pose[:3, :3] = data.camera(name).xmat.reshape(3, 3) @ _OPENCV_FROM_MUJOCO
    pose[:3, 3] = data.camera(name).xpos
    if name == WRIST_CAMERA:
        tool = np.eye(4)
        tool[:3, :3] = data.site(TOOL_SITE).xmat.reshape(3, 3)
        tool[:3, 3] = data.site(TOOL_SITE).xpos
        pose = np.linalg.inv(tool) @ pose
    return CameraInfo(
        name=name, width=width, height=height, fx=focal, fy=focal, cx=(width - 1) / 2, cy=(height - 1) / 2,
        frame="tool" if name == WRIST_CAMERA else "base", pose=pose,
    )  # fmt: skip
