"""When the simulated cameras take pictures, and where: in a thread of their own, or at once in lock-step.

The thread gets copied states only, so that physics, wrench and control keep their rate while it renders.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any, Protocol

import numpy as np
import simplejpeg

from app.core.priority import yield_to_control
from app.core.wire.codec import encode_depth
from app.core.wire.messages import StreamSpec
from devices.interface import Sample
from devices.simulated.bench import Bench
from devices.simulated.cameras import Renderer

TICK_HZ = 250.0
CAMERAS = ("scene", "wrist")
JPEG_QUALITY = 90
SHARE_OF_A_CORE = 0.6  # the most that live rendering may take of one core


class Pictures(Protocol):
    """A source of camera samples."""

    note: str

    def streams(self) -> tuple[StreamSpec, ...]:
        """Return the specs of the camera signals."""
        ...

    def collect(self, tick: int, bench: Bench) -> list[Sample]:
        """Return the pictures that are due at governor period `tick` since the reset (0: all are due)."""
        ...

    def forget(self) -> None:
        """Drop what was taken before a reset: the device's clock starts anew."""
        ...

    def close(self) -> None:
        """Stop rendering."""
        ...


def picture_streams(size: tuple[int, int], rate_hz: float, depth_hz: float) -> tuple[StreamSpec, ...]:
    """Return the specs of both cameras' colour and (if its rate is not 0) depth."""
    width, height = size
    specs = [
        StreamSpec(name, "color", "|u1", (height, width, 3), rate_hz, encoding="jpeg") for name in CAMERAS
    ]
    if depth_hz > 0:
        specs += [
            StreamSpec(
                name, "depth", "<u2", (height, width), depth_hz, "mm", encoding="depth16", required=False
            )
            for name in CAMERAS
        ]
    return tuple(specs)


def take(renderer: Renderer, state: Any, t_device_ns: int, with_depth: bool) -> list[Sample]:
    """Render both cameras from a copied state."""
    samples = []
    for name in CAMERAS:
        rgb, depth = renderer.render(state, name)
        jpeg = simplejpeg.encode_jpeg(np.ascontiguousarray(rgb), quality=JPEG_QUALITY, colorspace="RGB")
        samples.append(Sample(f"{name}/color", t_device_ns, jpeg))
        if with_depth:
            samples.append(Sample(f"{name}/depth", t_device_ns, encode_depth(depth)))
    return samples


class _Schedule:
    """Every how many governor periods a picture, and a depth picture, is due."""

    def __init__(self, rate_hz: float, depth_hz: float) -> None:
        self.every = max(1, round(TICK_HZ / rate_hz))
        self.depth_every = self.every * max(1, round(rate_hz / depth_hz)) if depth_hz > 0 else 0
        self.rate_hz = TICK_HZ / self.every
        self.depth_hz = TICK_HZ / self.depth_every if self.depth_every else 0.0

    def due(self, tick: int) -> tuple[bool, bool]:
        """Return whether a colour and a depth picture are due."""
        return tick % self.every == 0, bool(self.depth_every) and tick % self.depth_every == 0


class PicturesAtOnce:
    """Renders in the calling thread at exact simulated times: lock-step."""

    def __init__(self, renderer: Renderer, size: tuple[int, int], rate_hz: float, depth_hz: float) -> None:
        self._renderer, self._size = renderer, size
        self._schedule = _Schedule(rate_hz, depth_hz)
        self.note = f"lock-step, pictures {size[0]}×{size[1]} at {self._schedule.rate_hz:g} Hz"

    def streams(self) -> tuple[StreamSpec, ...]:
        """Return the specs of the camera signals."""
        return picture_streams(self._size, self._schedule.rate_hz, self._schedule.depth_hz)

    def collect(self, tick: int, bench: Bench) -> list[Sample]:
        """Render if a picture is due."""
        color, depth = self._schedule.due(tick)
        return take(self._renderer, bench.snapshot(), bench.time_ns, depth) if color else []

    def forget(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Free the renderer."""
        self._renderer.close()


class PicturesInThread:
    """Renders in a thread that owns its renderer: real time. A picture that is not ready in time is skipped."""

    def __init__(self, bench: Bench, size: tuple[int, int], rate_hz: float, depth_hz: float) -> None:
        self._bench, self._size = bench, size
        self._epoch = 0
        self._wanted: deque[tuple[int, Any, int, bool]] = deque(maxlen=1)
        self._made: deque[tuple[int, list[Sample]]] = deque()
        self._wake = threading.Event()
        self._ready = threading.Event()
        self._closing = False
        self._error: Exception | None = None
        self._fps = 0.0
        self._thread = threading.Thread(target=self._work, name="simulated-cameras")
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            raise self._error
        able = SHARE_OF_A_CORE * self._fps / len(CAMERAS)
        self._schedule = _Schedule(min(rate_hz, max(1.0, able)), depth_hz)
        self.note = (
            f"pictures {size[0]}×{size[1]} at {self._schedule.rate_hz:.3g} Hz (asked for {rate_hz:g}; this machine "
            f"renders {self._fps:.0f} a second), light meshes, no shadows, no multisampling"
        )

    def streams(self) -> tuple[StreamSpec, ...]:
        """Return the specs of the camera signals."""
        return picture_streams(self._size, self._schedule.rate_hz, self._schedule.depth_hz)

    def collect(self, tick: int, bench: Bench) -> list[Sample]:
        """Hand the present state to the thread if a picture is due, and return what it has made since."""
        color, depth = self._schedule.due(tick)
        if color:
            self._wanted.append((self._epoch, bench.snapshot(), bench.time_ns, depth))
            self._wake.set()
        samples: list[Sample] = []
        while self._made:
            epoch, made = self._made.popleft()
            if epoch == self._epoch:
                samples.extend(made)
        return samples

    def forget(self) -> None:
        """Let the thread's picture of before the reset go unused when it comes."""
        self._epoch += 1

    def _work(self) -> None:
        try:
            yield_to_control()
            renderer = Renderer(self._bench, self._size)
            self._fps = renderer.probe_speed()
        except Exception as error:  # noqa: BLE001 - raised again in the opener, who waits
            self._error = error
            self._ready.set()
            return
        self._ready.set()
        while not self._closing:
            self._wake.wait()
            self._wake.clear()
            while self._wanted and not self._closing:
                epoch, state, t_device_ns, with_depth = self._wanted.popleft()
                self._made.append((epoch, take(renderer, state, t_device_ns, with_depth)))
        renderer.close()

    def close(self) -> None:
        """Stop the thread."""
        self._closing = True
        self._wake.set()
        self._thread.join()


def make_pictures(
    bench: Bench, size: tuple[int, int], rate_hz: float, depth_hz: float, threaded: bool
) -> Pictures:
    """Return the cameras of a bench, in real time (`threaded`) or in lock-step."""
    if threaded:
        return PicturesInThread(bench, size, rate_hz, depth_hz)
    return PicturesAtOnce(Renderer(bench, size), size, rate_hz, depth_hz)
