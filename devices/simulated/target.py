"""The calibration board of a simulated rig: seen by the cameras, touched by nothing.

On the table it is for a camera on the tool, on the hand for a fixed one. It is the board that the calibration wizard
offers by default (`app.core.calibration.BoardSpec`), with a margin of half a square; a test compares the two. The rig
does not say where that camera sits: finding it out is what the board is for.
"""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import Any, Final, Literal

import mujoco
import numpy as np

from devices.simulated import geometry as g

Place = Literal["table", "hand"]
PLACES: Final[tuple[Place, ...]] = ("table", "hand")
AIMED_AT: Final = {"table": "wrist", "hand": "scene"}  # the camera that it is for
PICTURE: Final = "charuco_8x6_30mm.png"
HALF_M: Final = (0.135, 0.105, 0.001)  # 9 × 7 squares of 30 mm, margin included
TABLE_M: Final = (0.42, 0.0, 0.13)
HAND_M: Final = (0.10, -0.08, 0.12)  # hand frame: beside the finger, above it
HAND_NORMAL: Final = (0.73, -0.50, -0.42)  # hand frame: towards the fixed camera when the arm is at home
_LOOK: Final = "calibration_board"


def add_target(spec: Any, place: Place) -> None:
    """Add the board to the model that pictures are drawn of."""
    with as_file(files("resources") / "boards" / PICTURE) as path:
        spec.add_texture(name=_LOOK, type=mujoco.mjtTexture.mjTEXTURE_2D, file=str(path))
    material = spec.add_material(name=_LOOK, texrepeat=[1, 1], specular=0.0, shininess=0.0, emission=0.3)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = _LOOK
    look = {
        "name": _LOOK, "type": mujoco.mjtGeom.mjGEOM_BOX, "size": HALF_M, "material": _LOOK, "contype": 0,
        "conaffinity": 0,
    }  # fmt: skip
    if place == "table":
        spec.worldbody.add_geom(pos=TABLE_M, **look)
        return
    turn = np.empty(4)
    mujoco.mju_quatZ2Vec(turn, np.array(HAND_NORMAL) / np.linalg.norm(HAND_NORMAL))
    spec.body(g.HAND_BODY).add_geom(pos=HAND_M, quat=turn, **look)
