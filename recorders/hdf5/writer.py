"""Writes one episode file from samples that come in order. Used by `recorders.commit` only.

Two passes: first the sizes are counted (`Sizes`), then every data set is made at its final size and filled.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import msgspec
import numpy as np

from app.core.wire.messages import StreamSpec
from recorders.hdf5.attributes import seal, write_attribute
from recorders.hdf5.columns import Column
from recorders.hdf5.guarded import GuardedFile
from recorders.hdf5.schema import DATA, FORMAT, LIBVER, OFFSETS, SCHEMA_VERSION, STREAMS
from recorders.samples import KeptSamples


@dataclass
class Size:
    """How much of one stream goes into the episode: samples, and bytes of their data."""

    samples: int = 0
    data_bytes: int = 0


@dataclass
class Expected:
    """What must be found in a written file: rows and digest of each data set, by path."""

    rows: dict[str, int] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)


class _Stream:
    """The data sets of one stream while they are filled."""

    def __init__(self, root: h5py.Group, spec: StreamSpec, size: Size, dropped: int) -> None:
        self.group = root.create_group(spec.topic)
        self.pictures = spec.encoding != "raw"
        write_attribute(self.group, "spec", msgspec.to_builtins(spec))
        write_attribute(self.group, "dropped", dropped)
        count = size.samples
        self.t_ns, self.t_device_ns, self.t_receive_ns, self.seq = (
            Column(self.group, name, (count,), "<i8")
            for name in ("t_ns", "t_device_ns", "t_receive_ns", "seq")
        )
        shape, dtype = ((size.data_bytes,), "|u1") if self.pictures else ((count, *spec.shape), spec.dtype)
        self.data = Column(self.group, DATA, shape, dtype)
        self.offsets = Column(self.group, OFFSETS, (count + 1,), "<i8") if self.pictures else None
        self._end = 0
        if self.offsets is not None:
            self.offsets.append(array("q", [0]).tobytes())

    def add(self, kept: KeptSamples) -> None:
        times, device_times = kept.times()
        first_seq = kept.message.header.seq
        self.t_ns.append(array("q", times).tobytes())
        self.t_device_ns.append(array("q", device_times).tobytes())
        self.t_receive_ns.append(array("q", [kept.message.t_receive_ns] * len(times)).tobytes())
        self.seq.append(array("q", range(first_seq + kept.first, first_seq + kept.last)).tobytes())
        data = kept.data()
        self.data.append(data)
        if self.offsets is not None:
            self._end += len(data)
            self.offsets.append(array("q", [self._end]).tobytes())

    def finish(self, expected: Expected) -> None:
        columns = {"t_ns": self.t_ns, "t_device_ns": self.t_device_ns, "t_receive_ns": self.t_receive_ns,
                   "seq": self.seq, DATA: self.data}  # fmt: skip
        if self.offsets is not None:
            columns[OFFSETS] = self.offsets
        for name, column in columns.items():
            path = f"{self.group.name}/{name}"
            expected.digests[path] = column.finish()
            expected.rows[path] = self.group[name].shape[0]


@dataclass(frozen=True)
class Plan:
    """Everything about an episode but its samples.

    Attributes:
        attributes: Of the file; see `recorders.hdf5.schema.EPISODE_ATTRIBUTES`.
        specs: Every stream by topic.
        sizes: What the first pass counted; streams without samples are left out.
        dropped: Missing samples by topic.
    """

    attributes: dict[str, Any]
    specs: dict[str, StreamSpec]
    sizes: dict[str, Size]
    dropped: dict[str, int]


def write_episode(path: Path, plan: Plan, samples: Iterable[KeptSamples]) -> Expected:
    """Write an episode file, wait until it is on the disk, and return what must be found in it.

    Raises:
        OSError: If the disk is full or fails; HDF5 itself has closed in peace by then.
    """
    guard = GuardedFile(path)
    try:
        expected = _fill(guard, plan, samples)
        guard.sync()
        return expected
    finally:
        guard.close()


def _fill(guard: GuardedFile, plan: Plan, samples: Iterable[KeptSamples]) -> Expected:
    expected = Expected()
    with h5py.File(guard, "w", libver=LIBVER) as file:
        root = file.create_group(STREAMS)
        streams = {
            topic: _Stream(root, plan.specs[topic], size, plan.dropped.get(topic, 0))
            for topic, size in sorted(plan.sizes.items())
        }
        for kept in samples:
            streams[kept.message.topic].add(kept)
            guard.check()
        for stream in streams.values():
            stream.finish(expected)
            seal(stream.group)
        write_attribute(file, "format", FORMAT)
        write_attribute(file, "schema_version", SCHEMA_VERSION)
        for name, value in plan.attributes.items():
            if value is not None:
                write_attribute(file, name, value)
        seal(file)
    guard.check()
    return expected


def peak_force(block: np.ndarray) -> float:
    """Return the largest norm of the force part of wrenches (n, 6), in newtons; NaN for none."""
    return (
        float(np.linalg.norm(block[:, :3].astype(np.float64), axis=1).max()) if len(block) else float("nan")
    )
