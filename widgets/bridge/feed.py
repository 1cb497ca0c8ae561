"""What the streams of a device server leave for the window: pictures and fields in a mailbox, scalars in rings.

Filled by the I/O thread (`Feed.take`), emptied by the window's timer (`Feed.drain`).
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import numpy as np
from PySide6.QtGui import QImage

from app.core.clock import ClockMap
from app.core.errors import WireError
from app.core.wire.codec import decode_array
from app.core.wire.messages import SampleHeader
from widgets.bridge.mailbox import Mailbox
from widgets.bridge.pictures import PictureDecoder
from widgets.bridge.ring import Ring, Samples, Times

SUMMARY = "/summary"  # a marker field also fills a ring of this name: mean length, mean shear
LARGE_BYTES = (
    65_536  # arrays of this size stay in the message's own memory; smaller ones would hold on to others'
)
MOST_COLUMNS = 32  # wider signals (a marker field) are pictures: only the newest matters


def summary(fields: np.ndarray) -> Samples:
    """Return mean displacement and mean shear (n, 2) of marker fields (n, N, 3), in the field's unit.

    The mean is over the markers' lengths; shear is the length of the part along the pad (x and y of the tool).
    """
    fields = fields.astype(np.float64)
    lengths = np.linalg.norm(fields, axis=2).mean(axis=1)
    shear = np.linalg.norm(fields[:, :, :2], axis=2).mean(axis=1)
    return np.stack([lengths, shear], axis=1)


@dataclass(frozen=True)
class Frame:
    """One sample of a wide signal: an encoded picture or an array.

    Attributes:
        t_ns: Session time of the sample.
        received_ns: Session time when it arrived here.
        data: The encoded bytes (jpeg, depth16), or the array of one sample for raw signals.
        image: The decoded picture, of a jpeg that somebody looks at.
        problem: Why it could not be decoded.
    """

    header: SampleHeader
    t_ns: int
    received_ns: int
    data: bytes | np.ndarray
    image: QImage | None = None
    problem: str = ""


@dataclass
class Flow:
    """Counts of one topic, written by the I/O thread alone; `received_ns` is of this machine's monotonic clock."""

    samples: int = 0
    gaps: int = 0
    next_seq: int = -1
    received_ns: int = 0


@dataclass
class Drained:
    """What came since the last drain."""

    frames: dict[str, Frame] = field(default_factory=dict)
    samples: dict[str, tuple[Times, Samples]] = field(default_factory=dict)


class Feed:
    """All topics of one device server between two threads."""

    def __init__(self, ring_capacity: int = 4096) -> None:
        self.mailbox: Mailbox[Frame] = Mailbox()
        self.decoder = PictureDecoder(self._put_decoded)
        self.has_picture = False  # one was decoded since the last drain; read by the window without a lock
        self.refused = 0
        self.clock = ClockMap()  # to session time; of the device server that is connected
        self._capacity = ring_capacity
        self._lock = threading.Lock()
        self._rings: dict[str, Ring] = {}
        self._flows: dict[str, Flow] = {}

    def _put_decoded(self, topic: str, frame: Frame) -> None:
        self.mailbox.put(topic, frame)
        self.has_picture = True

    def take_frames(self) -> dict[str, Frame]:
        """Return the pictures and fields that came since the last call (window)."""
        self.has_picture = False  # before they are taken: one that comes meanwhile is looked for again
        return self.mailbox.take_all()

    def take(self, topic: str, header: SampleHeader, buffer: memoryview) -> None:
        """Store one message (I/O thread). A message that does not fit its header is counted and left out."""
        now = time.monotonic_ns()
        try:
            if header.encoding != "raw":
                data: bytes | np.ndarray = bytes(buffer)
                frame = Frame(header, header.t_ns[-1], self.clock.of(now), data)
                decoded = header.encoding == "jpeg" and self.decoder.wants(topic)
                (self.decoder.put if decoded else self.mailbox.put)(topic, frame)
            else:
                self._take_array(topic, header, decode_array(header, buffer), now)
        except (WireError, ValueError, IndexError):
            self.refused += 1
            return
        self._count(topic, header, now)

    def _take_array(self, topic: str, header: SampleHeader, samples: np.ndarray, now: int) -> None:
        columns = int(np.prod(header.shape)) if header.shape else 1
        times = np.array(header.t_ns, dtype=np.int64)
        if columns > MOST_COLUMNS or len(header.shape) == 2:
            newest = samples[-1] if samples[-1].nbytes >= LARGE_BYTES else samples[-1].copy()
            self.mailbox.put(topic, Frame(header, header.t_ns[-1], self.clock.of(now), newest))
            if len(header.shape) == 2 and header.shape[1] == 3:
                self._ring(topic + SUMMARY, 2).push(times, summary(samples))
        else:
            self._ring(topic, columns).push(times, samples.reshape(len(samples), columns).astype(np.float64))

    def _ring(self, topic: str, columns: int) -> Ring:
        ring = self._rings.get(topic)
        if ring is None or ring.columns != columns:
            ring = Ring(columns, self._capacity)
            with self._lock:
                self._rings[topic] = ring
        return ring

    def _count(self, topic: str, header: SampleHeader, now: int) -> None:
        with self._lock:
            flow = self._flows.setdefault(topic, Flow())
            if flow.next_seq >= 0 and header.seq > flow.next_seq:
                flow.gaps += header.seq - flow.next_seq
            flow.next_seq = header.seq + header.count
            flow.samples += header.count
            flow.received_ns = now

    def drain(self) -> Drained:
        """Return everything that came since the last call (window)."""
        with self._lock:
            rings = list(self._rings.items())
        drained = Drained(frames=self.take_frames())
        for topic, ring in rings:
            times, data = ring.drain()
            if len(times):
                drained.samples[topic] = (times, data)
        return drained

    def flows(self) -> dict[str, Flow]:
        """Return the counts of every topic, as copies."""
        with self._lock:
            return {topic: Flow(**vars(flow)) for topic, flow in self._flows.items()}

    def replaced(self, topic: str) -> int:
        """Return how many pictures of a topic were overwritten by newer ones before the window took them."""
        return self.mailbox.count(topic).replaced + self.decoder.replaced(topic)

    def overflow(self, topic: str) -> int:
        """Return how many samples of a scalar topic were lost because the window did not drain in time."""
        with self._lock:
            ring = self._rings.get(topic)
        return ring.overflow if ring is not None else 0

    def clear(self) -> None:
        """Forget everything: another device server is connected (I/O thread)."""
        self.decoder.clear()
        self.mailbox.clear()
        with self._lock:
            self._rings.clear()
            self._flows.clear()

    def close(self) -> None:
        """End the decoder's thread."""
        self.decoder.close()
