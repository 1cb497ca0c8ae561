"""Reads every byte of an episode file again and compares it with what it must be.

Used after writing (pictures against the journal itself, numbers against digests of what was written) and by
`episodes --verify` (against the digests that are stored).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import h5py
import numpy as np

from recorders.hdf5.attributes import is_sealed, read_attributes
from recorders.hdf5.chunks import Checked, is_plain, stored_chunks
from recorders.hdf5.hashing import Hasher, Running, Taker
from recorders.hdf5.origin import Comparison
from recorders.hdf5.schema import DATA, DIGEST, OFFSETS, STREAMS, columns_of, new_digest
from recorders.hdf5.second_index import index_problems
from recorders.hdf5.writer import Expected

READ_BYTES = 1024 * 1024  # stays in a cache of the processor until it is hashed


def blocks_of(dataset: h5py.Dataset) -> Iterator[memoryview]:
    """Yield the bytes of a data set, about 1 MiB at a time."""
    row_bytes = max(1, dataset.dtype.itemsize * int(np.prod(dataset.shape[1:], dtype=np.int64)))
    step = max(1, READ_BYTES // row_bytes)
    for start in range(0, dataset.shape[0], step):
        yield np.ascontiguousarray(dataset[start : start + step]).reshape(-1).view(np.uint8).data


def datasets_of(file: h5py.File, encodings: Mapping[str, str]) -> Iterator[tuple[str, h5py.Dataset]]:
    """Yield the path and the data set of every column of the streams, given the encoding of each topic."""
    for topic, encoding in encodings.items():
        for name in columns_of(encoding):
            path = f"/{STREAMS}/{topic}/{name}"
            yield path, file[path]


def _problem_of(
    hasher: Hasher,
    file: h5py.File,
    path: str,
    dataset: h5py.Dataset,
    expected: Expected | None,
    source: memoryview | None,
) -> str:
    """Return what is wrong with a data set, or nothing."""
    stored = dataset.attrs.get(DIGEST)
    wanted = stored.decode() if isinstance(stored, bytes) else ""
    if expected is not None:
        if dataset.shape[0] != expected.rows.get(path):
            return f"{path} has {dataset.shape[0]} rows where {expected.rows.get(path)} were written"
        if wanted != expected.digests.get(path):
            return f"{path} has another digest than was written"
    try:
        if source is not None and expected is not None and path in expected.origins:
            comparison = Comparison(expected.origins[path], source)
            _give(dataset, hasher, comparison)
            return "" if comparison.complete else f"{path} is not what the journal holds"
        digest = new_digest()
        _give(dataset, hasher, digest)
    except (OSError, RuntimeError) as error:
        return f"{path} cannot be read: {_lost_samples(file, path, dataset)} ({str(error).splitlines()[0]})"
    return "" if digest.hexdigest() == wanted else f"{path} is not what was written (checksum)"


def _give(dataset: h5py.Dataset, hasher: Hasher, taker: Taker) -> None:
    """Hand all bytes of a data set to somebody on the other thread, past HDF5's pipeline where that is ours to do."""
    plain = is_plain(dataset)
    running = Running(hasher, Checked(dataset, taker) if plain else taker)
    for block in stored_chunks(dataset) if plain else blocks_of(dataset):
        running.update(block)
    running.wait()


def _lost_samples(file: h5py.File, path: str, dataset: h5py.Dataset) -> str:
    """Return which samples are in the chunks of a data set that cannot be read, in words."""
    step, found = dataset.chunks[0], []
    for first in range(0, dataset.shape[0], step):
        try:
            dataset[first : first + step]
        except (OSError, RuntimeError):
            found.append((first, min(first + step, dataset.shape[0]) - 1))
    stream = path.rpartition("/")[0]
    if (
        path.endswith(f"/{DATA}") and OFFSETS in file[stream]
    ):  # rows are bytes: tell the pictures that they are of
        try:
            offsets = file[f"{stream}/{OFFSETS}"][:]
        except (OSError, RuntimeError):
            return "no picture of it"
        place = lambda row: int(np.searchsorted(offsets, row, side="right")) - 1  # noqa: E731
        found = [(place(first), place(last)) for first, last in found]
    return "samples " + ", ".join(f"{first} to {last}" for first, last in found) if found else "no sample"


def problems_of(
    file: h5py.File,
    encodings: Mapping[str, str],
    expected: Expected | None = None,
    source: memoryview | None = None,
) -> list[str]:
    """Return what is wrong with a file, one clause per problem; empty when every byte is right.

    Args:
        file: Open for reading; its structure has been checked.
        encodings: Encoding of each topic in it.
        expected: What was written; None = compare with the digests in the file.
        source: The journal of which it was written: pictures are compared with it instead of with their digest.
    """
    problems = [] if is_sealed(read_attributes(file)) else ["its attributes are not what was written"]
    found = set()
    for topic in encodings:
        if not is_sealed(read_attributes(file[f"{STREAMS}/{topic}"])):
            problems.append(f"the attributes of stream {topic} are not what was written")
    with Hasher() as hasher:
        for path, dataset in datasets_of(file, encodings):
            found.add(path)
            if problem := _problem_of(hasher, file, path, dataset, expected, source):
                problems.append(problem)
    problems += index_problems(file, Path(file.filename))
    if expected is not None and (missing := sorted(set(expected.rows) - found)):
        problems.append(f"{missing[0]} is missing")
    return problems
