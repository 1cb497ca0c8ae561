"""One data set of an episode file, filled in order and bounded in memory."""

from __future__ import annotations

import math

import h5py
import numpy as np

from recorders.hdf5.chunks import put_chunk
from recorders.hdf5.hashing import Hasher
from recorders.hdf5.schema import CHUNK_BYTES, DIGEST

FLUSH_BYTES = 1024 * 1024


class Column:
    """A data set that takes bytes in the order of its rows; how many will come need not be known.

    What is small is held back until `finish` and written at its exact size; what is large grows.

    Args:
        hasher: Takes the digest.
        group: The stream's group.
        name: Name of the data set.
        row_shape: Shape of one row, without a zero in it.
        dtype: A plain numeric type.
    """

    def __init__(
        self, hasher: Hasher, group: h5py.Group, name: str, row_shape: tuple[int, ...], dtype: str
    ) -> None:
        self._group, self._name = group, name
        self._dtype = np.dtype(dtype)
        self._row_shape = row_shape
        self._row_bytes = math.prod(row_shape) * self._dtype.itemsize
        self._chunk_rows = max(1, CHUNK_BYTES // self._row_bytes)
        self._data: h5py.Dataset | None = None
        self._pending = bytearray()
        self._digest = hasher.new()
        self.rows = 0

    def append(self, data: bytes | memoryview) -> bool:
        """Add whole rows as their bytes (C order, the data set's own type); returns whether the file was written to."""
        pending = self._pending
        pending += data
        if len(pending) < FLUSH_BYTES:
            return False
        self._flush(growing=True)
        return True

    def _flush(self, growing: bool) -> None:
        """Write what is pending: all of it, or as many whole chunks as there are if more will come."""
        pending, step = self._pending, self._chunk_rows * self._row_bytes
        size = len(pending) // step * step if growing else len(pending)
        data, self._pending = memoryview(pending)[:size], pending[size:]
        self._digest.update(data)
        begin, self.rows = self.rows, self.rows + size // self._row_bytes
        if self._data is None:
            self._data = self._create(self.rows, growing)
        else:
            self._data.resize(self.rows, axis=0)
        if not growing:
            rows = np.frombuffer(data, dtype=self._dtype).reshape(-1, *self._row_shape)
            self._data[begin : self.rows] = rows
            return
        for row in range(begin, self.rows, self._chunk_rows):
            at = (row - begin) * self._row_bytes
            put_chunk(self._data, row, data[at : at + step])

    def _create(self, rows: int, growing: bool) -> h5py.Dataset:
        chunk = min(rows, self._chunk_rows)
        return self._group.create_dataset(
            self._name, shape=(rows, *self._row_shape), maxshape=(None if growing else rows, *self._row_shape),
            dtype=self._dtype, chunks=(chunk, *self._row_shape), fletcher32=True, track_times=False,
        )  # fmt: skip

    def finish(self) -> str:
        """Write what is pending and the digest, which is returned. At least one row must have come."""
        if self._pending or self._data is None:
            self._flush(growing=False)
        assert self._data is not None
        text = self._digest.hexdigest()
        self._data.attrs.create(DIGEST, np.bytes_(text))
        return text
