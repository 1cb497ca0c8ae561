"""An episode file while it is made of the messages of a journal, whose stop need not be known yet.

Used by `recorders.commit` (all at once) and by `recorders.following` (while the take runs).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
import numpy as np

from app.core.episodes import Flag
from recorders.hdf5.writer import EpisodeWriter, Expected, peak_force
from recorders.health import StreamWatch
from recorders.journal_reader import JournalMessage, JournalReader
from recorders.records import TakeRecord
from recorders.samples import KeptSamples, Selection, gap_flags

SCORE_TOPIC = "task/score"
RECOVERED_TEXT = "The recorder ended before the take did; up to 0.1 s may be missing at the end."
WRENCH_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Converted:
    """A file that is written, not verified yet.

    Attributes:
        attributes: Of the episode.
        samples: By topic.
        encodings: By topic.
        dropped: Missing samples in all streams together.
        expected: What must be found in the file.
    """

    attributes: dict[str, Any]
    samples: dict[str, int]
    encodings: Mapping[str, str]
    dropped: int
    flags: tuple[Flag, ...]
    expected: Expected


@dataclass
class _Survey:
    """What the samples themselves tell of a take, noted while they are written."""

    first_ns: int = 0
    last_ns: int = 0
    score: float | None = None
    peak_n: float | None = None
    wrenches: dict[str, bytearray] = field(
        default_factory=dict
    )  # by type; looked at together, there are many

    def note(self, kept: KeptSamples) -> None:
        header = kept.message.header
        first_ns, last_ns = header.t_ns[kept.first], header.t_ns[kept.last - 1]
        if first_ns < self.first_ns or not self.first_ns:
            self.first_ns = first_ns
        if last_ns > self.last_ns:
            self.last_ns = last_ns
        if header.signal == "wrench" and header.shape == (6,):
            waiting = self.wrenches.setdefault(header.dtype, bytearray())
            waiting += kept.data()
            if len(waiting) > WRENCH_BYTES:
                self.finish()
        elif kept.message.topic == SCORE_TOPIC:
            rows = np.frombuffer(kept.data(), header.dtype).reshape(-1, *header.shape)
            self.score = float(rows[-1].ravel()[0])

    def finish(self) -> None:
        """Look at the wrenches that came since."""
        for dtype, waiting in self.wrenches.items():
            peak = peak_force(np.frombuffer(waiting, dtype).reshape(-1, 6))
            self.peak_n = max(self.peak_n or 0.0, peak)
        self.wrenches = {}


class Conversion:
    """Makes one file (a context manager); messages come in the order of their arrival.

    Args:
        part: The temporary file.
        take: What the take began with.
        watched: Whether the recorder itself looks for stalled and stuck streams; otherwise it is done here.

    Attributes:
        place: Where in the journal the next message begins that was not given yet; 0 = its beginning.

    Raises:
        OSError: From every method, when the disk is full or fails.
    """

    def __init__(self, part: Path, take: TakeRecord, watched: bool) -> None:
        self.part = part
        self.place = 0
        specs = {spec.topic: spec for spec in take.server.streams} if take.server else {}
        self._selection, self._survey = Selection(0, specs=specs), _Survey()
        self._watch = StreamWatch(take.server) if take.server and not watched else None
        self._writer = EpisodeWriter(part)

    def __enter__(self) -> Conversion:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.__exit__(kind, value, trace)

    def end_at(self, end_ns: int) -> bool:
        """Leave out samples later than `end_ns` (0 = none); returns False if one of them is in the file already."""
        self._selection.end_ns = end_ns
        return not end_ns or self._survey.last_ns <= end_ns

    def add(self, messages: Iterable[JournalMessage]) -> None:
        """Write messages."""
        survey, watch, writer, specs = self._survey, self._watch, self._writer, self._selection.specs
        for kept in self._selection.pick(messages):
            message = kept.message
            survey.note(kept)
            if watch is not None:
                watch.note(message.topic, message.header, message.buffer)
            writer.add(kept, specs[message.topic])

    def sync(self) -> None:
        """Wait until what was written so far is on the disk."""
        self._writer.sync()

    def finish(self, reader: JournalReader) -> Converted | None:
        """Close the file with what the journal says of the take; `sync` must follow. None: there is nothing to keep."""
        survey, selection = self._survey, self._selection
        survey.finish()
        samples = self._writer.samples
        if not samples and not reader.damaged:
            return None
        malformed = selection.malformed
        dropped = {topic: n.dropped + malformed.get(topic, 0) for topic, n in selection.counters.items()}
        watched = reader.stop.flags if reader.stop else ()
        if self._watch is not None:
            watched = tuple(self._watch.finish(survey.last_ns))
        gaps = gap_flags(selection.counters)
        flags = tuple(sorted((*watched, *gaps), key=lambda flag: flag.start_ns))
        take = reader.take or TakeRecord.lost(reader.path.stem)
        attributes = {**_attributes(reader, take, survey, dropped), "flags": msgspec.to_builtins(flags)}
        of_streams = {topic: {"dropped": dropped.get(topic, 0)} for topic in samples}
        expected = self._writer.finish(attributes, of_streams, synced=False)
        encodings = {topic: selection.specs[topic].encoding for topic in samples}
        return Converted(attributes, samples, encodings, sum(dropped.values()), flags, expected)


def _attributes(
    reader: JournalReader, take: TakeRecord, survey: _Survey, dropped: dict[str, int]
) -> dict[str, Any]:
    stop = reader.stop
    meta = {**take.meta, **(stop.meta if stop else {})}
    score = meta.get("score", survey.score)
    seed = meta.get("seed")
    return {
        "uuid": take.uuid,
        "created": take.created,
        "software": take.software,
        "task": _text(meta.get("task") or (take.server.task if take.server else "")),
        "instruction": _text(meta.get("instruction")),
        "outcome": stop.outcome if stop else "failure",
        "operator": _text(meta.get("operator")),
        "condition": _text(meta.get("condition")),
        "seed": int(seed) if isinstance(seed, (int, float)) else None,
        "score": float(score) if isinstance(score, (int, float)) else None,
        "peak_force_n": survey.peak_n,
        "start_ns": (stop.start_ns if stop else 0) or survey.first_ns,
        "end_ns": (stop.end_ns if stop else 0) or survey.last_ns,
        "text": stop.text if stop else RECOVERED_TEXT,
        "recovered": stop is None,
        "tail_bytes_lost": reader.tail_bytes,
        "damaged_chunks": reader.damaged,
        "dropped": dropped,
        "rig": msgspec.to_builtins(take.server) if take.server else None,
        "meta": meta,
        "provenance": meta.get("provenance"),
    }


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
