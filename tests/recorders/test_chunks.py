"""Chunks that pass HDF5's pipeline by are what HDF5 itself would have stored, and nothing that is wrong passes."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorders.hdf5.chunks import Checked, is_plain, put_chunk, stored_chunks
from recorders.hdf5.columns import Column
from recorders.hdf5.fletcher import fletcher32
from recorders.hdf5.hashing import Hasher
from recorders.hdf5.schema import CHUNK_BYTES

SHAPES = [((), "|u1"), ((6,), "<f8"), ((63, 3), "<f4"), ((240, 320, 3), "<u2")]


def by_the_book(data: bytes) -> int:
    """Return the checksum word by word."""
    low = high = 0
    for at in range(0, len(data), 2):
        low += int.from_bytes(data[at : at + 2].ljust(2, b"\0"), "big")
        high += low
    return fold(high) << 16 | fold(low)


def fold(value: int) -> int:
    while value > 0xFFFF:
        value = (value & 0xFFFF) + (value >> 16)
    return value


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.integers(0, 3000), fill=st.sampled_from([None, 0, 1, 255]))
def test_the_checksum_is_that_of_the_book(seed: int, size: int, fill: int | None) -> None:
    data = np.random.default_rng(seed).bytes(size) if fill is None else bytes([fill]) * size
    assert fletcher32(data) == by_the_book(data)


@pytest.mark.parametrize(("shape", "dtype"), SHAPES)
def test_a_column_is_stored_as_hdf5_itself_would(tmp_path: Path, shape: tuple[int, ...], dtype: str) -> None:
    chance = np.random.default_rng(3)
    row_bytes = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    count = 3_000_000 // row_bytes + 5
    rows = np.frombuffer(chance.bytes(count * row_bytes), np.uint8).view(dtype).reshape(count, *shape)
    with h5py.File(tmp_path / "ours.h5", "w") as ours, Hasher() as hasher:
        column = Column(hasher, ours.create_group("x"), "data", shape, dtype)
        for start in range(0, count, max(1, count // 7)):
            column.append(rows[start : start + max(1, count // 7)].tobytes())
        column.finish()
        assert column.rows == count
    with h5py.File(tmp_path / "ours.h5") as ours, h5py.File(tmp_path / "theirs.h5", "w") as theirs:
        stored = ours["x/data"]
        assert is_plain(stored)
        assert np.array_equal(stored[:].view(np.uint8), rows.view(np.uint8))
        assert stored.chunks[0] == max(1, CHUNK_BYTES // row_bytes)
        same = theirs.create_dataset(
            "data", data=rows, maxshape=(None, *shape), chunks=stored.chunks, fletcher32=True
        )
        assert list(stored_chunks(stored)) == list(stored_chunks(same))


class Kept:
    """Takes bytes and keeps them."""

    def __init__(self) -> None:
        self.data = b""

    def update(self, data: bytes | bytearray | memoryview, /) -> None:
        self.data += bytes(data)


@pytest.fixture
def stored(tmp_path: Path) -> h5py.Dataset:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        dataset = file.create_dataset("x", (0, 3), "<i2", maxshape=(None, 3), chunks=(50, 3), fletcher32=True)
        dataset.resize(100, axis=0)
        for row in (0, 50):
            put_chunk(dataset, row, np.arange(row * 3, row * 3 + 150, dtype="<i2").tobytes())
        dataset.resize(120, axis=0)
        dataset[100:] = np.arange(300, 360, dtype="<i2").reshape(20, 3)
        yield dataset


def test_the_rows_come_back_without_what_lies_behind_the_last(stored: h5py.Dataset) -> None:
    kept = Kept()
    checked = Checked(stored, kept)
    for block in stored_chunks(stored):
        checked.update(block)
    assert kept.data == np.arange(360, dtype="<i2").tobytes() == stored[:].tobytes()


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 303), bit=st.integers(0, 7))
def test_no_bit_of_a_chunk_changes_unseen(place: int, bit: int) -> None:
    with h5py.File("x", "w", driver="core", backing_store=False) as file:
        dataset = file.create_dataset("x", data=np.arange(150, dtype="<i2"), chunks=(150,), fletcher32=True)
        damaged = bytearray(next(stored_chunks(dataset)))
        damaged[place] ^= 1 << bit
        with pytest.raises(OSError, match="checksum"):
            Checked(dataset, Kept()).update(damaged)
        with pytest.raises(OSError, match="bytes instead of"):
            Checked(dataset, Kept()).update(damaged[:-1])


def test_a_chunk_without_its_checksum_is_refused(stored: h5py.Dataset) -> None:
    stored.id.write_direct_chunk((0, 0), bytes(300), filter_mask=1)
    with pytest.raises(OSError, match="300 bytes instead of 304"):
        Checked(stored, Kept()).update(next(stored_chunks(stored)))


def test_other_filters_are_left_to_hdf5(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        packed = file.create_dataset(
            "x", data=np.zeros(100), chunks=(50,), fletcher32=True, compression="gzip"
        )
        bare = file.create_dataset("y", data=np.zeros(100), chunks=(50,))
        assert not is_plain(packed)
        assert not is_plain(bare)
