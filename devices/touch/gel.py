"""A gel with markers as a touch sensor: GelSight Mini, DIGIT and alike, as plain cameras with our own tracking.

Tracking runs in the camera's thread. The field is published in the tool frame, with the markers that were seen beside
it: one that was not is filled in from its neighbours, and marked.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import cv2
import numpy as np

from app.core.errors import DeviceError
from app.core.geometry import transform_points
from app.core.wire.messages import StreamSpec
from devices.cameras.camera import encode
from devices.cameras.grabber import Grabber, open_any
from devices.interface import Notice, Sample
from devices.parts.feed import Feed
from devices.touch.field import displacement, rest_points
from devices.touch.health import Lasting, Saturation, Stuck
from devices.touch.markers import Tracker, arrange, find_blobs
from devices.touch.options import Gel

TARE_PICTURES = 5
LOOK_PICTURES = 20  # at the start, until the whole grid was seen
FIRST_SAMPLE_S = 10.0
STUCK_STRIDE = 4  # every n-th pixel is enough to see that nothing changes


def to_gray(bgr: np.ndarray) -> np.ndarray:
    """Return a grey picture (H, W) uint8."""
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY))


class GelSource:
    """Reads pictures and turns each into a sample of the field.

    Args:
        rest: Marker centres (N, 2), px, at the start; None: find them in the first pictures.
    """

    def __init__(self, name: str, options: Gel, grabber: Grabber, rest: np.ndarray | None = None) -> None:
        self._name, self._options, self._grabber = name, options, grabber
        self.size = grabber.size
        self._spacing = min(self.size[0] / options.columns, self.size[1] / options.rows)
        self.mm_per_px = options.width_mm / self.size[0]
        self.rest = self._look() if rest is None else rest
        self._zero = self.rest.copy()
        self._tracker = Tracker(self.rest, self._spacing)
        self._rotation = np.asarray(options.pose).reshape(4, 4)[:3, :3]
        self._taring: list[np.ndarray] = []
        self._wants_tare = threading.Event()
        self._stuck, self._lost = Stuck(options.stuck_s), Lasting(options.lost_s)
        self._saturation = Saturation(np.array([options.saturation_mm]), ("displacement mm",))
        self._count = 0
        self.tell: Callable[[str], None] = lambda _: None

    def _look(self) -> np.ndarray:
        error: DeviceError | None = None
        for _ in range(LOOK_PICTURES):
            grabbed = self._grabber.grab()
            if grabbed is None:
                continue
            try:
                blobs = find_blobs(to_gray(grabbed[1]), self._spacing)
                return arrange(self._name, blobs, self._options.rows, self._options.columns)
            except DeviceError as found:
                error = found
        self._grabber.close()
        raise error or DeviceError(f"touch sensor {self._name!r}", "its camera gives no picture")

    def want_tare(self) -> None:
        """Make the mean of the next pictures the zero; may be called from any thread."""
        self._wants_tare.set()

    def read(self) -> list[Sample]:
        """Return the field, which markers were seen, and the picture if it is due."""
        grabbed = self._grabber.grab()
        if grabbed is None:
            return []
        now, picture = grabbed
        gray = to_gray(picture)
        self._tracker.update(gray)
        self._tare()
        field = self._field()
        self._watch(gray, field, now)
        samples = [
            Sample(f"{self._name}/field", now, (field @ self._rotation.T).astype(np.float32)),
            Sample(f"{self._name}/seen", now, self._tracker.seen.astype(np.uint8)),
        ]
        every = self._options.picture_every
        if every and self._count % every == 0:
            samples.append(Sample(f"{self._name}/color", now, encode(picture, self._options.quality)))
        self._count += 1
        return samples

    def _field(self) -> np.ndarray:
        shape = (self._options.rows, self._options.columns, 2)
        zero, present = self._zero.reshape(shape), self._tracker.position.reshape(shape)
        return displacement(zero, present, self.mm_per_px, self._options.indentation_mm).reshape(-1, 3)

    def _tare(self) -> None:
        if self._wants_tare.is_set():
            self._taring.append(self._tracker.position.copy())
        if len(self._taring) >= TARE_PICTURES:
            self._wants_tare.clear()
            self._zero, self._taring = np.mean(self._taring, axis=0), []

    def _watch(self, gray: np.ndarray, field: np.ndarray, now: int) -> None:
        largest = float(np.sqrt(np.square(field[:, :2]).sum(axis=1).max()))
        lost = int((~self._tracker.seen).sum())
        begins = self._lost.update(lost > 0, now)
        blind = "" if begins is None else f"{lost} of {len(field)} markers are not seen; they are filled in."
        for text in (
            self._stuck.update(gray[::STUCK_STRIDE, ::STUCK_STRIDE], now),
            self._saturation.update(np.array([largest])),
            "every marker is seen again." if begins is False else blind,
        ):
            if text:
                self.tell(text)

    def close(self) -> None:
        """Release the camera."""
        self._grabber.close()


class GelSensor:
    """A gel as a part of a rig."""

    def __init__(self, name: str, options: Gel) -> None:
        self._name, self._options = name, options
        self._source = self._open(None)
        self._size, self._rest = self._source.size, self._source.rest
        self._feed = Feed(
            f"touch sensor {name!r}", self._source, lambda: self._open(self._rest), options.stall_s
        )
        self._source.tell = self._tell
        self._feed.wait_first(FIRST_SAMPLE_S)

    def _open(self, rest: np.ndarray | None) -> GelSource:
        options = self._options
        grabber = open_any(self._name, options.device, options.size, options.rate_hz)
        source = GelSource(self._name, options, grabber, rest)
        if rest is not None:
            source.tell, self._source = self._tell, source
        return source

    def _tell(self, text: str) -> None:
        self._feed.tell(f"{self._feed.name}: {text}")

    def streams(self) -> tuple[StreamSpec, ...]:
        """Return the field, which markers were seen, and the picture."""
        options, count, (width, height) = self._options, len(self._rest), self._size
        rate = options.rate_hz
        specs = [
            StreamSpec(self._name, "field", "<f4", (count, 3), rate, "mm", "tool"),
            StreamSpec(self._name, "seen", "|u1", (count,), rate, "bool", required=False),
        ]
        if options.picture_every:
            shape, every = (height, width, 3), options.picture_every
            specs.append(
                StreamSpec(self._name, "color", "|u1", shape, rate / every, encoding="jpeg", required=False)
            )
        return tuple(specs)

    def markers_m(self) -> np.ndarray:
        """Return the rest positions (N, 3), m, tool frame."""
        points = rest_points(self._rest, self._size, self._source.mm_per_px)
        return transform_points(np.asarray(self._options.pose).reshape(4, 4), points)

    def force_n(self) -> float | None:
        """Return None: displacements are no force."""
        return None

    def collect(self) -> list[Sample]:
        """Return the newest field, if one came since the last call."""
        return self._feed.collect()

    def latest(self) -> list[Sample]:
        """Return the newest field."""
        return self._feed.latest()

    def tare(self) -> None:
        """Make the mean of the next pictures the zero."""
        self._source.want_tare()

    def notices(self) -> list[Notice]:
        """Return stalls, saturation, markers that are not seen, and a picture that does not change."""
        return self._feed.notices()

    def close(self) -> None:
        """Release the camera."""
        self._feed.close()


def make_gel(name: str, options: Gel) -> GelSensor:
    """Return a gel sensor."""
    return GelSensor(name, options)
