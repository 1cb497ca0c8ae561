"""The second index of an episode file: what it says of itself and where each block of each data set lies.

It stands behind the end of what HDF5 knows, so that HDF5 and every program on it open the file as ever, and a copy of
the file has it too. `recorders.salvage` reads the samples by it where HDF5 refuses the file.

```
HDF5                    as without it; root attribute `second_index`
payload                 `FileIndex` as MessagePack
footer                  magic (8 bytes), length of the payload (u64 little-endian), BLAKE2b-128 of the payload
```
With the checksums of the blocks and the digest of all that lies between them, every byte of the file is covered.
"""

from __future__ import annotations

import itertools
import math
import os
import shlex
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import msgspec
import numpy as np

from app.core.errors import EpisodeError
from recorders.hdf5.attributes import read_attributes
from recorders.hdf5.fletcher import CHECKSUM_BYTES
from recorders.hdf5.schema import DIGEST, STREAMS, new_digest

ATTRIBUTE = "second_index"
MAGIC = b"TSINDEX1"
FOOTER = struct.Struct("<8sQ16s")
MAX_PAYLOAD = 256 * 1024 * 1024
MAX_DIMENSIONS = 8
READ_BYTES = 1024 * 1024
Value = bool | int | float | bytes
Read = Callable[[int, int], bytes]  # offset, size


class ColumnIndex(msgspec.Struct, frozen=True):
    """Where one data set lies.

    Attributes:
        dtype, row_shape, rows: As HDF5 has them.
        block_rows: Rows in each block; the last one is padded.
        digest: BLAKE2b-128 of all rows, hexadecimal.
        offsets: First byte of each block in the file; a Fletcher-32 of it follows it there.
        checksums: The same Fletcher-32, once more.
    """

    dtype: str
    row_shape: tuple[int, ...]
    rows: int
    block_rows: int
    digest: str
    offsets: tuple[int, ...]
    checksums: tuple[int, ...]

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return np.dtype(self.dtype).itemsize * math.prod(self.row_shape)

    @property
    def block_bytes(self) -> int:
        """Bytes of one block, without its checksum."""
        return self.row_bytes * self.block_rows


class StreamIndex(msgspec.Struct, frozen=True):
    """One stream: its attributes as they are stored, and its data sets by name."""

    attributes: dict[str, Value]
    columns: dict[str, ColumnIndex]


class FileIndex(msgspec.Struct, frozen=True):
    """A whole file.

    Attributes:
        attributes: Of the file, as they are stored.
        streams: By topic.
        end: Bytes that belong to HDF5.
        structure: BLAKE2b-128 of all bytes before `end` that are in no block, hexadecimal.
    """

    attributes: dict[str, Value]
    streams: dict[str, StreamIndex]
    end: int = 0
    structure: str = ""


def describe(file: h5py.File, read: Read) -> FileIndex:
    """Return the index of an open file as far as HDF5 tells it; `read` reads the file's bytes without HDF5.

    Raises:
        ValueError: If something in it is not as `recorders.hdf5.writer` writes it.
    """
    streams: dict[str, StreamIndex] = {}
    for device in sorted(file[STREAMS]):
        for signal in sorted(file[STREAMS][device]):
            group = file[STREAMS][device][signal]
            columns = {name: _describe_column(group[name], read) for name in sorted(group)}
            streams[f"{device}/{signal}"] = StreamIndex(_plain_attributes(group), columns)
    return FileIndex(_plain_attributes(file), streams)


def _describe_column(dataset: h5py.Dataset, read: Read) -> ColumnIndex:
    blocks: list[h5py.h5d.StoreInfo] = []
    dataset.id.chunk_iter(blocks.append)
    blocks.sort(key=lambda block: block.chunk_offset[0])
    size = math.prod(dataset.chunks) * dataset.dtype.itemsize
    if any(block.size != size + CHECKSUM_BYTES or block.filter_mask for block in blocks):
        raise ValueError(f"{dataset.name} has a block of another size")
    digest = dataset.attrs[DIGEST]
    return ColumnIndex(
        dataset.dtype.str, dataset.shape[1:], dataset.shape[0], dataset.chunks[0], bytes(digest).decode(),
        tuple(block.byte_offset for block in blocks),
        tuple(int.from_bytes(read(block.byte_offset + size, CHECKSUM_BYTES), "little") for block in blocks),
    )  # fmt: skip


def _plain_attributes(target: h5py.Group) -> dict[str, Value]:
    return {name: _plain(name, value) for name, value in sorted(read_attributes(target).items())}


def _plain(name: str, value: object) -> Value:
    if isinstance(value, bytes):
        return bytes(value)
    if isinstance(value, np.uint8):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.floating):
        return float(value)
    raise ValueError(f"attribute {name} is no number and no fixed-length text")


def tail_of(index: FileIndex, read: Read, end: int) -> bytes:
    """Return what belongs behind the HDF5 part of a file, which is `end` bytes long and closed."""
    index = msgspec.structs.replace(index, end=end, structure=_structure_digest(index, read, end))
    payload = msgspec.msgpack.encode(index)
    digest = new_digest()
    digest.update(payload)
    return payload + FOOTER.pack(MAGIC, len(payload), digest.digest())


def _structure_digest(index: FileIndex, read: Read, end: int) -> str:
    digest = new_digest()
    for begin, stop in gaps_of(index, end):
        for place in range(begin, stop, READ_BYTES):
            digest.update(read(place, min(READ_BYTES, stop - place)))
    return digest.hexdigest()


def gaps_of(index: FileIndex, end: int) -> Iterator[tuple[int, int]]:
    """Yield begin and end of everything before `end` that is in no block."""
    at = 0
    for first, last in sorted(_places(index)):
        if first > at:
            yield at, first
        at = last
    if at < end:
        yield at, end


def _places(index: FileIndex) -> Iterator[tuple[int, int]]:
    for stream in index.streams.values():
        for column in stream.columns.values():
            size = column.block_bytes + CHECKSUM_BYTES
            yield from ((offset, offset + size) for offset in column.offsets)


class Bytes:
    """The bytes of a file, read without HDF5 (a context manager).

    Args:
        alive: Called at each reading; what it raises ends it.
    """

    def __init__(self, path: Path, alive: Callable[[], object] = lambda: None) -> None:
        self._alive = alive
        self._handle = os.open(path, os.O_RDONLY)
        self.size = os.fstat(self._handle).st_size

    def __enter__(self) -> Bytes:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)

    def read(self, offset: int, size: int) -> bytes:
        """Return so many bytes from a place on; fewer at the end of the file."""
        self._alive()
        return os.pread(self._handle, size, offset)


def load(source: Bytes) -> FileIndex:
    """Return the second index of a file; where it says that bytes lie, bytes lie, and no two blocks overlap.

    Raises:
        ValueError: If there is none, or it is not what was written.
    """
    if source.size < FOOTER.size:
        raise ValueError("there is none")
    magic, length, expected = FOOTER.unpack(source.read(source.size - FOOTER.size, FOOTER.size))
    if magic != MAGIC:
        raise ValueError("there is none at the end of the file")
    begin = source.size - FOOTER.size - length
    if length > MAX_PAYLOAD or begin < 0:
        raise ValueError("its footer is broken")
    payload = source.read(begin, length)
    digest = new_digest()
    digest.update(payload)
    if digest.digest() != expected:
        raise ValueError("it is not what was written (checksum)")
    index = msgspec.msgpack.decode(payload, type=FileIndex)
    if index.end != begin:
        raise ValueError("it is that of another file")
    check(index, begin)
    return index


def check(index: FileIndex, end: int) -> None:
    """See that an index tells of plain arrays whose blocks lie before `end` and do not overlap.

    Raises:
        ValueError: If not.
        TypeError: If a type in it is unknown.
    """
    for topic, stream in index.streams.items():
        for name, column in stream.columns.items():
            kind = np.dtype(column.dtype)
            if (
                kind.kind not in "biuf"
                or len(column.row_shape) > MAX_DIMENSIONS
                or min(column.row_shape, default=1) < 1
            ):
                raise ValueError(f"{topic}/{name} is no plain array")
            if column.rows < 1 or column.block_rows < 1:
                raise ValueError(f"{topic}/{name} has no rows")
            blocks = -(-column.rows // column.block_rows)
            if not blocks == len(column.offsets) == len(column.checksums):
                raise ValueError(f"{topic}/{name} has another number of blocks than its rows need")
    places = sorted(_places(index))
    if any(last > after for (_, last), (after, _) in itertools.pairwise([*places, (end, end)])) or (
        places and places[0][0] < 0
    ):
        raise ValueError("its blocks overlap or lie outside the file")


def has_index(path: Path) -> bool:
    """Whether a file has a second index that can be read, so that it can be salvaged."""
    try:
        with Bytes(path) as source:
            load(source)
    except (OSError, ValueError, TypeError, MemoryError):
        return False
    return True


def remedy(path: Path) -> str:
    """Return what a person can do about a damaged file, in the imperative."""
    if has_index(path):
        return f"Restore it from a copy, or take out what is whole of it: `{command_for(path)}`"
    return "Restore it from a copy, or move it out of the folder"


def command_for(path: Path) -> str:
    """Return what to type to have a damaged file recovered."""
    return f"python main.py recover {shlex.quote(str(path))}"


def structure_is_whole(index: FileIndex, source: Bytes) -> bool:
    """Whether all bytes that are in no block are as they were written."""
    return _structure_digest(index, source.read, index.end) == index.structure


def index_problems(file: h5py.File, path: Path) -> list[str]:
    """Return what is wrong with the second index of a file that HDF5 has open; a file need not have one."""
    if ATTRIBUTE not in file.attrs:
        return []
    try:
        with Bytes(path) as source:
            index = load(source)
            told = describe(file, source.read)
            if not structure_is_whole(index, source):
                return ["bytes between its blocks are not what was written (checksum)"]
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, MemoryError) as error:
        return [f"its second index is broken: {error}"]
    found = msgspec.structs.replace(index, end=0, structure="")
    if msgspec.msgpack.encode(found) != msgspec.msgpack.encode(told):
        return ["its second index says otherwise than HDF5"]
    return []


def append_index(path: Path) -> None:
    """Give a file that HDF5 has changed and closed a second index anew.

    Raises:
        EpisodeError: If HDF5 cannot say where its blocks lie.
        OSError: If it cannot be written.
    """
    try:
        with h5py.File(path, "r", locking=False) as file, Bytes(path) as source:
            tail = tail_of(describe(file, source.read), source.read, source.size)
    except (ValueError, KeyError, RuntimeError) as error:
        raise EpisodeError(f"episode {path}", f"its blocks cannot be told ({error})") from error
    with path.open("ab") as stream:
        stream.write(tail)
