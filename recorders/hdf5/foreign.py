"""Opens an HDF5 file of unknown origin and looks at its whole structure before any value is read.

Refused, with the reason: links that leave the file or point to names (soft, external), loops, data in other files
(external storage, virtual data sets), filters that need a plug-in, variable-length and compound data, more elements
than the file can hold, too many or too deep objects. Used by the importers, in a process of its own with limits
(`app.exchange.limits`), because HDF5 itself may fail on what this cannot see.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

os.environ["HDF5_PLUGIN_PRELOAD"] = (
    "::"  # no filter plug-in is ever loaded from the disk; read when HDF5 starts
)

import h5py
import numpy as np

from app.core.errors import EpisodeError

MAX_DEPTH = 12
MAX_OBJECTS = 200_000
MAX_DIMENSIONS = 6
MAX_CHUNK_BYTES = 256 * 1024 * 1024
MAX_READ_BYTES = 1024 * 1024 * 1024  # of one data set at once
MAX_TEXT_BYTES = 8 * 1024 * 1024
MOST_EXPANSION = 1100  # deflate cannot expand by more (zlib's own limit is 1032)
DEFLATE, SHUFFLE, FLETCHER32, LZF = 1, 2, 3, 32000
BUILT_IN = frozenset({DEFLATE, SHUFFLE, FLETCHER32, LZF})
BROKEN = (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, OverflowError, MemoryError)
WAY_OUT = "It is left out; write it again with plain arrays if it can be trusted"


class ForeignFile:
    """An HDF5 file that has been looked at (a context manager).

    Attributes:
        datasets: Path to data set, of every data set in it.

    Raises:
        EpisodeError: Naming the file, the object and what is wrong with it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            if not path.is_file():  # a pipe or a device would be waited for
                raise self._refusal("it is no file")
            if not h5py.is_hdf5(path):
                raise self._refusal("it is no HDF5 file, or its beginning is broken")
            self._file = h5py.File(path, "r", locking=False)
        except BROKEN as error:
            raise self._refusal(f"it cannot be opened ({first_line(error)})") from error
        self.datasets: dict[str, h5py.Dataset] = {}
        try:
            self._size = path.stat().st_size
            for name, dataset in self._walk(self._file, "", 0, set()):
                self._check(name, dataset)
                self.datasets[name] = dataset
        except BROKEN as error:
            self.close()
            raise self._refusal(first_line(error)) from error
        except EpisodeError:
            self.close()
            raise

    def __enter__(self) -> ForeignFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def below(self, prefix: str) -> dict[str, str]:
        """Return the data sets directly below a group: their name there, and their path."""
        start = f"{prefix}/"
        return {
            name[len(start) :]: name
            for name in self.datasets
            if name.startswith(start) and "/" not in name[len(start) :]
        }

    def has_group(self, name: str) -> bool:
        """Whether a group of this path holds any data set."""
        return any(path.startswith(f"{name}/") for path in self.datasets)

    def rows(self, name: str, first: int = 0, last: int | None = None) -> np.ndarray:
        """Return some rows of a data set, in its own type.

        Raises:
            EpisodeError: If there is none of this name, or its bytes are broken.
        """
        if name not in self.datasets:
            raise EpisodeError(f"file {self.path}", f"it has no data set /{name}")
        dataset = self.datasets[name]
        rows = len(range(*slice(first, last).indices(dataset.shape[0]))) if dataset.shape else 1
        if rows * math.prod(dataset.shape[1:]) * dataset.dtype.itemsize > MAX_READ_BYTES:
            raise self._refusal(f"/{name} is larger than anything that is read at once")
        try:
            return np.asarray(dataset[first:last])
        except BROKEN as error:
            raise self._refusal(f"/{name} cannot be read ({first_line(error)})") from error

    def text(self, group: str, name: str) -> str:
        """Return a text attribute of a group, or "" if there is none; also one kept as a data set of bytes.

        Raises:
            EpisodeError: If it is no text, or too long.
        """
        kept = f"{group}/{name}_json".lstrip("/")
        if kept in self.datasets and self.datasets[kept].dtype == np.uint8:
            return self.rows(kept).tobytes().decode()
        try:
            target = self._file[group or "/"]
            if name not in target.attrs:
                return ""
            kind = target.attrs.get_id(name)
            if kind.get_storage_size() > MAX_TEXT_BYTES or kind.shape != ():
                raise self._refusal(f"attribute {name} of /{group} is no short text")
            value: Any = target.attrs[name]
            return value.decode() if isinstance(value, bytes) else str(value)
        except BROKEN as error:
            raise self._refusal(
                f"attribute {name} of /{group} cannot be read ({first_line(error)})"
            ) from error

    def _refusal(self, cause: str) -> EpisodeError:
        return EpisodeError(f"file {self.path}", cause, way_out=WAY_OUT)

    def _walk(
        self, group: h5py.Group, prefix: str, depth: int, seen: set[int]
    ) -> Iterator[tuple[str, h5py.Dataset]]:
        """Yield every data set by path; only hard links are followed, and no object twice."""
        if depth > MAX_DEPTH:
            raise self._refusal(f"its groups are nested deeper than {MAX_DEPTH}, at /{prefix}")
        for name in group:
            path = f"{prefix}{name}"
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                kind = "leaves the file" if isinstance(link, h5py.ExternalLink) else "points to another name"
                raise self._refusal(f"the link /{path} {kind}; such links are not followed")
            info = h5py.h5o.get_info(group.id, name.encode())
            if info.addr in seen:
                raise self._refusal(
                    f"/{path} is an object that was met before: the file has a loop or shares objects"
                )
            seen.add(info.addr)
            if len(seen) > MAX_OBJECTS:
                raise self._refusal(f"it has more than {MAX_OBJECTS} objects")
            if info.type == h5py.h5o.TYPE_GROUP:
                yield from self._walk(group[name], f"{path}/", depth + 1, seen)
            elif info.type == h5py.h5o.TYPE_DATASET:
                yield path, group[name]

    def _check(self, name: str, dataset: h5py.Dataset) -> None:
        """Refuse a data set that cannot be read as a plain array from this file alone."""
        if dataset.is_virtual or dataset.external:
            raise self._refusal(f"/{name} keeps its data in another file; such are not followed")
        if dataset.shape is None or dataset.ndim > MAX_DIMENSIONS:
            raise self._refusal(f"/{name} is no plain array")
        if dataset.dtype.kind not in "biufS" or dataset.dtype.itemsize > MAX_TEXT_BYTES:
            raise self._refusal(f"/{name} holds {dataset.dtype}; only numbers and fixed-length text are read")
        created = dataset.id.get_create_plist()
        filters = [created.get_filter(i)[0] for i in range(created.get_nfilters())]
        if unknown := sorted(set(filters) - BUILT_IN):
            raise self._refusal(f"/{name} needs the filter plug-in {unknown[0]}; plug-ins are not loaded")
        nbytes = math.prod(dataset.shape) * dataset.dtype.itemsize
        stored = dataset.id.get_storage_size()
        room = stored * MOST_EXPANSION ** len([each for each in filters if each in (DEFLATE, LZF)][:1])
        if stored > self._size or nbytes > room:
            raise self._refusal(f"/{name} says {nbytes} bytes and holds {stored}")
        if dataset.chunks and math.prod(dataset.chunks) * dataset.dtype.itemsize > MAX_CHUNK_BYTES:
            raise self._refusal(f"/{name} has chunks of more than {MAX_CHUNK_BYTES >> 20} MiB")


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text."""
    text = str(error.args[0] if isinstance(error, KeyError) and error.args else error).strip()
    return text.splitlines()[0] if text else type(error).__name__
