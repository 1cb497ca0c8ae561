"""When simulated cameras take pictures, and where: in a thread of their own, or at once in lock-step.

The thread gets copied states only, so that physics, wrench and control keep their rate while it renders. Used by the
simulated bench and by the driver of robosuite environments.
"""

from __future__ import annotations

import functools
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import simplejpeg

from app.core.priority import helpers_lowered
from app.core.wire.codec import encode_depth
from app.core.wire.messages import StreamSpec
from devices.interface import Sample
from devices.simulated.cameras import Drawn, Picture, Renderer
from devices.simulated.target import Place

TICK_HZ = 250.0
CAMERAS = ("scene", "wrist")
JPEG_QUALITY = 90
SHARE_OF_A_CORE = 0.6  # the most that live rendering may take of one core


class Stage(Protocol):
    """What is filmed."""

    @property
    def time_ns(self) -> int:
        """Its own time since the reset."""
        ...

    def snapshot(self) -> Any:
        """Return a copy of the state, for its drawer."""
        ...


class Drawer(Protocol):
    """What films it; belongs to the thread that opened it."""

    def render(self, snapshot: Any, camera: str) -> Picture:
        """Return colour (H, W, 3) and depth (H, W), m, of a copied state."""
        ...

    def probe_speed(self) -> float:
        """Return how many pictures a second this machine draws."""
        ...

    def close(self) -> None:
        """Free it."""
        ...


@dataclass(frozen=True)
class Filming:
    """How a stage is filmed.

    Attributes:
        open: Opens the drawer, in the thread that will use it.
        cameras: Names of the cameras, and of the devices whose signals they are.
        size: Width and height, pixels.
        rate_hz, depth_hz: Pictures and depth pictures per second and camera that are asked for; depth 0 for none.
        tick_hz: How many governor periods a second has.
        note: How the drawing was made light, for people.
    """

    open: Callable[[], Drawer]
    cameras: tuple[str, ...]
    size: tuple[int, int]
    rate_hz: float
    depth_hz: float
    tick_hz: float
    note: str


class Pictures(Protocol):
    """A source of camera samples."""

    note: str

    def streams(self) -> tuple[StreamSpec, ...]:
        """Return the specs of the camera signals."""
        ...

    def collect(self, tick: int, stage: Stage) -> list[Sample]:
        """Return the pictures that are due at governor period `tick` since the reset (0: all are due)."""
        ...

    def forget(self) -> None:
        """Drop what was taken before a reset: the device's clock starts anew."""
        ...

    def close(self) -> None:
        """Stop rendering."""
        ...


def picture_streams(
    cameras: tuple[str, ...], size: tuple[int, int], rate_hz: float, depth_hz: float
) -> tuple[StreamSpec, ...]:
    """Return the specs of every camera's colour and (if its rate is not 0) depth."""
    width, height = size
    specs = [
        StreamSpec(name, "color", "|u1", (height, width, 3), rate_hz, encoding="jpeg") for name in cameras
    ]
    if depth_hz > 0:
        specs += [
            StreamSpec(
                name, "depth", "<u2", (height, width), depth_hz, "mm", encoding="depth16", required=False
            )
            for name in cameras
        ]
    return tuple(specs)


def take(
    drawer: Drawer, cameras: tuple[str, ...], state: Any, t_device_ns: int, with_depth: bool
) -> list[Sample]:
    """Draw every camera from a copied state."""
    samples = []
    for name in cameras:
        rgb, depth = drawer.render(state, name)
        jpeg = simplejpeg.encode_jpeg(np.ascontiguousarray(rgb), quality=JPEG_QUALITY, colorspace="RGB")
        samples.append(Sample(f"{name}/color", t_device_ns, jpeg))
        if with_depth:
            samples.append(Sample(f"{name}/depth", t_device_ns, encode_depth(depth)))
    return samples


class _Schedule:
    """Every how many governor periods a picture, and a depth picture, is due."""

    def __init__(self, tick_hz: float, rate_hz: float, depth_hz: float) -> None:
        self.every = max(1, round(tick_hz / rate_hz))
        self.depth_every = self.every * max(1, round(rate_hz / depth_hz)) if depth_hz > 0 else 0
        self.rate_hz = tick_hz / self.every
        self.depth_hz = tick_hz / self.depth_every if self.depth_every else 0.0

    def due(self, tick: int) -> tuple[bool, bool]:
        """Return whether a colour and a depth picture are due."""
        return tick % self.every == 0, bool(self.depth_every) and tick % self.depth_every == 0


class PicturesAtOnce:
    """Draws in the calling thread at exact simulated times: lock-step."""

    def __init__(self, filming: Filming) -> None:
        self._filming, self._drawer = filming, filming.open()
        self._schedule = _Schedule(filming.tick_hz, filming.rate_hz, filming.depth_hz)
        width, height = filming.size
        self.note = f"lock-step, pictures {width}×{height} at {self._schedule.rate_hz:g} Hz"

    def streams(self) -> tuple[StreamSpec, ...]:
        """Return the specs of the camera signals."""
        filming, schedule = self._filming, self._schedule
        return picture_streams(filming.cameras, filming.size, schedule.rate_hz, schedule.depth_hz)

    def collect(self, tick: int, stage: Stage) -> list[Sample]:
        """Draw if a picture is due."""
        color, depth = self._schedule.due(tick)
        if not color:
            return []
        return take(self._drawer, self._filming.cameras, stage.snapshot(), stage.time_ns, depth)

    def forget(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Free the drawer."""
        self._drawer.close()


class PicturesInThread:
    """Draws in a thread that owns its drawer: real time. A picture that is not ready in time is skipped."""

    def __init__(self, filming: Filming) -> None:
        self._filming = filming
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
        able = SHARE_OF_A_CORE * self._fps / len(filming.cameras)
        self._schedule = _Schedule(filming.tick_hz, min(filming.rate_hz, max(1.0, able)), filming.depth_hz)
        width, height = filming.size
        self.note = (
            f"pictures {width}×{height} at {self._schedule.rate_hz:.3g} Hz (asked for {filming.rate_hz:g}; this "
            f"machine renders {self._fps:.0f} a second), {filming.note}"
        )

    def streams(self) -> tuple[StreamSpec, ...]:
        """Return the specs of the camera signals."""
        filming, schedule = self._filming, self._schedule
        return picture_streams(filming.cameras, filming.size, schedule.rate_hz, schedule.depth_hz)

    def collect(self, tick: int, stage: Stage) -> list[Sample]:
        """Hand the present state to the thread if a picture is due, and return what it has made since."""
        color, depth = self._schedule.due(tick)
        if color:
            self._wanted.append((self._epoch, stage.snapshot(), stage.time_ns, depth))
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
            with helpers_lowered():
                drawer = self._filming.open()
                self._fps = drawer.probe_speed()
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
                made = take(drawer, self._filming.cameras, state, t_device_ns, with_depth)
                self._made.append((epoch, made))
        drawer.close()

    def close(self) -> None:
        """Stop the thread."""
        self._closing = True
        self._wake.set()
        self._thread.join()


def film(filming: Filming, threaded: bool) -> Pictures:
    """Return the cameras of a stage, in real time (`threaded`) or in lock-step."""
    return PicturesInThread(filming) if threaded else PicturesAtOnce(filming)


def make_pictures(
    bench: Drawn, size: tuple[int, int], rate_hz: float, depth_hz: float, threaded: bool,
    target: Place | None = None,
) -> Pictures:  # fmt: skip
    """Return the cameras of a bench, in real time (`threaded`) or in lock-step."""
    note = "light meshes, no shadows, no multisampling"
    opener = functools.partial(Renderer, bench, size, target)
    return film(Filming(opener, CAMERAS, size, rate_hz, depth_hz, TICK_HZ, note), threaded)
