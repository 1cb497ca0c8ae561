"""RealSense on librealsense's software device."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
import simplejpeg

pytest.importorskip("pyrealsense2", reason="the extra `realsense` is not installed")

from app.core.errors import DeviceError
from app.core.wire.codec import decode_depth
from devices.cameras.options import RealSense
from devices.cameras.realsense import make_realsense
from tests.devices.contract.realsense_double import DEPTH_MM, HEIGHT, WIDTH, software_camera
from tests.hygiene import wait_until


def test_colour_depth_and_intrinsics() -> None:
    with software_camera() as (options, _):
        camera = make_realsense("wrist", msgspec.convert(options, RealSense))
        try:
            wait_until(lambda: len(camera.latest()) == 2, 10.0, "colour and depth")
            samples = {sample.topic: sample for sample in camera.latest()}
            color = simplejpeg.decode_jpeg(samples["wrist/color"].data)
            assert np.allclose(color[:, :, :2].mean(axis=(0, 1)), (200, 100), atol=3)
            data = samples["wrist/depth"].data
            assert isinstance(data, bytes)
            depth = decode_depth(data, (HEIGHT, WIDTH))
            assert (depth[2:-2, 2:-2] == DEPTH_MM).all()
            (info,) = camera.cameras()
            assert (info.fx, info.cx, info.cy) == (60.0, 32.0, 24.0)
        finally:
            camera.close()


def test_a_stall_is_told() -> None:
    with software_camera() as (options, double):
        camera = make_realsense("wrist", msgspec.convert({**options, "stall_s": 0.2}, RealSense))
        said: list[str] = []

        def heard(words: str) -> bool:
            said.extend(notice.text for notice in camera.notices())
            return any(words in text for text in said)

        try:
            double.silent.set()
            wait_until(lambda: heard("nothing came for"), 10.0, "the stall")
            double.silent.clear()
            wait_until(lambda: heard("back after"), 10.0, "the return")
        finally:
            camera.close()


def test_a_size_that_it_does_not_have_is_refused_with_those_it_has() -> None:
    with (
        software_camera() as (options, _),
        pytest.raises(DeviceError, match=r"no color of 640×480.*Valid: 64×48 at 60"),
    ):
        make_realsense("wrist", msgspec.convert({**options, "size": [640, 480]}, RealSense))


def test_no_camera_says_so() -> None:
    with pytest.raises(DeviceError, match="no RealSense 123 is connected"):
        make_realsense("wrist", RealSense(serial="123"))
