"""For every registered driver: how it is run without its hardware, or why it cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from tests.devices.contract.franka_double import franka_controller
from tests.devices.contract.gel_pictures import GelPicture
from tests.devices.contract.netft_double import netft_box
from tests.devices.contract.ur_double import ur_controller
from tests.devices.contract.videos import mjpeg_server, numbered, write_video
from tests.devices.contract.xarm_double import xarm_controller

Options = dict[str, Any]


@contextmanager
def no_arm(folder: Path) -> Iterator[Options]:
    yield {}


@contextmanager
def video_file(folder: Path) -> Iterator[Options]:
    path = write_video(folder / "numbers.avi", [numbered(n) for n in range(30)], 60.0)
    yield {"path": str(path)}


@contextmanager
def network_stream(folder: Path) -> Iterator[Options]:
    with mjpeg_server() as (url, _):
        yield {"url": url}


@contextmanager
def realsense(folder: Path) -> Iterator[Options]:
    from tests.devices.contract.realsense_double import software_camera  # its library may not be installed

    with software_camera() as (options, _):
        yield options


@contextmanager
def gel_film(folder: Path) -> Iterator[Options]:
    gel = GelPicture()
    pictures = [gel.render(gel.shear(3.0 * (i % 10) / 10, 0.0), seed=i) for i in range(20)]
    path = write_video(folder / "gel.avi", pictures, 60.0, lossless=True)
    yield {"device": str(path), "rate_hz": 60.0}


@contextmanager
def netft(folder: Path) -> Iterator[Options]:
    with netft_box() as (options, _):
        yield options


@contextmanager
def ur_arm(folder: Path) -> Iterator[Options]:
    with ur_controller() as (options, _):
        yield {**options, "control": True}


@contextmanager
def franka(folder: Path) -> Iterator[Options]:
    with franka_controller() as (options, _):
        yield {**options, "control": True}


@contextmanager
def xarm(folder: Path) -> Iterator[Options]:
    with xarm_controller() as (options, _):
        yield {**options, "control": True, "force": True}


DOUBLES: dict[str, Callable[[Path], AbstractContextManager[Options]]] = {
    "arm/none": no_arm,
    "arm/ur": ur_arm,
    "arm/xarm": xarm,
    "arm/franka": franka,
    "camera/file": video_file,
    "camera/stream": network_stream,
    "camera/realsense": realsense,
    "touch/gelsight-mini": gel_film,
    "touch/digit": gel_film,
    "touch/ati-netft": netft,
}
# Drivers that nothing here can stand in for, with the reason that the help gives too.
HARDWARE_ONLY = {
    "arm/flexiv": "its library has no package for Python 3.11; a stand-in for it is in tests/devices/arms",
    "camera/uvc": "a V4L2 device node is a kernel object; what reads it is the code of camera/file and camera/stream",
}
