"""Makes an episode of a journal: convert, sync, verify against the journal, rename, then drop the journal.

Killed at any point, either the journal is still whole or the episode is there and verified; a second call finishes
the work. Used by the recorder after each take, and at its start for the takes that were left behind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import msgspec
import numpy as np

from app.core.episodes import Flag
from app.core.errors import RecordingError
from recorders.files import episode_path, free_bytes, make_folder, part_path, publish, remove
from recorders.hdf5.verify import problems_of
from recorders.hdf5.writer import EpisodeWriter, Expected, peak_force
from recorders.health import StreamWatch
from recorders.journal_reader import JournalReader
from recorders.records import TAKE_SCHEMA_VERSION, TakeRecord
from recorders.samples import KeptSamples, Selection, gap_flags

SCORE_TOPIC = "task/score"
RECOVERED_TEXT = "The recorder ended before the take did; up to 0.1 s may be missing at the end."
DAMAGED_SUFFIX = ".damaged"
WRENCH_BYTES = 1024 * 1024
_SLACK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Committed:
    """What became of a take.

    Attributes:
        path: The episode file.
        seconds: Length of the take.
        dropped: Missing samples in all streams together.
        streams: Samples by topic.
        flags: Gaps, stalled and stuck streams.
    """

    path: Path
    outcome: str
    seconds: float
    dropped: int
    streams: dict[str, int]
    flags: tuple[Flag, ...] = ()


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


def commit(folder: Path, journal: Path) -> Committed | None:
    """Convert a journal into the episode of its take, and delete the journal.

    Returns:
        What was kept, or None when the journal holds no sample at all (it is deleted then).

    Raises:
        RecordingError: If the disk has no room, or the written file is not what the journal holds; the journal stays.
    """
    with JournalReader(journal) as reader:
        committed = _write(folder, reader)
        damaged = reader.damaged
    if damaged:  # what could not be read stays on the disk, out of the way
        publish(journal, journal.with_name(journal.name + DAMAGED_SUFFIX))
    else:
        remove(journal)
    return committed


def _write(folder: Path, reader: JournalReader) -> Committed | None:
    take = reader.take or TakeRecord(TAKE_SCHEMA_VERSION, reader.path.stem, "", {}, None, "")
    final = episode_path(folder, take.uuid)
    part = part_path(final)
    try:
        make_folder(final.parent)
        _check_room(final.parent, reader.path)
        committed = _convert(reader, take, part, final)
        if committed is None:
            part.unlink()
        else:
            publish(part, final)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise RecordingError(
            f"episode {final}", f"it could not be written ({error.strerror or error})",
            way_out=f"The take is safe in {reader.path}; make room, and the next start of a recorder commits it",
        ) from error  # fmt: skip
    return committed


def _convert(reader: JournalReader, take: TakeRecord, part: Path, final: Path) -> Committed | None:
    """Write the temporary file and verify it; None if the journal holds nothing."""
    end_ns = reader.stop.end_ns if reader.stop else 0
    specs = {spec.topic: spec for spec in take.server.streams} if take.server else {}
    selection, survey = Selection(end_ns, specs=specs), _Survey()
    watch = (
        StreamWatch(take.server) if take.server and reader.stop is None else None
    )  # nobody watched to the end
    with EpisodeWriter(part) as writer:
        for kept in selection.pick(reader.messages()):
            survey.note(kept)
            if watch is not None:
                watch.note(kept.message.topic, kept.message.header, kept.message.buffer)
            writer.add(kept, selection.specs[kept.message.topic])
        survey.finish()
        counts = writer.samples
        if not counts and not reader.damaged:
            return None
        malformed = selection.malformed
        dropped = {topic: n.dropped + malformed.get(topic, 0) for topic, n in selection.counters.items()}
        watched = watch.finish(survey.last_ns) if watch else reader.stop.flags if reader.stop else ()
        flags = tuple(sorted((*watched, *gap_flags(selection.counters)), key=lambda flag: flag.start_ns))
        attributes = {**_attributes(reader, take, survey, dropped), "flags": msgspec.to_builtins(flags)}
        expected = writer.finish(attributes, {topic: {"dropped": dropped.get(topic, 0)} for topic in counts})
    _verify(part, {topic: specs[topic].encoding for topic in counts}, expected)
    seconds = max(0, attributes["end_ns"] - attributes["start_ns"]) * 1e-9
    return Committed(final, attributes["outcome"], seconds, sum(dropped.values()), counts, flags)


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


def _check_room(folder: Path, journal: Path) -> None:
    needed = journal.stat().st_size + _SLACK_BYTES
    if free_bytes(folder) < needed:
        raise RecordingError(
            f"data folder {folder.parent}", f"the disk has no room for an episode of {needed / 1e6:.1f} MB",
            way_out=f"The take is safe in {journal}; make room, and the next start of a recorder commits it",
        )  # fmt: skip


def _verify(part: Path, encodings: dict[str, str], expected: Expected) -> None:
    try:
        with h5py.File(part, "r", locking=False) as file:
            problems = problems_of(file, encodings, expected)
    except (OSError, KeyError, RuntimeError) as error:
        problems = [str(error)]
    if problems:
        part.unlink(missing_ok=True)
        raise RecordingError(
            f"episode {part}", f"what was written is not what was recorded: {problems[0]}",
            way_out="The journal is kept; check the disk, and start the recorder again",
        )  # fmt: skip
