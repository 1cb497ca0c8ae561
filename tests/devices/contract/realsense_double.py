"""librealsense's own software device as a camera: pictures of known content, fed by a thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyrealsense2 as rs
import pytest

from devices.cameras import realsense

WIDTH, HEIGHT, RATE_HZ = 64, 48, 60
FOCAL, CENTRE = 60.0, (31.5, 23.5)
DEPTH_MM = 500


def _stream(kind: Any, uid: int, form: Any, bpp: int) -> Any:
    lens = rs.intrinsics()
    lens.width, lens.height, lens.fx, lens.fy = WIDTH, HEIGHT, FOCAL, FOCAL
    lens.ppx, lens.ppy = CENTRE
    lens.model, lens.coeffs = rs.distortion.none, [0.0] * 5
    stream = rs.video_stream()
    stream.type, stream.uid, stream.fmt, stream.bpp = kind, uid, form, bpp
    stream.width, stream.height, stream.fps, stream.intrinsics = WIDTH, HEIGHT, RATE_HZ, lens
    return stream


class SoftwareCamera:
    """Colour and depth; every picture's content follows from its number."""

    def __init__(self) -> None:
        self.device = rs.software_device()
        self._depth, self._color = self.device.add_sensor("Depth"), self.device.add_sensor("Color")
        self._profiles = (
            self._depth.add_video_stream(_stream(rs.stream.depth, 1, rs.format.z16, 2)),
            self._color.add_video_stream(_stream(rs.stream.color, 2, rs.format.rgb8, 3)),
        )
        self._depth.add_read_only_option(rs.option.depth_units, 0.001)
        here = rs.extrinsics()
        here.rotation, here.translation = [1, 0, 0, 0, 1, 0, 0, 0, 1], [0, 0, 0]
        self._profiles[0].as_video_stream_profile().register_extrinsics_to(self._profiles[1], here)
        self.device.create_matcher(rs.matchers.default)
        self.closing, self.silent = threading.Event(), threading.Event()
        self._keep: list[np.ndarray] = []
        self._thread = threading.Thread(target=self._feed)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self.closing.set()
        self._thread.join()

    def _feed(self) -> None:
        number = 0
        while not self.closing.wait(1.0 / RATE_HZ):
            if self.silent.is_set():
                continue
            number += 1
            depth = np.full((HEIGHT, WIDTH), DEPTH_MM, np.uint16)
            color = np.full((HEIGHT, WIDTH, 3), (200, 100, number % 50), np.uint8)
            self._keep = [*self._keep[-20:], depth, color]
            self._send(self._depth, self._profiles[0], depth, 2, number)
            self._send(self._color, self._profiles[1], color, 3, number)

    def _send(self, sensor: Any, profile: Any, pixels: np.ndarray, bpp: int, number: int) -> None:
        frame = rs.software_video_frame()
        frame.pixels, frame.stride, frame.bpp = pixels, WIDTH * bpp, bpp
        frame.timestamp, frame.domain = number * 1000.0 / RATE_HZ, rs.timestamp_domain.hardware_clock
        frame.frame_number, frame.profile = number, profile.as_video_stream_profile()
        if bpp == 2:
            frame.depth_units = 0.001
        sensor.on_video_frame(frame)


@contextmanager
def software_camera() -> Iterator[tuple[dict[str, Any], SoftwareCamera]]:
    """Yield the options of a rig file, and the camera that they open."""
    camera = SoftwareCamera()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(realsense, "find_device", lambda *_: camera.device)
        camera.start()
        try:
            yield {"size": [WIDTH, HEIGHT], "rate_hz": float(RATE_HZ)}, camera
        finally:
            camera.close()
