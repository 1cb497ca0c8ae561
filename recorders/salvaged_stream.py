"""One stream of a damaged episode file: which of its samples are whole. Used by `recorders.salvage`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
import numpy as np

from app.core.episodes import Flag
from app.core.wire.messages import StreamSpec
from recorders.hdf5.fletcher import fletcher32
from recorders.hdf5.schema import DATA, OFFSETS, STREAMS, columns_of, new_digest
from recorders.hdf5.second_index import Bytes, ColumnIndex, StreamIndex, Value
from recorders.hdf5.writer import Expected

Run = tuple[int, int]  # first row, and the one after the last


class SalvagedColumn:
    """One data set, read block by block.

    Attributes:
        bad: Runs of rows whose bytes are not what was written.
    """

    def __init__(self, index: ColumnIndex, source: Bytes) -> None:
        self.index, self._source = index, source
        self.bad = self._check()

    def _check(self) -> list[Run]:
        digest, bad = new_digest(), []
        for number, checksum in enumerate(self.index.checksums):
            data = self._block(number)
            first = number * self.index.block_rows
            last = min(first + self.index.block_rows, self.index.rows)
            if len(data) != self.index.block_bytes or fletcher32(data) != checksum:
                bad.append((first, last))
            digest.update(data[: (last - first) * self.index.row_bytes])
        if not bad and digest.hexdigest() != self.index.digest:
            return [(0, self.index.rows)]
        return bad

    def _block(self, number: int) -> bytes:
        return self._source.read(self.index.offsets[number], self.index.block_bytes)

    def rows(self, run: Run) -> Iterator[bytes]:
        """Yield the bytes of some rows, a block at a time."""
        first, last = run
        step, size = self.index.block_rows, self.index.row_bytes
        while first < last:
            number, within = divmod(first, step)
            count = min(step - within, last - first)
            yield self._block(number)[within * size : (within + count) * size]
            first += count

    def numbers(self) -> np.ndarray:
        """Return a column of one number a row, int64 (rows,); where it is damaged, whatever is there."""
        data = b"".join(self.rows((0, self.index.rows)))
        return np.frombuffer(
            data.ljust(self.index.rows * self.index.row_bytes, b"\0"), dtype=self.index.dtype
        )


class SalvagedStream:
    """A stream of which some samples may be damaged.

    Attributes:
        spec: What the device server said of it.
        attributes: As they are stored.
        runs: Runs of samples of which every byte is what was written.
        samples: How many these are.
        lost: How many are not among them.
        damage: What is damaged, one clause per column.

    Raises:
        ValueError: If its columns do not fit each other.
        KeyError: If it lacks one.
    """

    def __init__(self, topic: str, index: StreamIndex, source: Bytes) -> None:
        spec = index.attributes["spec"]
        if not isinstance(spec, bytes):
            raise ValueError(f"what {topic} says of itself is no text")
        self.spec = msgspec.json.decode(spec, type=StreamSpec)
        self.attributes: Mapping[str, Value] = index.attributes
        self._columns = {
            name: SalvagedColumn(index.columns[name], source) for name in columns_of(self.spec.encoding)
        }
        self._check_form(topic)
        self._check_offsets(topic)
        count = self._columns["t_ns"].index.rows
        whole = np.ones(count, dtype=bool)
        self.damage: list[str] = []
        for name, column in self._columns.items():
            bad = self._samples_of(name, column.bad, count)
            if bad:
                ranges = ", ".join(f"{first} to {last - 1}" for first, last in bad)
                self.damage.append(f"stream {topic}, {name}: samples {ranges} are damaged")
            for first, last in bad:
                whole[first:last] = False
        self.runs = runs_of(whole)
        self.samples = int(whole.sum())
        self.lost = count - self.samples

    @property
    def _pictures(self) -> bool:
        return OFFSETS in self._columns

    def _check_form(self, topic: str) -> None:
        rows = {name: column.index.rows for name, column in self._columns.items()}
        of_samples = set(rows) - {DATA, OFFSETS} if self._pictures else set(rows)
        data = self._columns[DATA].index
        form = ("|u1", ()) if self._pictures else (np.dtype(self.spec.dtype).str, tuple(self.spec.shape))
        numbers = [column.index for name, column in self._columns.items() if name != DATA]
        if (
            f"{self.spec.device}/{self.spec.signal}" != topic
            or {rows[name] for name in of_samples} != {rows["t_ns"]}
            or (self._pictures and rows[OFFSETS] != rows["t_ns"] + 1)
            or (data.dtype, data.row_shape) != form
            or any((each.dtype, each.row_shape) != ("<i8", ()) for each in numbers)
        ):
            raise ValueError(f"the columns of {topic} do not fit each other")

    def _check_offsets(self, topic: str) -> None:
        if not self._pictures:
            return
        whole = np.ones(self._columns[OFFSETS].index.rows, dtype=bool)
        for first, last in self._columns[OFFSETS].bad:
            whole[first:last] = False
        told = self._offsets()[whole]
        if len(told) and (
            told[0] < 0 or told[-1] > self._columns[DATA].index.rows or np.any(np.diff(told) < 0)
        ):
            raise ValueError(f"the picture offsets of {topic} are no offsets")

    def _samples_of(self, name: str, bad: list[Run], count: int) -> list[Run]:
        """Return the samples to which damaged rows of a column belong."""
        if not self._pictures or name not in (DATA, OFFSETS):
            return bad
        if name == OFFSETS:  # picture i needs offsets i and i + 1
            return [(max(0, first - 1), min(last, count)) for first, last in bad]
        if self._columns[OFFSETS].bad:
            return [(0, count)] if bad else []  # nobody can tell whose bytes these are
        offsets = self._offsets()
        return [
            (int(np.searchsorted(offsets, first, side="right")) - 1, int(np.searchsorted(offsets, last)))
            for first, last in bad
        ]

    def _offsets(self) -> np.ndarray:
        return self._columns[OFFSETS].numbers()

    def columns(self) -> dict[str, Iterator[bytes]]:
        """Return the bytes of the whole samples, by column."""
        found: dict[str, Iterator[bytes]] = {}
        for name, column in self._columns.items():
            runs = self.runs
            if name == OFFSETS:
                found[name] = iter([self._new_offsets().tobytes()])
                continue
            if name == DATA and self._pictures:
                offsets = self._offsets()
                runs = [(int(offsets[first]), int(offsets[last])) for first, last in self.runs]
            found[name] = _rows(column, runs)
        return found

    def _new_offsets(self) -> np.ndarray:
        sizes = np.diff(self._offsets())
        kept = np.concatenate([sizes[first:last] for first, last in self.runs])
        return np.concatenate(([0], np.cumsum(kept))).astype("<i8")

    def differs_from(self, written: Expected) -> list[str]:
        """Compare the digests of what was written with those of the damaged file; only where nothing was lost."""
        path = f"/{STREAMS}/{self.spec.topic}"
        return [
            f"{path}/{name} is not what was recorded"
            for name, column in self._columns.items()
            if not self.lost and written.digests[f"{path}/{name}"] != column.index.digest
        ]

    def flags(self, start_ns: int, end_ns: int) -> list[Flag]:
        """Return a flag for each stretch of lost samples of a take that lasts from `start_ns` to `end_ns`."""
        count = self.samples + self.lost
        whole = np.zeros(count, dtype=bool)
        for first, last in self.runs:
            whole[first:last] = True
        times = self._columns["t_ns"].numbers()
        found = []
        for first, last in runs_of(~whole):
            before = int(times[first - 1]) if first else start_ns
            after = int(times[last]) if last < count else end_ns
            word = "samples" if last - first > 1 else "sample"
            text = f"stream {self.spec.topic}: {last - first} {word} lost, because the file was damaged."
            found.append(Flag(self.spec.topic, "gap", before, after, text))
        return found


def _rows(column: SalvagedColumn, runs: list[Run]) -> Iterator[bytes]:
    for run in runs:
        yield from column.rows(run)


def runs_of(mask: np.ndarray) -> list[Run]:
    """Return the runs of true values in a mask, bool (n,)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False]))))
    return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]
