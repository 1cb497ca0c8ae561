"""Writes one episode file from samples that come in order, in one pass. Used by whatever makes an episode."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import msgspec
import numpy as np

from app.core.wire.messages import StreamSpec
from recorders.hdf5.attributes import seal, write_attribute
from recorders.hdf5.columns import Column
from recorders.hdf5.guarded import GuardedFile
from recorders.hdf5.hashing import Hasher
from recorders.hdf5.origin import Origin
from recorders.hdf5.schema import DATA, FORMAT, LIBVER, OFFSETS, SCHEMA_VERSION, STREAMS
from recorders.hdf5.second_index import ATTRIBUTE, describe, tail_of
from recorders.samples import KeptSamples

ROWS = 4096  # of a stream that are gathered before they go to their columns


@dataclass
class Expected:
    """What must be found in a written file, by path of the data set.

    Attributes:
        rows, digests: Of each data set.
        origins: Where the bytes of pictures lie in the journal, if they are of one.
    """

    rows: dict[str, int] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)


class _Stream:
    """The data sets of one stream while they are filled."""

    def __init__(self, hasher: Hasher, root: h5py.Group, spec: StreamSpec) -> None:
        self.group = root.create_group(spec.topic)
        self.samples = 0
        pictures = spec.encoding != "raw"
        write_attribute(self.group, "spec", msgspec.to_builtins(spec))
        self._t_ns, self._t_device_ns, self._t_receive_ns, self._seq = (
            Column(hasher, self.group, name, (), "<i8")
            for name in ("t_ns", "t_device_ns", "t_receive_ns", "seq")
        )
        self._data = Column(
            hasher, self.group, DATA, () if pictures else spec.shape, "|u1" if pictures else spec.dtype
        )
        self._offsets = Column(hasher, self.group, OFFSETS, (), "<i8") if pictures else None
        self._origin = Origin()
        self._begin_rows()
        self._end = 0
        if self._offsets is not None:
            self._ends.append(0)

    def _begin_rows(self) -> None:
        # what comes with each sample is a few numbers: they are gathered and go to their columns together
        self._times: list[int] = []
        self._device_times: list[int] = []
        self._messages: list[tuple[int, int, int]] = []  # time received, number of the first sample, samples
        self._ends = array("q")

    def add(self, kept: KeptSamples) -> bool:
        """Take samples in; returns whether rows went to the columns."""
        message, first, count = kept.message, kept.first, kept.last - kept.first
        header, data = message.header, message.buffer
        if count == header.count:
            self._times += header.t_ns
            self._device_times += header.t_device_ns
        else:
            self._times += header.t_ns[first : kept.last]
            self._device_times += header.t_device_ns[first : kept.last]
            data = kept.data()
        self._messages.append((message.t_receive_ns, header.seq + first, count))
        self.samples += count
        flushed = self._data.append(data)
        if self._offsets is not None:
            self._end += len(data)
            self._ends.append(self._end)
            self._origin.add(message.place, len(data))
        if len(self._times) >= ROWS:
            self._pass_on()
            flushed = True
        return flushed

    def _pass_on(self) -> None:
        told = np.array(self._messages, dtype=np.int64).reshape(-1, 3)
        received, first, counts = told.T
        behind = np.arange(len(self._times)) - np.repeat(
            np.cumsum(counts) - counts, counts
        )  # the first of a message
        self._t_ns.append(array("q", self._times).tobytes())
        self._t_device_ns.append(array("q", self._device_times).tobytes())
        self._t_receive_ns.append(np.repeat(received, counts).tobytes())
        self._seq.append((np.repeat(first, counts) + behind).tobytes())
        if self._offsets is not None:
            self._offsets.append(self._ends.tobytes())
        self._begin_rows()

    def _columns(self) -> dict[str, Column]:
        columns = {"t_ns": self._t_ns, "t_device_ns": self._t_device_ns, "t_receive_ns": self._t_receive_ns,
                   "seq": self._seq, DATA: self._data}  # fmt: skip
        return columns if self._offsets is None else {**columns, OFFSETS: self._offsets}

    def fill(self, rows: Mapping[str, Iterable[bytes]], samples: int) -> None:
        """Take in whole columns by name, offsets among them, instead of samples."""
        self._begin_rows()
        self.samples = samples
        for name, column in self._columns().items():
            for block in rows[name]:
                column.append(block)

    def finish(self, about: Mapping[str, Any], expected: Expected) -> None:
        self._pass_on()
        for name, column in self._columns().items():
            path = f"{self.group.name}/{name}"
            expected.digests[path] = column.finish()
            expected.rows[path] = column.rows
            if name == DATA and self._origin.known and self._origin.size:
                expected.origins[path] = self._origin
        for name, value in about.items():
            write_attribute(self.group, name, value)
        seal(self.group)


class EpisodeWriter:
    """An episode file while it is written (a context manager). HDF5 itself always closes in peace.

    Raises:
        OSError: From every method, when the disk is full or fails.
    """

    def __init__(self, path: Path) -> None:
        self._guard = GuardedFile(path)
        self._hasher = Hasher()
        self._streams: dict[str, _Stream] = {}
        try:
            self._file = h5py.File(self._guard, "w", libver=LIBVER)
            self._root = self._file.create_group(STREAMS)
        except BaseException:
            self._hasher.close()
            self._guard.close()
            raise

    def __enter__(self) -> EpisodeWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hasher.close()
        if self._file:
            self._file.close()
        self._guard.close()

    @property
    def samples(self) -> dict[str, int]:
        """Samples by topic so far."""
        return {topic: stream.samples for topic, stream in sorted(self._streams.items())}

    def add(self, kept: KeptSamples, spec: StreamSpec) -> None:
        """Add samples of a stream; the first ones make its group."""
        topic = kept.message.topic
        stream = self._streams.get(topic)
        if stream is None:
            stream = self._streams[topic] = _Stream(self._hasher, self._root, spec)
        if stream.add(kept):
            self._guard.check()

    def add_columns(self, spec: StreamSpec, rows: Mapping[str, Iterable[bytes]], samples: int) -> None:
        """Add a whole stream as the bytes of its columns, by name; there must be at least one sample."""
        stream = self._streams[spec.topic] = _Stream(self._hasher, self._root, spec)
        stream.fill(rows, samples)
        self._guard.check()

    def sync(self) -> None:
        """Wait until what was written so far is on the disk."""
        self._guard.sync()

    def finish(
        self, attributes: Mapping[str, Any], of_streams: Mapping[str, Mapping[str, Any]], synced: bool = True
    ) -> Expected:
        """Write what is left, close the HDF5 file, and return what must be found in it.

        Args:
            attributes: Of the file; see `recorders.hdf5.schema.EPISODE_ATTRIBUTES`. None = unknown, left out.
            of_streams: Attributes of the streams, by topic.
            synced: Whether to wait until everything is on the disk; if not, `sync` must follow.
        """
        expected = Expected()
        for topic, stream in sorted(self._streams.items()):
            stream.finish(of_streams.get(topic, {}), expected)
            self._guard.check()
        write_attribute(self._file, "format", FORMAT)
        write_attribute(self._file, "schema_version", SCHEMA_VERSION)
        for name, value in attributes.items():
            if value is not None:
                write_attribute(self._file, name, value)
        write_attribute(self._file, ATTRIBUTE, True)
        seal(self._file)
        self._close_with_index()
        if synced:
            self._guard.sync()
        self._guard.check()
        return expected

    def _close_with_index(self) -> None:
        """Close the HDF5 file, and write where its blocks lie behind it."""
        self._file.flush()
        self._guard.check()
        index = describe(self._file, self._guard.read_at)
        self._file.close()
        end = self._guard.seek(0, os.SEEK_END)
        tail = tail_of(index, self._guard.read_at, end)
        self._guard.seek(end)
        self._guard.write(tail)


def peak_force(block: np.ndarray) -> float:
    """Return the largest norm of the force part of wrenches (n, 6), in newtons; NaN if none is a number."""
    norms = np.linalg.norm(block[:, :3].astype(np.float64), axis=1)
    return float(np.fmax.reduce(norms, initial=np.nan))
