"""One take while it is recorded: what has come, what is missing, what was lost, and when it is over.

```
 take_start        every required stream       take_stop            journal verified
 ─────────▶ WAITING ─────────────▶ RECORDING ──────────▶ SAVING ───────────────▶ (saved | failed)
                │  a stream never comes            │ until_ns reached
                └──────────────────────────────────┴──────▶ SAVING
```
Pure bookkeeping: no sockets, no files. Used by `recorders.process`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any

from app.core.episodes import Flag
from app.core.wire.messages import SampleHeader, ServerInfo, StreamSpec
from recorders.health import StreamWatch
from recorders.records import TAKE_SCHEMA_VERSION, Outcome, StopRecord
from recorders.samples import SequenceCounter

TICK = "bench/tick"
GRACE_NS = 250_000_000  # real time: how long samples of the last moment (pictures) may still be under way


class Phase(enum.Enum):
    """Where a take is; the values are the names of the recorder's states."""

    WAITING = "waiting"
    RECORDING = "recording"
    SAVING = "saving"


@dataclass
class Take:
    """A take of `info`'s streams.

    Attributes:
        uuid: Becomes the uuid of the episode.
        missing: Required streams that have delivered nothing yet.
        newest_ns: Session time of the newest sample of each stream.
        start_ns: Session time at which the last required stream delivered for the first time.
        stop: Set once the take is to end; `is_over` tells when it may.
        period: The newest control period of a lock-step bench.
        dropped_whole: The take is not to be kept at all.
        told: How many flags the person has heard of.
    """

    uuid: str
    info: ServerInfo
    phase: Phase = Phase.WAITING
    missing: set[str] = field(default_factory=set)
    counters: dict[str, SequenceCounter] = field(default_factory=dict)
    newest_ns: dict[str, int] = field(default_factory=dict)
    start_ns: int = 0
    tick_ns: int = 0
    period: int | None = None
    told: int = 0
    dropped_whole: bool = False
    stop: StopRecord | None = None

    def __post_init__(self) -> None:
        self.specs: dict[str, StreamSpec] = {spec.topic: spec for spec in self.info.streams}
        self.missing = {spec.topic for spec in self.info.streams if spec.required}
        self.watch = StreamWatch(self.info)

    def accept(self, topic: str, header: SampleHeader, buffer: bytes | memoryview) -> None:
        """Take note of one message."""
        self.counters.setdefault(topic, SequenceCounter()).take(header)
        self.watch.note(topic, header, buffer)
        newest = max(header.t_ns)
        self.newest_ns[topic] = max(newest, self.newest_ns.get(topic, newest))
        if topic in self.missing:
            self.missing.discard(topic)
            if not self.missing and self.phase is Phase.WAITING:
                self.phase = Phase.RECORDING
                self.start_ns = max(self.newest_ns[spec.topic] for spec in self.info.streams if spec.required)

    def tick(self, period: int, t_ns: int) -> bool:
        """Take note of a control period; returns whether it is a new one, which cost the bench one credit."""
        new = self.period is not None and period != self.period
        self.period, self.tick_ns = period, t_ns
        return new

    @property
    def dropped(self) -> int:
        """Samples that never came, in all streams."""
        return sum(counter.dropped for counter in self.counters.values())

    def gaps(self) -> dict[str, int]:
        """Return the missing samples of the streams that miss some."""
        return {topic: counter.dropped for topic, counter in self.counters.items() if counter.dropped}

    def doubts(self) -> list[str]:
        """Return a sentence for each thing that makes the take doubtful, each stream and kind once."""
        found = {(flag.topic, flag.kind): flag.text for flag in self.watch.flags}
        lost = [f"stream {topic}: {count} samples lost." for topic, count in sorted(self.gaps().items())]
        return [*found.values(), *lost]

    def flags(self, end_ns: int) -> tuple[Flag, ...]:
        """Return what was seen of stalled and stuck streams, up to the end of the take."""
        return self.watch.finish(end_ns or max(self.newest_ns.values(), default=0))

    def request_stop(self, outcome: Outcome, until_ns: int, meta: dict[str, Any], text: str = "") -> None:
        """End the take once everything up to `until_ns` has come."""
        self.stop = StopRecord(TAKE_SCHEMA_VERSION, outcome, self.start_ns, until_ns, meta, text)

    def is_over(self, now_ns: int) -> bool:
        """Whether everything that belongs to a stopped take has come; `now_ns` is the session time."""
        if self.stop is None:
            return False
        if self.info.lockstep:
            return self.tick_ns >= self.stop.end_ns
        periodic = [spec.topic for spec in self.info.streams if spec.required and spec.rate_hz > 0]
        complete = all(self.newest_ns.get(topic, 0) >= self.stop.end_ns for topic in periodic)
        return complete or now_ns >= self.stop.end_ns + GRACE_NS
