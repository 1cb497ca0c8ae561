"""Writes what was found in a foreign set as an episode of ours: whole and verified, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from app.core.errors import EpisodeError
from app.core.ids import new_uuid
from app.core.wire.messages import SCHEMA_VERSION, SampleHeader, StreamSpec
from recorders.exchange.assembly import Stream, jpeg_of, streams_of
from recorders.exchange.model import Found
from recorders.files import episode_path, free_bytes, part_path, publish
from recorders.hdf5.verify import problems_of
from recorders.hdf5.writer import EpisodeWriter, peak_force
from recorders.journal_reader import JournalMessage
from recorders.records import OUTCOMES
from recorders.samples import KeptSamples

BLOCK_ROWS = 512
KEEP_FREE_BYTES = 200 * 1000 * 1000


@dataclass
class Incoming:
    """An episode of ours to be.

    Attributes:
        attributes: Of the file (`recorders.hdf5.schema.EPISODE_ATTRIBUTES`), except what follows from the streams.
        labels: Fields of `recorders.sheets.Labels` to be set beside it.
    """

    where: str
    streams: list[Stream]
    attributes: dict[str, Any]
    labels: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Kept:
    """An imported episode."""

    uuid: str
    path: str
    seconds: float
    outcome: str
    labels: dict[str, Any]


def incoming_of(found: Found, source: Path, software: str) -> Incoming:
    """Return a found episode with its streams and attributes.

    Raises:
        EpisodeError: If its parts do not fit each other.
    """
    streams = list(streams_of(found))
    about, told = found.about, found.set_about
    provenance: dict[str, Any] = {
        "kind": "import", "format": found.format, "file": source.name, "index": found.index, "rate_hz": found.rate_hz,
    }  # fmt: skip
    if about is not None:
        provenance |= {"parent": about.uuid, "original": about.provenance, "created": about.created}
    if told is not None:
        provenance["resampling"] = {
            each.spec.topic: [each.method, each.largest_shift_s] for each in told.streams
        }
    attributes = attributes_of(software, provenance, found.task, found.instruction, found.outcome)
    labels: dict[str, Any] = {}
    if about is not None:
        attributes |= {
            "created": about.created or attributes["created"], "task": about.task, "instruction": about.instruction,
            "outcome": about.outcome if about.outcome in OUTCOMES else "failure", "operator": about.operator,
            "condition": about.condition, "seed": about.seed, "score": about.score, "rig": about.rig,
            "text": about.text, "recovered": about.recovered, "dropped": {"exported episode": about.dropped},
        }  # fmt: skip
        start, end = about.span_ns
        if 0 < start < end:
            attributes |= {"start_ns": start, "end_ns": end}
        labels = {
            "phases": [list(mark) for mark in about.phases], "notes": about.notes,
            "subtasks": [list(each) for each in about.subtasks],
        }  # fmt: skip
    return Incoming(
        found.where, streams, attributes, {name: value for name, value in labels.items() if value}
    )


def attributes_of(
    software: str, provenance: dict[str, Any], task: str, instruction: str, outcome: str
) -> dict[str, Any]:
    """Return the attributes of an episode of which little is known."""
    return {
        "created": datetime.now(UTC).isoformat(timespec="milliseconds"), "software": software, "task": task,
        "instruction": instruction, "outcome": outcome if outcome in OUTCOMES else "success", "operator": "import",
        "condition": "", "seed": None, "score": None, "text": "", "recovered": False, "tail_bytes_lost": 0,
        "damaged_chunks": 0, "dropped": {}, "rig": None, "meta": {}, "provenance": provenance,
    }  # fmt: skip


def keep(incoming: Incoming, folder: Path) -> Kept:
    """Write an episode into `DIR/episodes`, read it again, and give it its name.

    Raises:
        EpisodeError: If something in it cannot be kept, or the disk has no room.
    """
    uuid = new_uuid()
    final = episode_path(folder, uuid)
    final.parent.mkdir(parents=True, exist_ok=True)
    part = part_path(final)
    specs = _specs(incoming)
    attributes = _attributes(incoming, uuid)
    try:
        try:
            with EpisodeWriter(part) as writer:
                for kept in _samples(incoming, folder):
                    writer.add(kept, specs[kept.message.topic])
                expected = writer.finish(attributes, {topic: {"dropped": 0} for topic in specs})
        except (OSError, ValueError, TypeError, OverflowError) as error:
            raise EpisodeError(incoming.where, f"it cannot be kept ({error})") from error
        with h5py.File(part, "r", locking=False) as file:
            if problems := problems_of(
                file, {topic: spec.encoding for topic, spec in specs.items()}, expected
            ):
                raise EpisodeError(incoming.where, f"what was written is not what was read: {problems[0]}")
        publish(part, final)
    finally:
        part.unlink(missing_ok=True)
    seconds = (attributes["end_ns"] - attributes["start_ns"]) * 1e-9
    return Kept(uuid, str(final), seconds, attributes["outcome"], incoming.labels)


def _specs(incoming: Incoming) -> dict[str, StreamSpec]:
    specs: dict[str, StreamSpec] = {}
    for stream in incoming.streams:
        if stream.spec.topic in specs:
            raise EpisodeError(incoming.where, f"two of its streams would be called {stream.spec.topic!r}")
        specs[stream.spec.topic] = stream.spec
    return specs


def _attributes(incoming: Incoming, uuid: str) -> dict[str, Any]:
    first = min(int(stream.t_ns[0]) for stream in incoming.streams)
    last = max(int(stream.t_ns[-1]) for stream in incoming.streams)
    peaks = [
        peak_force(each.data.reshape(-1, 6))
        for each in incoming.streams
        if each.spec.signal == "wrench" and each.spec.shape == (6,) and each.data is not None
    ]
    attributes = {"start_ns": first, "end_ns": last, **incoming.attributes, "uuid": uuid}
    return attributes | {"peak_force_n": max(peaks) if peaks else None}


def _samples(incoming: Incoming, folder: Path) -> Iterator[KeptSamples]:
    for stream in incoming.streams:
        spec, t_ns = stream.spec, stream.t_ns
        step = BLOCK_ROWS if stream.data is not None else 1
        for first in range(0, len(t_ns), step):
            if first % BLOCK_ROWS == 0 and free_bytes(folder) < KEEP_FREE_BYTES:
                raise EpisodeError(
                    f"data folder {folder}", f"less than {KEEP_FREE_BYTES / 1e6:.0f} MB are free on its disk",
                    way_out="Make room, or import into a folder on another disk",
                )  # fmt: skip
            times = tuple(int(t) for t in t_ns[first : first + step])
            header = SampleHeader(
                SCHEMA_VERSION, spec.device, spec.signal, first, len(times), times, times, spec.encoding, spec.dtype,
                spec.shape,
            )  # fmt: skip
            buffer = _bytes(stream, first, step, incoming.where)
            yield KeptSamples(
                JournalMessage(spec.topic, header, memoryview(buffer), times[-1]), 0, len(times)
            )


def _bytes(stream: Stream, first: int, step: int, where: str) -> bytes:
    """Return some rows of a stream as they are kept, or one picture as JPEG."""
    if stream.data is not None:
        return np.ascontiguousarray(stream.data[first : first + step], np.dtype(stream.spec.dtype)).tobytes()
    assert stream.pictures is not None
    assert stream.picks is not None
    return jpeg_of(stream.pictures.read(int(stream.picks[first])), where)
