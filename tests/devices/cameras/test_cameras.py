"""Cameras through OpenCV: a generated file, a local stream; newest picture, stall, loss, return."""

from __future__ import annotations

from pathlib import Path

import pytest
import simplejpeg

from app.core.errors import DeviceError
from devices.cameras.camera import make_file, make_stream, make_uvc
from devices.cameras.options import File, Stream, Uvc
from devices.interface import Notice, Sample
from tests.devices.contract.videos import SIZE, mjpeg_server, number_of, numbered, write_video
from tests.hygiene import wait_until


def numbers(samples: list[Sample]) -> list[int]:
    return [number_of(simplejpeg.decode_jpeg(sample.data)) for sample in samples]


def test_a_file_gives_every_picture_once_in_order_then_ends(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", [numbered(n) for n in range(12)], 50.0)
    camera = make_file("scene", File(path=str(path), repeat=False))
    found: list[Sample] = []
    said: list[Notice] = []

    def over() -> bool:
        found.extend(camera.collect())
        said.extend(camera.notices())
        return any("end" in notice.text for notice in said)

    try:
        wait_until(over, 10.0, "the end of the file")
        seen = numbers(found)
        assert seen == sorted(set(seen))
        assert (seen[0], seen[-1]) == (0, 11)
        assert len(seen) + camera._feed.dropped == 12
        assert camera.streams()[0].shape == (SIZE[1], SIZE[0], 3)
        assert camera.streams()[0].rate_hz == pytest.approx(50.0)
        assert [notice.level for notice in said] == ["info"]
    finally:
        camera.close()


def test_only_the_newest_picture_waits(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", [numbered(n) for n in range(200)], 200.0)
    camera = make_file("scene", File(path=str(path), repeat=False))
    try:
        wait_until(lambda: numbers(camera.latest())[0] >= 20, 10.0, "the twentieth picture")
        (sample,) = camera.collect()
        assert numbers([sample])[0] >= 20
    finally:
        camera.close()


def test_a_stream_that_falls_silent_is_told_and_comes_back() -> None:
    with mjpeg_server() as (url, server):
        camera = make_stream("wrist", Stream(url=url, stall_s=0.2))
        said: list[str] = []

        def heard(words: str) -> bool:
            said.extend(notice.text for notice in camera.notices())
            return any(words in text for text in said)

        try:
            assert camera.streams()[0].shape == (SIZE[1], SIZE[0], 3)
            server.silent.set()
            wait_until(lambda: heard("nothing came for"), 10.0, "the stall to be told")
            server.silent.clear()
            wait_until(lambda: heard("back after"), 20.0, "the return to be told")
            camera.collect()
            wait_until(lambda: bool(camera.collect()), 10.0, "a picture")
        finally:
            camera.close()


def test_a_server_that_hangs_up_is_told_and_called_again() -> None:
    with mjpeg_server() as (url, server):
        camera = make_stream("wrist", Stream(url=url, stall_s=0.2))
        said: list[str] = []

        def heard(words: str) -> bool:
            said.extend(notice.text for notice in camera.notices())
            return any(words in text for text in said)

        try:
            server.hang_up.set()
            wait_until(lambda: heard("no picture any more"), 20.0, "the loss to be told")
            wait_until(lambda: heard("connected again"), 20.0, "the new connection")
            camera.collect()
            wait_until(lambda: bool(camera.collect()), 10.0, "a picture")
        finally:
            camera.close()


def test_calibration_of_the_rig_file_is_passed_on(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", [numbered(0)] * 3, 50.0)
    camera = make_file("wrist", File(path=str(path), intrinsics=(200.0, 201.0, 80.0, 60.0), mount="tool"))
    try:
        (info,) = camera.cameras()
    finally:
        camera.close()
    assert (info.name, info.width, info.height, info.fy, info.mount) == ("wrist", *SIZE, 201.0, "tool")


def test_what_cannot_be_opened_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="Change `path`"):
        make_file("scene", File(path=str(tmp_path / "none.avi")))
    with pytest.raises(DeviceError, match=r"does not answer.*`url`"):
        make_stream("scene", Stream(url="http://127.0.0.1:9/", open_timeout_s=1.0))
    with pytest.raises(DeviceError, match=r"cannot be opened.*Plug it in"):
        make_uvc("scene", Uvc(device="/dev/video99"))
    text = tmp_path / "text.avi"
    text.write_text("no video")
    with pytest.raises(DeviceError, match="no video that can be read"):
        make_file("scene", File(path=str(text)))
