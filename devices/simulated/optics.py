"""Camera geometry of the simulated bench: what a calibration would give of a real camera.

The convention is that of `app.core.geometry.project`: camera axes x right, y down, z forward; (0, 0) is the outer
corner of the first pixel, so a point on the optical axis projects to the middle of the picture.
"""

from __future__ import annotations

from typing import Any, Final

import mujoco
import numpy as np

from app.core.errors import DeviceError
from app.core.wire.messages import CameraInfo
from devices.simulated.furniture import SCENE_CAMERA, WRIST_CAMERA
from devices.simulated.geometry import TOOL_SITE

CAMERAS: Final = (SCENE_CAMERA, WRIST_CAMERA)
_OPENCV_FROM_MUJOCO: Final = np.diag([1.0, -1.0, -1.0])


def camera_info(model: Any, name: str, picture: tuple[int, int]) -> CameraInfo:
    """Return a camera's intrinsics and extrinsics for pictures of a size.

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
    on_hand = name == WRIST_CAMERA
    if on_hand:
        tool = np.eye(4)
        tool[:3, :3] = data.site(TOOL_SITE).xmat.reshape(3, 3)
        tool[:3, 3] = data.site(TOOL_SITE).xpos
        pose = np.linalg.inv(tool) @ pose
    return CameraInfo(
        name=name, width=width, height=height, fx=focal, fy=focal, cx=width / 2, cy=height / 2,
        mount="tool" if on_hand else "base", pose=tuple(float(value) for value in pose.ravel()),
    )  # fmt: skip
