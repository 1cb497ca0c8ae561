"""Takes the samples out of a damaged episode file by its second index, without asking HDF5 where they lie.

What is whole comes back byte for byte; samples of which any byte is damaged are left out, counted and named. Used by
the role `recover`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import msgspec
import numpy as np

from app.core.episodes import Flag
from app.core.errors import EpisodeError
from recorders.files import free_bytes
from recorders.hdf5.attributes import is_sealed
from recorders.hdf5.schema import DIGEST, FORMAT, SCHEMA_VERSION
from recorders.hdf5.second_index import (
    ATTRIBUTE,
    Bytes,
    FileIndex,
    Value,
    check,
    describe,
    load,
    structure_is_whole,
)
from recorders.hdf5.verify import problems_of
from recorders.hdf5.writer import EpisodeWriter
from recorders.salvaged_stream import SalvagedStream

KEEP_FREE_BYTES = 50 * 1000 * 1000
_WRITTEN_ANEW = frozenset({"format", "schema_version", ATTRIBUTE, DIGEST})
_BROKEN = (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, MemoryError)
FROM_A_COPY = "Restore it from a copy"


@dataclass(frozen=True)
class Damage:
    """What is wrong with a file, found without HDF5 where it has a second index.

    Attributes:
        index: Where everything lies; of HDF5, where the file has no second index that can be read.
        streams: By topic, with the rows that are whole.
        structure: Whether bytes of HDF5's own are damaged.
        index_lost: Why its second index cannot be read; empty where it was read, or the file never had one.
    """

    index: FileIndex
    streams: dict[str, SalvagedStream]
    structure: bool
    index_lost: str = ""

    @property
    def found(self) -> bool:
        """Whether anything is wrong at all."""
        return (
            self.structure or bool(self.index_lost) or any(stream.damage for stream in self.streams.values())
        )

    def sentences(self) -> list[str]:
        """Return what is wrong, one clause each."""
        words = ["the structure of HDF5 is damaged"] if self.structure else []
        words += [f"its second index is damaged ({self.index_lost})"] if self.index_lost else []
        return words + [text for stream in self.streams.values() for text in stream.damage]


def examine(path: Path, source: Bytes) -> Damage:
    """Read every byte of an episode file and tell what is damaged.

    Raises:
        EpisodeError: If there is nothing by which its samples could be found.
    """
    lost = ""
    try:
        index = load(source)
        structure = not structure_is_whole(index, source)
    except _BROKEN as error:
        structure = False
        index = _index_of_hdf5(path, source, str(error))
        lost = str(error) if ATTRIBUTE in index.attributes else ""
    about = index.attributes
    if about.get("format") != FORMAT.encode() or about.get("schema_version") != SCHEMA_VERSION:
        raise EpisodeError(f"episode {path}", f"it is no episode of schema version {SCHEMA_VERSION}")
    try:
        streams = {topic: SalvagedStream(topic, stream, source) for topic, stream in index.streams.items()}
    except (msgspec.MsgspecError, KeyError, ValueError, TypeError, MemoryError) as error:
        raise EpisodeError(
            f"episode {path}", f"its columns cannot be told ({error})", way_out=FROM_A_COPY
        ) from error
    return Damage(index, streams, structure, lost)


def _index_of_hdf5(path: Path, source: Bytes, lost: str) -> FileIndex:
    """Return where HDF5 says that everything lies, for a file without a second index."""
    try:
        with h5py.File(path, "r", locking=False) as file:
            index = describe(file, source.read)
        index = msgspec.structs.replace(index, end=source.size)
        check(index, source.size)
    except _BROKEN as error:
        raise EpisodeError(
            f"episode {path}", f"HDF5 cannot read it, and of its second index: {lost}", way_out=FROM_A_COPY
        ) from error
    if not _is_sealed(index):
        raise EpisodeError(f"episode {path}", "its attributes are not what was written", way_out=FROM_A_COPY)
    return index


def _is_sealed(index: FileIndex) -> bool:
    """Whether the attributes of a file and its streams are as they were sealed."""
    groups = [index.attributes, *(stream.attributes for stream in index.streams.values())]
    return all(is_sealed({name: _stored(value) for name, value in group.items()}) for group in groups)


def _stored(value: Value) -> Any:
    if isinstance(value, bool):
        return np.uint8(value)
    if isinstance(value, int):
        return np.int64(value)
    return np.float64(value) if isinstance(value, float) else np.bytes_(value)


def write_salvaged(damage: Damage, path: Path, part: Path) -> dict[str, int]:
    """Write what is whole of a file as a new episode file, sync it, and read every byte of it again.

    Args:
        path: The damaged file, for messages.
        part: The new file.

    Returns:
        Samples by topic.

    Raises:
        EpisodeError: If nothing is whole, there is no room, or what was written is not what was read.
    """
    kept = {topic: stream for topic, stream in damage.streams.items() if stream.samples}
    if not kept:
        raise EpisodeError(f"episode {path}", "not one sample of it is whole", way_out=FROM_A_COPY)
    needed = damage.index.end + KEEP_FREE_BYTES
    if free_bytes(part.parent) < needed:
        raise EpisodeError(
            f"folder {part.parent}", f"the disk has no room for {needed / 1e6:.0f} MB", way_out="Make room"
        )
    try:
        attributes, of_streams = _attributes(damage)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise EpisodeError(f"episode {path}", f"what it says of itself is broken ({error})") from error
    try:
        with EpisodeWriter(part) as writer:
            for stream in kept.values():
                writer.add_columns(stream.spec, stream.columns(), stream.samples)
            expected = writer.finish(attributes, of_streams)
        with h5py.File(part, "r", locking=False) as file:
            problems = problems_of(
                file, {topic: stream.spec.encoding for topic, stream in kept.items()}, expected
            )
    except OSError as error:
        raise EpisodeError(
            f"episode {part}", f"it could not be written ({error.strerror or error})"
        ) from error
    for stream in kept.values():
        problems += stream.differs_from(expected)
    if problems:
        raise EpisodeError(f"episode {part}", f"what was written is not what was read: {problems[0]}")
    return {topic: stream.samples for topic, stream in kept.items()}


def _attributes(damage: Damage) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the attributes of the new file and of its streams: as they were, and what was lost."""
    about = {
        name: _decoded(value) for name, value in damage.index.attributes.items() if name not in _WRITTEN_ANEW
    }
    of_streams = {}
    for topic, stream in damage.streams.items():
        told = stream.attributes
        of_streams[topic] = {
            name: _decoded(value) for name, value in told.items() if name not in ("spec", DIGEST)
        }
    lost = {topic: stream for topic, stream in damage.streams.items() if stream.lost}
    if not lost:
        return about, of_streams
    dropped = json.loads(about["dropped"])
    flags = msgspec.json.decode(about.get("flags", "[]"), type=list[Flag])
    for topic, stream in lost.items():
        dropped[topic] = dropped.get(topic, 0) + stream.lost
        of_streams[topic]["dropped"] = dropped[topic]
        flags += stream.flags(about["start_ns"], about["end_ns"])
    flags.sort(key=lambda flag: flag.start_ns)
    return {**about, "dropped": dropped, "flags": msgspec.to_builtins(flags)}, of_streams


def _decoded(value: Value) -> Any:
    return value.decode() if isinstance(value, bytes) else value
