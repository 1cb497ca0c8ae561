"""Pictures from anything that OpenCV opens: a USB camera, a video file, a network stream. Read in a feed's thread."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

# How long OpenCV waits for a picture of a USB camera, and how much it says; read when it is imported.
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "1")
os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")

import cv2
import numpy as np

from app.core.errors import DeviceError
from devices.cameras.options import File, Stream, Uvc
from devices.parts.feed import SourceEnded

READ_TIMEOUT_MS = 1000
FAILURES_IN_A_ROW = 3


class Grabber:
    """Reads pictures one after the other.

    Args:
        name: What the person calls the camera.
        capture: The opened capture.
        paced: Wait for each picture's time, for a file that would be read faster than it was taken.
        restart: Start anew at the end, for a file that repeats.

    Attributes:
        size: (width, height) of the pictures.
        rate_hz: What the source says of its rate; 0 if it says nothing that makes sense.
    """

    def __init__(
        self,
        name: str,
        capture: cv2.VideoCapture,
        paced: bool = False,
        restart: Callable[[], cv2.VideoCapture] | None = None,
    ) -> None:
        self.name, self._capture, self._paced, self._restart = name, capture, paced, restart
        said = float(capture.get(cv2.CAP_PROP_FPS))
        self.rate_hz = said if 0.1 <= said <= 1000.0 else 0.0
        self._failures, self._next_s = 0, 0.0
        self.size = (0, 0)
        self._first = self._read()
        if self._first is None:
            capture.release()
            raise DeviceError(
                f"camera {name!r}", "it opened but gives no picture", way_out="Try another size or rate"
            )
        self.size = (self._first[1].shape[1], self._first[1].shape[0])

    def grab(self) -> tuple[int, np.ndarray] | None:
        """Return (monotonic ns at receipt, picture BGR (H, W, 3)), or None if none came this time.

        Raises:
            DeviceError: If the connection is lost, or pictures of another size come.
            SourceEnded: If a file that does not repeat is over.
        """
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return self._read()

    def _read(self) -> tuple[int, np.ndarray] | None:
        self._wait()
        good, picture = self._capture.read()
        now = time.monotonic_ns()
        if not good or picture is None:
            self._missed()
            return None
        self._failures = 0
        size = (picture.shape[1], picture.shape[0])
        if self.size not in ((0, 0), size):
            raise DeviceError(f"camera {self.name!r}", f"its pictures changed to {size[0]}×{size[1]}")
        return now, picture

    def _wait(self) -> None:
        if self._paced and self.rate_hz:
            time.sleep(min(max(0.0, self._next_s - time.monotonic()), 1.0))
            self._next_s = max(self._next_s, time.monotonic() - 1.0 / self.rate_hz) + 1.0 / self.rate_hz

    def _missed(self) -> None:
        if self._restart is not None and self._failures == 0:
            self._capture.release()
            self._capture = self._restart()
        elif self._paced:
            raise SourceEnded
        self._failures += 1
        if self._failures >= FAILURES_IN_A_ROW:
            raise DeviceError(
                f"camera {self.name!r}", "it gives no picture any more", way_out="It is tried again"
            )

    def close(self) -> None:
        """Release the capture."""
        self._capture.release()


def open_uvc(name: str, options: Uvc) -> Grabber:
    """Open a USB camera. Asks for the newest picture only, where the driver of the camera knows that."""
    capture = cv2.VideoCapture(options.device, cv2.CAP_V4L2 if os.name == "posix" else cv2.CAP_ANY)
    if not capture.isOpened():
        raise DeviceError(
            f"camera {name!r}", f"{options.device!r} cannot be opened", options=present_devices(),
            way_out="Plug it in, close other programs that use it, or change `device` in the rig file",
        )  # fmt: skip
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*options.fourcc))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, options.size[0])
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, options.size[1])
    capture.set(cv2.CAP_PROP_FPS, options.rate_hz)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return Grabber(name, capture)


def present_devices() -> list[str]:
    """Return the video devices that this machine has, in words for an error."""
    try:
        found = sorted(item for item in os.listdir("/dev") if item.startswith("video"))
    except OSError:
        found = []
    return [f"/dev/{item}" for item in found] or ["none: this machine has no video device"]


def open_file(name: str, options: File) -> Grabber:
    """Open a video file."""

    def start() -> cv2.VideoCapture:
        capture = cv2.VideoCapture(options.path)
        if not capture.isOpened():
            raise DeviceError(
                f"camera {name!r}", f"{options.path} is missing or no video that can be read",
                way_out="Change `path` in the rig file",
            )  # fmt: skip
        return capture

    return Grabber(name, start(), paced=True, restart=start if options.repeat else None)


def open_stream(name: str, options: Stream) -> Grabber:
    """Open a network stream. Both opening and reading have a time limit."""
    limits = [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, int(options.open_timeout_s * 1000),
        cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_TIMEOUT_MS,
    ]  # fmt: skip
    capture = cv2.VideoCapture(options.url, cv2.CAP_FFMPEG, limits)
    if not capture.isOpened():
        raise DeviceError(
            f"camera {name!r}", f"{options.url} does not answer with a video stream",
            way_out="Open the address in a browser or player first, or change `url` in the rig file",
        )  # fmt: skip
    return Grabber(name, capture)


def open_any(name: str, device: int | str, size: tuple[int, int], rate_hz: float) -> Grabber:
    """Open a USB camera (a number or /dev/…), a network stream (anything with "://") or a video file that repeats."""
    if isinstance(device, int) or device.startswith("/dev/"):
        return open_uvc(name, Uvc(device=device, size=size, rate_hz=rate_hz))
    if "://" in device:
        return open_stream(name, Stream(url=device, rate_hz=rate_hz))
    return open_file(name, File(path=device))
