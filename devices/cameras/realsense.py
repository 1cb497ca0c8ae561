"""Intel RealSense: colour, and depth aligned to it. Uses the sensors one by one, so that librealsense's own software
device stands in for a camera in tests.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pyrealsense2 as rs
import simplejpeg

from app.core.errors import DeviceError
from app.core.wire.codec import encode_depth
from app.core.wire.messages import CameraInfo, StreamSpec
from devices.cameras.fed import FedCamera
from devices.cameras.info import info_of
from devices.cameras.options import RealSense
from devices.interface import Sample
from devices.parts.feed import Feed

WAIT_MS = 500
FIRST_PICTURE_S = 10.0
# librealsense's pixel (0, 0) is the centre of the first pixel, ours its outer corner.
HALF_PIXEL = 0.5


def find_device(name: str, serial: str) -> Any:
    """Return the camera with this serial number, or the only one.

    Raises:
        DeviceError: If it is not there, or there are several to choose from.
    """
    devices = list(rs.context().query_devices())
    serials = [device.get_info(rs.camera_info.serial_number) for device in devices]
    chosen = [device for device, number in zip(devices, serials, strict=True) if serial in ("", number)]
    if len(chosen) != 1:
        cause = (
            "several are connected" if len(chosen) > 1 else f"no RealSense {serial or 'camera'} is connected"
        )
        raise DeviceError(
            f"camera {name!r}",
            cause,
            options=serials,
            way_out="Plug it into USB 3, or set `serial` in the rig file",
        )
    return chosen[0]


@dataclass(frozen=True)
class Mode:
    """What is asked of one sensor."""

    kind: Any
    form: Any
    width: int
    height: int
    rate_hz: int

    @classmethod
    def of(cls, profile: Any) -> Mode:
        """Return the mode that a video profile of librealsense stands for."""
        video = profile.as_video_stream_profile()
        return cls(profile.stream_type(), profile.format(), video.width(), video.height(), profile.fps())


def check(name: str, wanted: Mode, offered: list[Mode]) -> None:
    """Refuse a mode that the camera does not have.

    Raises:
        DeviceError: With the sizes and rates that it has.
    """
    if wanted not in offered:
        able = {
            (m.width, m.height, m.rate_hz) for m in offered if (m.kind, m.form) == (wanted.kind, wanted.form)
        }
        raise DeviceError(
            f"camera {name!r}",
            f"it offers no {wanted.kind.name} of {wanted.width}×{wanted.height} at {wanted.rate_hz} Hz",
            options=[f"{width}×{height} at {rate} Hz" for width, height, rate in sorted(able)],
        )


class RealSenseSource:
    """One opened camera, read in a feed's thread."""

    def __init__(self, name: str, options: RealSense) -> None:
        self._name, self._options, self._count = name, options, 0
        self._last = -1
        self._syncer, self._align = rs.syncer(), rs.align(rs.stream.color)
        self._open: list[Any] = []
        sensors = list(find_device(name, options.serial).query_sensors())
        profiles = [
            (sensor, each)
            for sensor in sensors
            for each in sensor.get_stream_profiles()
            if each.is_video_stream_profile()
        ]
        size_and_rate = (*options.size, round(options.rate_hz))
        wanted = [Mode(rs.stream.color, rs.format.rgb8, *size_and_rate)]
        if options.depth_every:
            wanted.append(Mode(rs.stream.depth, rs.format.z16, *size_and_rate))
        for mode in wanted:
            check(name, mode, [Mode.of(profile) for _, profile in profiles])
        chosen = [(sensor, profile) for sensor, profile in profiles if Mode.of(profile) in wanted]
        self.intrinsics = next(
            profile.as_video_stream_profile().get_intrinsics()
            for _, profile in chosen
            if profile.stream_type() == rs.stream.color
        )
        try:
            for sensor in sensors:
                mine = [profile for owner, profile in chosen if owner is sensor]
                if mine:
                    sensor.open(mine)
                    self._open.append(sensor)
                    sensor.start(self._syncer)
        except RuntimeError as error:
            self.close()
            raise DeviceError(f"camera {name!r}", f"it cannot be started ({error})") from error

    def read(self) -> list[Sample]:
        """Return the next colour picture with its depth, or nothing."""
        try:
            good, frames = self._syncer.try_wait_for_frames(WAIT_MS)
        except RuntimeError as error:
            raise DeviceError(f"camera {self._name!r}", f"it is lost ({error})") from error
        now = time.monotonic_ns()
        if not good:
            return []
        frameset = frames.as_frameset()
        color = frameset.get_color_frame()
        if not color or color.get_frame_number() == self._last:
            return []
        self._last = color.get_frame_number()
        self._count += 1
        samples = [self._color(color, now)]
        every = self._options.depth_every
        if every and self._count % every == 0 and frameset.get_depth_frame():
            samples.append(self._depth(self._align.process(frameset).get_depth_frame(), now))
        return samples

    def _color(self, frame: Any, now_ns: int) -> Sample:
        picture = np.ascontiguousarray(np.asanyarray(frame.get_data()))
        jpeg = simplejpeg.encode_jpeg(picture, quality=self._options.quality, colorspace="RGB")
        return Sample(f"{self._name}/color", now_ns, jpeg)

    def _depth(self, frame: Any, now_ns: int) -> Sample:
        metres = np.asanyarray(frame.get_data()).astype(np.float32) * frame.get_units()
        return Sample(f"{self._name}/depth", now_ns, encode_depth(metres))

    def close(self) -> None:
        """Stop and release the camera."""
        while self._open:
            sensor = self._open.pop()
            with contextlib.suppress(RuntimeError):  # it is gone: nothing is left to release
                sensor.stop()
                sensor.close()


class RealSenseCamera(FedCamera):
    """A RealSense as a part of a rig."""

    def __init__(self, name: str, options: RealSense) -> None:
        self._name, self._options = name, options
        source = RealSenseSource(name, options)
        self._intrinsics = source.intrinsics
        self._feed = Feed(f"camera {name!r}", source, lambda: RealSenseSource(name, options), options.stall_s)
        self._feed.wait_first(FIRST_PICTURE_S)

    def streams(self) -> tuple[StreamSpec, ...]:
        """Return the colour signal and, if asked for, depth."""
        (width, height), rate = self._options.size, self._options.rate_hz
        need, every = self._options.required, self._options.depth_every
        color = StreamSpec(
            self._name, "color", "|u1", (height, width, 3), rate, encoding="jpeg", required=need
        )
        depth = StreamSpec(
            self._name,
            "depth",
            "<u2",
            (height, width),
            rate / max(every, 1),
            "mm",
            encoding="depth16",
            required=False,
        )
        return (color, depth) if every else (color,)

    def cameras(self) -> tuple[CameraInfo, ...]:
        """Return the calibration: of the rig file, or the camera's own intrinsics."""
        own = self._intrinsics
        numbers = (own.fx, own.fy, own.ppx + HALF_PIXEL, own.ppy + HALF_PIXEL)
        place = msgspec.structs.replace(self._options, intrinsics=self._options.intrinsics or numbers)
        return info_of(self._name, self._options.size, place)


def make_realsense(name: str, options: RealSense) -> RealSenseCamera:
    """Return a RealSense camera."""
    return RealSenseCamera(name, options)
