"""Reads one episode file. Used by the reader role, the catalogue, the trainer and the augmenter.

A file may come from anywhere: its structure is checked before anything in it is believed. Links that leave the file,
variable-length and virtual data sets are never followed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import msgspec
import numpy as np

from app.core.errors import EpisodeError
from app.core.wire.messages import StreamSpec
from recorders.hdf5.attributes import is_sealed, read_attributes, read_text, text_of
from recorders.hdf5.schema import (
    DATA,
    EPISODE_ATTRIBUTES,
    FORMAT,
    OFFSETS,
    SCHEMA_VERSION,
    STREAMS,
    columns_of,
)
from recorders.hdf5.second_index import remedy
from recorders.hdf5.verify import problems_of

_CACHE_BYTES = 8 * 1024 * 1024
_BROKEN = (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, MemoryError)


class EpisodeFile:
    """An episode file, open for reading (a context manager). Owned by one thread.

    Attributes:
        path: Where it lies.
        attributes: Its attributes by name, JSON ones decoded; what is unknown is None
            (see `recorders.hdf5.schema.EPISODE_ATTRIBUTES`).

    Raises:
        EpisodeError: If it is missing, broken, foreign, or of another schema version.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise EpisodeError(
                f"episode {self.path}", "there is no such file", way_out="See `python main.py episodes DIR`"
            )
        try:
            if not h5py.is_hdf5(self.path):
                raise EpisodeError(f"episode {self.path}", _why_no_hdf5(self.path), way_out=remedy(self.path))
            self._file = h5py.File(self.path, "r", locking=False, rdcc_nbytes=_CACHE_BYTES)
        except _BROKEN as error:
            raise self._broken(error) from error
        try:
            self._check_format()
            self.attributes = self._read_attributes()
            self._specs = self._read_specs()
        except _BROKEN as error:
            self.close()
            raise self._broken(error) from error
        except EpisodeError:
            self.close()
            raise
        self._offsets: dict[str, np.ndarray] = {}
        self._times: dict[str, np.ndarray] = {}

    def __enter__(self) -> EpisodeFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def uuid(self) -> str:
        """Identifier of the episode."""
        return str(self.attributes["uuid"])

    @property
    def start_ns(self) -> int:
        """Session time at which the take began."""
        return int(self.attributes["start_ns"])

    @property
    def end_ns(self) -> int:
        """Session time at which the take ended."""
        return int(self.attributes["end_ns"])

    @property
    def topics(self) -> tuple[str, ...]:
        """`device/signal` of every recorded stream."""
        return tuple(self._specs)

    def spec(self, topic: str) -> StreamSpec:
        """Return what the device server said of a stream."""
        if topic not in self._specs:
            raise EpisodeError(
                f"episode {self.path}", f"it has no stream {topic!r}", options=sorted(self._specs)
            )
        return self._specs[topic]

    def times_ns(self, topic: str) -> np.ndarray:
        """Return the session times of a stream, int64 (n,), in nanoseconds; read-only, kept while the file is open."""
        if topic not in self._times:
            self._times[topic] = self.column(topic, "t_ns")
            self._times[topic].setflags(write=False)
        return self._times[topic]

    def column(self, topic: str, name: str) -> np.ndarray:
        """Return one of `t_ns`, `t_device_ns`, `t_receive_ns`, `seq`: int64 (n,)."""
        return self._read(topic, name)

    def data(self, topic: str) -> np.ndarray:
        """Return the samples of a stream, (n, *shape) in its own type.

        Raises:
            EpisodeError: If it is a stream of pictures, is missing, or its bytes are broken.
        """
        if self.spec(topic).encoding != "raw":
            raise EpisodeError(
                f"episode {self.path}", f"stream {topic!r} holds pictures", way_out="Use picture()"
            )
        return self._read(topic, DATA)

    def sample(self, topic: str, index: int) -> np.ndarray:
        """Return one sample of a stream, with the stream's shape, without reading the others."""
        if self.spec(topic).encoding != "raw":
            raise EpisodeError(
                f"episode {self.path}", f"stream {topic!r} holds pictures", way_out="Use picture()"
            )
        count = len(self.times_ns(topic))
        if not 0 <= index < count:
            raise EpisodeError(f"episode {self.path}", f"{topic!r} has samples 0 to {count - 1}, not {index}")
        return self._read(topic, DATA, slice(index, index + 1))[0]

    def samples(self, topic: str, first: int, last: int) -> np.ndarray:
        """Return samples `first` to before `last` of a stream, (n, *shape), without reading the others."""
        if self.spec(topic).encoding != "raw":
            raise EpisodeError(
                f"episode {self.path}", f"stream {topic!r} holds pictures", way_out="Use picture()"
            )
        return self._read(topic, DATA, slice(max(0, first), max(0, last)))

    def picture(self, topic: str, index: int) -> bytes:
        """Return picture `index` of a stream as it came over the wire (JPEG, or depth for `decode_depth`)."""
        if self.spec(topic).encoding == "raw":
            raise EpisodeError(
                f"episode {self.path}", f"stream {topic!r} holds no pictures", way_out="Use data()"
            )
        if topic not in self._offsets:
            self._offsets[topic] = self._checked_offsets(topic)
        offsets = self._offsets[topic]
        if not 0 <= index < len(offsets) - 1:
            raise EpisodeError(
                f"episode {self.path}", f"stream {topic!r} has pictures 0 to {len(offsets) - 2}, not {index}"
            )
        return self._read(topic, DATA, slice(int(offsets[index]), int(offsets[index + 1]))).tobytes()

    def problems(self) -> list[str]:
        """Read every byte and return what is wrong, one clause per problem."""
        try:
            return problems_of(self._file, {topic: spec.encoding for topic, spec in self._specs.items()})
        except _BROKEN as error:
            return [_first_line(error)]

    def _read(self, topic: str, name: str, rows: slice = slice(None)) -> np.ndarray:
        self.spec(topic)
        try:
            return np.asarray(self._file[f"{STREAMS}/{topic}/{name}"][rows])
        except _BROKEN as error:
            raise EpisodeError(
                f"episode {self.path}", f"stream {topic!r}, {name}: its bytes are broken ({_first_line(error)})",
                way_out=remedy(self.path),
            ) from error  # fmt: skip

    def _checked_offsets(self, topic: str) -> np.ndarray:
        offsets = self._read(topic, OFFSETS)
        size = self._file[f"{STREAMS}/{topic}/{DATA}"].shape[0]
        if len(offsets) < 1 or offsets[0] != 0 or offsets[-1] != size or np.any(np.diff(offsets) < 0):
            raise EpisodeError(
                f"episode {self.path}",
                f"the picture offsets of {topic!r} are broken",
                way_out=remedy(self.path),
            )
        return offsets

    def _broken(self, error: BaseException) -> EpisodeError:
        return EpisodeError(
            f"episode {self.path}", f"the file is broken ({_first_line(error)})", way_out=remedy(self.path)
        )

    def _check_format(self) -> None:
        if "format" not in self._file.attrs or read_text(self._file, "format") != FORMAT:
            raise EpisodeError(
                f"episode {self.path}", "it is an HDF5 file, but no episode of Touchstone",
                way_out="Move it out of the folder",
            )  # fmt: skip
        version = int(self._file.attrs["schema_version"])
        if version != SCHEMA_VERSION:
            raise EpisodeError(
                f"episode {self.path}", f"schema version {version} is not known here", options=[str(SCHEMA_VERSION)],
                way_out="Open it with the Touchstone version that recorded it",
            )  # fmt: skip

    def _read_attributes(self) -> dict[str, Any]:
        stored = read_attributes(self._file)
        if not is_sealed(stored):
            raise ValueError("its attributes are not what was written")
        return decoded_attributes(stored)

    def _read_specs(self) -> dict[str, StreamSpec]:
        specs: dict[str, StreamSpec] = {}
        root = _own_group(self._file, STREAMS)
        for device in root:
            for signal in _own_group(root, device):
                group = _own_group(root[device], signal)
                spec = msgspec.json.decode(read_text(group, "spec"), type=StreamSpec)
                if spec.topic != f"{device}/{signal}":
                    raise ValueError(f"stream {device}/{signal} calls itself {spec.topic}")
                self._check_stream(group, spec)
                specs[spec.topic] = spec
        return specs

    def _check_stream(self, group: h5py.Group, spec: StreamSpec) -> None:
        sizes = {}
        for name in columns_of(spec.encoding):
            dataset = _own_dataset(group, name)
            sizes[name] = dataset.shape[0]
            wanted = np.dtype(spec.dtype) if (name, spec.encoding) == (DATA, "raw") else None
            if wanted is not None and (dataset.dtype != wanted or dataset.shape[1:] != tuple(spec.shape)):
                raise ValueError(
                    f"stream {spec.topic} is {dataset.dtype} {dataset.shape[1:]}, not as announced"
                )
        rows = sizes["t_ns"]
        if spec.encoding == "raw":
            same = all(size == rows for size in sizes.values())
        else:
            same = sizes[OFFSETS] == rows + 1 and all(
                sizes[n] == rows for n in ("t_device_ns", "t_receive_ns", "seq")
            )
        if not same:
            raise ValueError(f"the columns of stream {spec.topic} have different lengths")


def decoded_attributes(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an episode says of itself, given its attributes as they are stored; what is unknown is None.

    Raises:
        KeyError: If one is missing.
        ValueError: If one is not as it must be.
    """
    values: dict[str, Any] = {}
    for name, kind in EPISODE_ATTRIBUTES.items():
        if kind.endswith("?") and name not in stored:
            values[name] = None
            continue
        kind = kind.rstrip("?")
        if kind in ("text", "json"):
            text = text_of(name, stored[name])
            values[name] = text if kind == "text" else json.loads(text)
        else:
            values[name] = {"int": int, "float": float, "bool": bool}[kind](stored[name])
    return values


def _own_link(group: h5py.Group, name: str) -> None:
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"{group.name}/{name} is a link that leaves its place; such are not followed")


def _own_group(group: h5py.Group, name: str) -> h5py.Group:
    if name not in group:
        raise ValueError(f"it has no group {name!r}")
    _own_link(group, name)
    found = group[name]
    if not isinstance(found, h5py.Group):
        raise ValueError(f"{found.name} is no group")
    return found


def _own_dataset(group: h5py.Group, name: str) -> h5py.Dataset:
    if name not in group:
        raise ValueError(f"{group.name} lacks {name}")
    _own_link(group, name)
    found = group[name]
    if not isinstance(found, h5py.Dataset) or found.dtype.kind not in "biuf" or found.ndim < 1:
        raise ValueError(f"{group.name}/{name} is no plain array")
    if found.external or found.is_virtual:
        raise ValueError(f"{found.name} keeps its data in another file; such are not followed")
    stored = found.id.get_storage_size()
    if found.nbytes > stored:
        raise ValueError(f"{found.name} says {found.nbytes} bytes and holds {stored}")
    return found


def _why_no_hdf5(path: Path) -> str:
    size = path.stat().st_size
    return "the file is empty" if size == 0 else "it is no HDF5 file, or its beginning is broken"


def _first_line(error: BaseException) -> str:
    text = str(error.args[0] if isinstance(error, KeyError) and error.args else error).strip()
    return text.splitlines()[0] if text else type(error).__name__
