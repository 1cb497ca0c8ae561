"""Whole chunks between a data set and memory past HDF5's own pipeline, which copies each byte twice on its way.

Where a chunk lies is still HDF5's doing, and what is stored is what it would have stored: the bytes and their checksum.
Used by the columns (write) and the verifier (read).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import h5py

from recorders.hdf5.fletcher import CHECKSUM_BYTES, fletcher32
from recorders.hdf5.hashing import Taker


def put_chunk(dataset: h5py.Dataset, row: int, data: bytes | bytearray | memoryview) -> None:
    """Write a whole chunk of a data set that has no filter but its checksum.

    Args:
        row: Its first row; the data set is long enough already.
        data: Its bytes, as many as a chunk has.
    """
    checksum = fletcher32(data).to_bytes(CHECKSUM_BYTES, "little")
    dataset.id.write_direct_chunk(_corner(dataset, row), b"".join((data, checksum)))


def is_plain(dataset: h5py.Dataset) -> bool:
    """Return whether chunks have no filter but their checksum."""
    return dataset.fletcher32 and dataset.id.get_create_plist().get_nfilters() == 1


def stored_chunks(dataset: h5py.Dataset) -> Iterator[bytes]:
    """Yield the chunks of a plain data set in order as they are stored, each with its checksum.

    Raises:
        OSError, RuntimeError: If one cannot be read.
    """
    for row in range(0, dataset.shape[0], dataset.chunks[0]):
        yield dataset.id.read_direct_chunk(_corner(dataset, row))[1]


def _corner(dataset: h5py.Dataset, row: int) -> tuple[int, ...]:
    return (row, *(0 for _ in dataset.shape[1:]))


class Checked:
    """Takes the chunks of a plain data set as they are stored, and hands on the bytes of its rows.

    Raises:
        OSError: From `update`, if a chunk is not what its checksum says.
    """

    def __init__(self, dataset: h5py.Dataset, taker: Taker) -> None:
        self._taker = taker
        self._chunk = math.prod(dataset.chunks) * dataset.dtype.itemsize
        self._left = math.prod(dataset.shape) * dataset.dtype.itemsize

    def update(self, data: bytes | bytearray | memoryview, /) -> None:
        """Take the next chunk; what lies behind the last row is left out."""
        view = memoryview(data)
        body = view[: self._chunk]
        if len(view) != self._chunk + CHECKSUM_BYTES:
            raise OSError(f"a chunk has {len(view)} bytes instead of {self._chunk + CHECKSUM_BYTES}")
        if fletcher32(body) != int.from_bytes(view[self._chunk :], "little"):
            raise OSError("the checksum of a chunk is wrong")
        rows = body[: self._left]
        self._left -= len(rows)
        self._taker.update(rows)
