"""What a rig file can say of the synthetic device. Light: read before anything is drawn."""

from __future__ import annotations

from typing import Annotated

import msgspec

Positive = Annotated[float, msgspec.Meta(gt=0)]
Size = tuple[Annotated[int, msgspec.Meta(ge=32)], Annotated[int, msgspec.Meta(ge=32)]]


class LoadOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The options of the driver `synthetic/load`.

    Attributes:
        cameras: How many cameras look at the synthetic scene, 1 to 4.
        picture: Width and height, pixels.
        picture_rate: Pictures per second and camera.
        depth_rate: Depth pictures per second and camera; 0 for none.
        wrench_rate: Samples of the wrench per second, a multiple of 250.
        state_rate: Samples of the arm's 14 joint values per second, a multiple of 250; 0 for none.
        phases: How many different pictures each camera repeats.
    """

    cameras: Annotated[int, msgspec.Meta(ge=1, le=4)] = 3
    picture: Size = (640, 480)
    picture_rate: Positive = 60.0
    depth_rate: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    wrench_rate: Annotated[int, msgspec.Meta(ge=250, le=4000, multiple_of=250)] = 1000
    state_rate: Annotated[int, msgspec.Meta(ge=0, le=4000, multiple_of=250)] = 0
    phases: Annotated[int, msgspec.Meta(ge=1, le=60)] = 12
