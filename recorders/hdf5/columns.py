"""One data set of an episode file, filled in order and bounded in memory."""

from __future__ import annotations

import h5py
import numpy as np

from recorders.hdf5.schema import CHUNK_BYTES, DIGEST, new_digest

FLUSH_BYTES = 1024 * 1024


class Column:
    """A data set of known length that takes bytes in the order of its rows.

    Args:
        group: The stream's group.
        name: Name of the data set.
        shape: Its whole shape, rows first; at least one row.
        dtype: A plain numeric type.
    """

    def __init__(self, group: h5py.Group, name: str, shape: tuple[int, ...], dtype: str) -> None:
        self._dtype = np.dtype(dtype)
        self._row_shape = shape[1:]
        self._row_bytes = max(1, int(np.prod(shape[1:], dtype=np.int64)) * self._dtype.itemsize)
        rows = max(1, min(shape[0], CHUNK_BYTES // self._row_bytes))
        self._data = group.create_dataset(
            name,
            shape=shape,
            dtype=self._dtype,
            chunks=(rows, *shape[1:]),
            fletcher32=True,
            track_times=False,
        )
        self._pending = bytearray()
        self._at = 0
        self._digest = new_digest()

    def append(self, data: bytes | memoryview) -> None:
        """Add whole rows as their bytes (C order, the data set's own type)."""
        self._digest.update(data)
        self._pending += data
        if len(self._pending) >= FLUSH_BYTES:
            self._flush()

    def _flush(self) -> None:
        block = np.frombuffer(bytes(self._pending), dtype=self._dtype).reshape(-1, *self._row_shape)
        self._pending.clear()
        self._data[self._at : self._at + len(block)] = block
        self._at += len(block)

    def finish(self) -> str:
        """Write what is pending and the digest, which is returned.

        Raises:
            ValueError: If not exactly all rows came.
        """
        if self._pending:
            self._flush()
        if self._at != self._data.shape[0]:
            raise ValueError(f"{self._data.name} got {self._at} of {self._data.shape[0]} rows")
        text = self._digest.hexdigest()
        self._data.attrs.create(DIGEST, np.bytes_(text))
        return text
