"""A camera as a part of a rig: pictures are encoded once, in the camera's own thread."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import simplejpeg

from app.core.errors import DeviceError
from app.core.wire.messages import CameraInfo, StreamSpec
from devices.cameras.fed import FedCamera
from devices.cameras.grabber import Grabber, open_file, open_stream, open_uvc
from devices.cameras.info import info_of
from devices.cameras.options import File, Place, Stream, Uvc
from devices.interface import Sample
from devices.parts.feed import Feed

FIRST_PICTURE_S = 10.0


class PictureSource:
    """Turns what a grabber gives into samples."""

    def __init__(self, name: str, grabber: Grabber, quality: int) -> None:
        self._topic, self._grabber, self._quality = f"{name}/color", grabber, quality

    def read(self) -> list[Sample]:
        """Return the next picture as JPEG, or nothing."""
        grabbed = self._grabber.grab()
        if grabbed is None:
            return []
        return [Sample(self._topic, grabbed[0], encode(grabbed[1], self._quality))]

    def close(self) -> None:
        """Release the camera."""
        self._grabber.close()


def encode(bgr: np.ndarray, quality: int) -> bytes:
    """Return a picture BGR (H, W, 3) as JPEG."""
    jpeg: bytes = simplejpeg.encode_jpeg(np.ascontiguousarray(bgr), quality=quality, colorspace="BGR")
    return jpeg


class ColorCamera(FedCamera):
    """A camera without depth.

    Args:
        name: Name of the part.
        place: Options that all cameras have.
        open_grabber: Opens the hardware; called again when it was lost.
        rate_hz: Nominal rate, where the camera itself does not say one.
    """

    def __init__(
        self, name: str, place: Place, open_grabber: Callable[[], Grabber], rate_hz: float = 0.0
    ) -> None:
        self._name, self._place = name, place
        grabber = open_grabber()
        self._size, self._rate_hz = grabber.size, grabber.rate_hz or rate_hz

        def reopen() -> PictureSource:
            fresh = open_grabber()
            if fresh.size != self._size:
                fresh.close()
                raise DeviceError(f"camera {name!r}", f"it came back with pictures of {fresh.size} pixels")
            return PictureSource(name, fresh, place.quality)

        self._feed = Feed(
            f"camera {name!r}", PictureSource(name, grabber, place.quality), reopen, place.stall_s
        )
        self._feed.wait_first(FIRST_PICTURE_S)

    def streams(self) -> tuple[StreamSpec, ...]:
        """Return the picture signal."""
        width, height = self._size
        shape = (height, width, 3)
        return (
            StreamSpec(
                self._name,
                "color",
                "|u1",
                shape,
                self._rate_hz,
                encoding="jpeg",
                required=self._place.required,
            ),
        )

    def cameras(self) -> tuple[CameraInfo, ...]:
        """Return its calibration, if it is known."""
        return info_of(self._name, self._size, self._place)


def make_uvc(name: str, options: Uvc) -> ColorCamera:
    """Return a USB camera."""
    return ColorCamera(name, options, lambda: open_uvc(name, options), options.rate_hz)


def make_file(name: str, options: File) -> ColorCamera:
    """Return a video file as a camera."""
    return ColorCamera(name, options, lambda: open_file(name, options))


def make_stream(name: str, options: Stream) -> ColorCamera:
    """Return a network stream as a camera."""
    return ColorCamera(name, options, lambda: open_stream(name, options), options.rate_hz)
