"""Decodes the pictures that are looked at, in a thread of its own: the Qt thread only draws them.

simplejpeg lets go of the interpreter's lock while it decodes, `QImage.fromData` does not (decision 0037).
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import simplejpeg
from PySide6.QtGui import QImage

from app.core.errors import WireError

if TYPE_CHECKING:
    from widgets.bridge.feed import Frame

WANTED_S = 0.5  # a topic that nobody asked for in this time is not decoded
MOST_PIXELS = 64_000_000
SPARE_S = 10.0  # an image that was not written for as long is one that only a stall of the window needed
UNSHARED = 2  # what `sys.getrefcount` says of an element that only its list holds: the list and the argument


class ImagePool:
    """Images that are written again once nobody shows them: a new one for each picture is a megabyte of fresh pages.

    Used by one thread alone. An image is free when this pool holds the only reference to it. A copy that Qt made of it
    keeps its pixels: `bits()` parts the two before anything is written.

    Args:
        most: How many are kept; with more in use at once, further ones are made and not kept.
        now_s: A clock.
    """

    def __init__(self, most: int = 24, now_s: Callable[[], float] = time.monotonic) -> None:
        self._most, self._now_s = most, now_s
        self._images: list[QImage] = []
        self._taken_s: list[float] = []
        self.made = 0

    def __len__(self) -> int:
        """How many it keeps."""
        return len(self._images)

    def take(self, width: int, height: int) -> QImage:
        """Return an image of 32 bits a pixel; what is in it is arbitrary."""
        free = None
        now_s = self._now_s()
        self._drop_spare(now_s)
        for index in range(len(self._images)):
            if sys.getrefcount(self._images[index]) == UNSHARED:
                if self._images[index].width() == width and self._images[index].height() == height:
                    self._taken_s[index] = now_s
                    return self._images[index]
                free = index  # of another size: the first to go when there is no more room
        image = QImage(width, height, QImage.Format.Format_RGB32)
        self.made += 1
        if len(self._images) < self._most:
            self._images.append(image)
            self._taken_s.append(now_s)
        elif free is not None:
            self._images[free], self._taken_s[free] = image, now_s
        return image

    def _drop_spare(self, now_s: float) -> None:
        """Let go of the last ones if they lie idle: the first free one is taken, so the last are the spare ones."""
        while self._images and now_s - self._taken_s[-1] > SPARE_S:
            if sys.getrefcount(self._images[-1]) != UNSHARED:
                return
            self._images.pop()
            self._taken_s.pop()

    def clear(self) -> None:
        """Let go of all of them."""
        self._images.clear()
        self._taken_s.clear()


def decode_jpeg(data: bytes, pool: ImagePool | None = None) -> QImage:
    """Return a JPEG as an image of 32 bits a pixel, in an image of the pool if there is one.

    Raises:
        WireError: If the bytes are no JPEG, or one of an absurd size.
    """
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(data)
        if not 0 < height * width <= MOST_PIXELS:
            raise WireError("picture", f"{width}×{height} pixels are more than a camera has")
        make = pool.take if pool is not None else _new_image
        image = make(width, height)
        pixels = np.frombuffer(image.bits(), dtype=np.uint8).reshape(height, width, 4)
        simplejpeg.decode_jpeg(data, colorspace="BGRA", buffer=pixels)
    except ValueError as error:
        raise WireError("picture", f"it cannot be decoded ({error})") from error
    return image


def _new_image(width: int, height: int) -> QImage:
    return QImage(width, height, QImage.Format.Format_RGB32)


class PictureDecoder:
    """Takes encoded pictures from the I/O thread, and passes them on decoded. Of each topic only the newest waits.

    Args:
        deliver: Called in the decoder's thread with each decoded frame.
    """

    def __init__(self, deliver: Callable[[str, Frame], None]) -> None:
        self._deliver = deliver
        self._changed = threading.Condition()
        self._waiting: dict[str, Frame] = {}
        self._wanted: dict[str, float] = {}
        self._replaced: dict[str, int] = {}
        self._caught_up: dict[str, int] = {}
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="window-pictures")
        self._thread.start()

    def want(self, topic: str, newest: Frame | None = None) -> None:
        """Say that a topic is looked at now (Qt thread); a newest frame that came undecoded is decoded, once."""
        self._wanted[topic] = time.monotonic()
        if newest is None or newest.image is not None or newest.problem or newest.header.encoding != "jpeg":
            return
        with self._changed:
            if topic not in self._waiting and self._caught_up.get(topic) != newest.header.seq:
                self._caught_up[topic] = newest.header.seq
                self._waiting[topic] = newest
                self._changed.notify()

    def wants(self, topic: str) -> bool:
        """Whether anybody looks at a topic."""
        return time.monotonic() - self._wanted.get(topic, -WANTED_S) < WANTED_S

    def put(self, topic: str, frame: Frame) -> None:
        """Take in an encoded picture (I/O thread); one that still waits is dropped and counted."""
        with self._changed:
            if topic in self._waiting:
                self._replaced[topic] = self._replaced.get(topic, 0) + 1
            self._waiting[topic] = frame
            self._changed.notify()

    def replaced(self, topic: str) -> int:
        """Return how many pictures of a topic were dropped before they were decoded."""
        return self._replaced.get(topic, 0)

    def clear(self) -> None:
        """Forget what waits and what was counted: another device server is connected."""
        with self._changed:
            self._waiting.clear()
            self._replaced.clear()
            self._caught_up.clear()

    def _run(self) -> None:
        pool = ImagePool()
        while True:
            with self._changed:
                while not self._waiting and not self._ending:
                    self._changed.wait()
                if self._ending:
                    return
                topic = next(iter(self._waiting))
                frame = self._waiting.pop(topic)
            try:
                assert isinstance(frame.data, bytes)
                frame = replace(frame, image=decode_jpeg(frame.data, pool))
            except WireError as error:
                frame = replace(frame, problem=error.sentence())
            self._deliver(topic, frame)

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        self._thread.join()
