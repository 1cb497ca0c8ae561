"""Which streams of a take are not to be believed: silent for a while, or repeating the same reading.

The recorder asks while it records, so that the person hears of it before the take is kept; the commit asks for takes
that a dead recorder left. Gaps in the sequence numbers are counted in `recorders.samples`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
import numpy as np

from app.core.clock import NS_PER_S
from app.core.episodes import Flag
from app.core.wire.codec import decode_array
from app.core.wire.messages import SampleHeader, ServerInfo, StreamSpec

STALL_NS = 300_000_000
STALL_PERIODS = 10
STUCK_NS = NS_PER_S
MOVED_M = 0.01  # a picture of a simulated scene may repeat exactly as long as the arm moved less
NOISY_SIGNALS = ("wrench", "field")  # a living sensor of these never reads the same twice
MOTION_SIGNAL = "applied"
MOST_FLAGS = 200  # of one take


class _Picture:
    """The bytes of a picture, which are compared whole only with those that end alike: nearly no picture does."""

    def __init__(self, data: bytes | memoryview) -> None:
        self.data = data
        self._end = len(data), bytes(data[-64:])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Picture) or self._end != other._end:
            return False
        return bytes(self.data) == bytes(other.data)  # faster than comparing views, byte by byte

    def __hash__(self) -> int:
        return hash(self._end)


@dataclass
class _Reading:
    """What a stream repeats, and since when."""

    key: object
    since_ns: int
    place: np.ndarray | None
    flag: int = -1


@dataclass
class StreamWatch:
    """Follows the streams of one take; pure bookkeeping.

    Attributes:
        info: What the device server said of itself.
        flags: What was found, in the order of its beginning; `end_ns` is 0 while it goes on.
    """

    info: ServerInfo
    flags: list[Flag] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._specs: dict[str, StreamSpec] = {spec.topic: spec for spec in self.info.streams}
        self._limits_ns = {
            spec.topic: max(STALL_NS, round(STALL_PERIODS * NS_PER_S / spec.rate_hz))
            for spec in self.info.streams
            if spec.required and spec.rate_hz > 0
        }  # of the streams that come in periods: how long one may be silent
        self._newest_ns: dict[str, int] = {}
        self._silent: dict[str, int] = {}  # topic: its open flag
        self._readings: dict[str, _Reading] = {}
        self._moved: tuple[SampleHeader, bytes] | None = None

    def note(self, topic: str, header: SampleHeader, buffer: bytes | memoryview) -> None:
        """Take in one well-formed message."""
        spec = self._specs.get(topic)
        if spec is None:
            return
        limit_ns = self._limits_ns.get(topic)
        if limit_ns is not None:
            self._note_time(topic, header, limit_ns)
        if spec.signal == MOTION_SIGNAL and spec.encoding == "raw" and spec.shape and spec.shape[0] >= 3:
            self._moved = header, bytes(buffer)  # looked at when a picture asks; there are many
        elif spec.encoding != "raw":
            self._note_reading(topic, header, _Picture(buffer), "picture")
        elif spec.signal in NOISY_SIGNALS:
            self._note_rows(topic, header, buffer)

    def newly_silent(self, now_ns: int = 0) -> list[Flag]:
        """Return flags for streams that just fell silent, by the newest time that any stream told, or `now_ns`."""
        now = max([now_ns, *self._newest_ns.values()])
        found = []
        for topic in sorted(set(self._limits_ns) & set(self._newest_ns) - set(self._silent)):
            newest = self._newest_ns[topic]
            if now - newest > self._limits_ns[topic]:
                text = f"stream {topic}: nothing came for {(now - newest) / NS_PER_S:.1f} s."
                self._silent[topic] = self._open(Flag(topic, "stalled", newest, 0, text))
                found.append(self.flags[self._silent[topic]])
        return found

    def finish(self, end_ns: int) -> tuple[Flag, ...]:
        """Return all flags of a take that ended at `end_ns`."""
        return tuple(
            msgspec.structs.replace(flag, end_ns=max(end_ns, flag.start_ns)) if flag.end_ns == 0 else flag
            for flag in self.flags
        )

    def _note_time(self, topic: str, header: SampleHeader, limit_ns: int) -> None:
        first, last = header.t_ns[0], header.t_ns[-1]
        newest = self._newest_ns.get(topic, first)
        self._newest_ns[topic] = max(newest, last)
        if first - newest <= limit_ns and topic not in self._silent:
            return
        text = f"stream {topic}: nothing came for {(first - newest) / NS_PER_S:.1f} s."
        flag = Flag(topic, "stalled", newest, first, text)
        open_flag = self._silent.pop(topic, None)
        if open_flag is None:
            self._open(flag)
        else:
            self.flags[open_flag] = flag

    def _note_rows(self, topic: str, header: SampleHeader, buffer: bytes | memoryview) -> None:
        raw = bytes(buffer)
        last = raw[-(len(raw) // header.count) :]
        known = self._readings.get(topic)
        if known is None or known.key != last or (header.count > 1 and raw != last * header.count):
            self._note_reading(topic, header, last, "reading", changed=True)
        elif self.info.simulated and not decode_array(header, raw)[0].any():
            self._readings.pop(topic)  # a simulated sensor without noise that touches nothing
        else:
            self._note_reading(topic, header, last, "reading")

    def _note_reading(
        self, topic: str, header: SampleHeader, key: object, word: str, changed: bool = False
    ) -> None:
        last = self._readings.get(topic)
        now = header.t_ns[-1]
        if last is None or last.key != key or changed:
            if last is not None and last.flag >= 0:
                self.flags[last.flag] = msgspec.structs.replace(self.flags[last.flag], end_ns=now)
            self._readings[topic] = _Reading(key, now, self._place() if word == "picture" else None)
        elif last.flag < 0 and now - last.since_ns >= STUCK_NS and (word == "reading" or self._may_not(last)):
            text = f"stream {topic}: its {word} has been exactly the same for {STUCK_NS / NS_PER_S:g} s; it is stuck."
            last.flag = self._open(Flag(topic, "stuck", last.since_ns, 0, text))

    def _may_not(self, last: _Reading) -> bool:
        """Whether a picture must have changed since: real cameras have noise, simulated ones see the arm move."""
        if not self.info.simulated:
            return True
        place = self._place()
        if last.place is None or place is None:
            return False
        return float(np.linalg.norm(place - last.place)) > MOVED_M

    def _place(self) -> np.ndarray | None:
        """Return where the arm was told to be last, in metres; None before that."""
        return decode_array(*self._moved)[-1, :3] if self._moved is not None else None

    def _open(self, flag: Flag) -> int:
        """Keep a flag and return its place; beyond the most, the last place is used again."""
        if len(self.flags) < MOST_FLAGS:
            self.flags.append(flag)
        else:
            self.flags[-1] = flag
        return len(self.flags) - 1
