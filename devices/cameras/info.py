"""The calibration of a camera as the wire tells it. Used by every camera."""

from __future__ import annotations

from app.core.wire.messages import CameraInfo
from devices.cameras.options import Place


def info_of(name: str, size: tuple[int, int], place: Place) -> tuple[CameraInfo, ...]:
    """Return the calibration that a rig file gives, if it gives one."""
    if place.intrinsics is None:
        return ()
    return (CameraInfo(name, *size, *place.intrinsics, place.mount, place.pose),)
