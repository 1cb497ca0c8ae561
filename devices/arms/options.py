"""Options of the arms, as a rig file gives them. Light: read before any SDK is."""

from __future__ import annotations

from typing import Annotated

import msgspec

Pose = Annotated[tuple[float, ...], msgspec.Meta(min_length=7, max_length=7)]


class Absent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No arm; `pose` is where the tool counts as being, m and quaternion w x y z."""

    pose: Pose = (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
    rate_hz: Annotated[float, msgspec.Meta(gt=0)] = 250.0
