"""What a rig file can say of a robosuite environment. Light: read before robosuite is."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec


class RobosuiteOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The options of the driver `robosuite`; `fast_` is for lock-step.

    Attributes:
        env, robot: Names of robosuite: "Lift", "Door", "Wipe", "NutAssemblySquare"; "Panda", "UR5e", "Sawyer".
        scene, wrist: Which cameras of the environment are published under these two names.
        tick_ms: Governor period; a multiple of 2 ms, robosuite's physics step.
        stiffness: Of its operational-space controller, 1/s²; damping is critical.
        start_noise: Spread of the joints' start, rad; the task's objects vary with the seed in any case.
        settings: More keyword arguments of the environment.
        picture, picture_rate, depth_rate: As those of the simulated bench.
    """

    env: str = "Lift"
    robot: str = "Panda"
    scene: str = "agentview"
    wrist: str = "robot0_eye_in_hand"
    tick_ms: Annotated[int, msgspec.Meta(ge=2, le=20, multiple_of=2)] = 10
    stiffness: Annotated[float, msgspec.Meta(gt=0, le=2000)] = 400.0
    start_noise: Annotated[float, msgspec.Meta(ge=0, le=0.2)] = 0.0
    settings: dict[str, Any] = {}
    picture: tuple[int, int] = (320, 240)
    picture_rate: float = 25.0
    depth_rate: float = 5.0
    fast_picture: tuple[int, int] = (160, 120)
    fast_picture_rate: float = 5.0
    fast_depth_rate: float = 0.0
