"""Options of the cameras, as a rig file gives them. Light: read before any SDK is."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Positive = Annotated[float, msgspec.Meta(gt=0)]
Size = tuple[Annotated[int, msgspec.Meta(gt=0)], Annotated[int, msgspec.Meta(gt=0)]]


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a camera sits and how it sees; without `intrinsics` it counts as not calibrated.

    Attributes:
        stall_s: Silence after which the person is told.
        quality: JPEG quality, 1 to 100.
        required: A take starts only when it has delivered a picture.
        intrinsics: fx, fy, cx, cy in pixels.
        mount: "base": fixed; "tool": travels with the end effector.
        pose: 4×4 camera pose in the mount's frame, row-major, m, OpenCV axes.
    """

    stall_s: Positive = 0.5
    quality: Annotated[int, msgspec.Meta(ge=1, le=100)] = 90
    required: bool = True
    intrinsics: tuple[Positive, Positive, float, float] | None = None
    mount: Literal["base", "tool"] = "base"
    pose: Annotated[tuple[float, ...], msgspec.Meta(min_length=16, max_length=16)] = (
        1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0,
    )  # fmt: skip


class Uvc(Place, frozen=True, kw_only=True):
    """A USB camera; `device` is a number or a path such as /dev/v4l/by-id/…, which survives a new start."""

    device: int | str = 0
    size: Size = (640, 480)
    rate_hz: Positive = 30.0
    fourcc: Annotated[str, msgspec.Meta(min_length=4, max_length=4)] = "MJPG"


class File(Place, frozen=True, kw_only=True):
    """A video file, played at its own rate; `repeat` starts it anew at its end."""

    path: str
    repeat: bool = True


class Stream(Place, frozen=True, kw_only=True):
    """A network stream: http://… (MJPEG) or rtsp://…; `rate_hz` is what it promises, if it does not say."""

    url: str
    rate_hz: Positive = 30.0
    open_timeout_s: Positive = 5.0


class RealSense(Place, frozen=True, kw_only=True):
    """An Intel RealSense; `serial` empty: the only one. Intrinsics come from the camera unless they are given.

    Attributes:
        size: Of colour and depth; depth is aligned to colour.
        depth_every: A depth picture is published with every n-th colour picture; 0: none.
    """

    serial: str = ""
    size: Size = (640, 480)
    rate_hz: Positive = 30.0
    depth_every: Annotated[int, msgspec.Meta(ge=0)] = 1
