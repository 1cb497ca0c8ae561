"""Reads zarr replay buffers of version 2, as a folder or in a zip file; JSON and chunks of bytes, without a library.

Compressors: none, zlib, gzip, bz2, lzma by the standard library; blosc, zstd and lz4 by `numcodecs` (extra `zarr`).
Every size is checked before memory is taken for it; a name never leaves the store.
"""

from __future__ import annotations

import bz2
import itertools
import json
import lzma
import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from app.core.errors import EpisodeError
from recorders.exchange.about import NAME, EpisodeAbout, SetAbout, decode_episode, decode_set
from recorders.exchange.extras import need
from recorders.exchange.model import Found, Pictures

DEFAULT_RATE_HZ = 10.0  # what diffusion-policy's own recordings have; the buffer does not say it
MAX_JSON_BYTES = 64 * 1024 * 1024
MAX_CHUNK_BYTES = 256 * 1024 * 1024
MAX_ARRAY_BYTES = 1 << 40
BY_NUMCODECS = ("blosc", "zstd", "lz4")


class _Store:
    """The files of a zarr store, in a folder or in a zip file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._zip = zipfile.ZipFile(path) if path.is_file() else None

    def close(self) -> None:
        if self._zip is not None:
            self._zip.close()

    def names(self) -> set[str]:
        """Return the paths of all descriptions of arrays."""
        if self._zip is not None:
            return {name for name in self._zip.namelist() if name.endswith(".zarray")}
        return {str(path.relative_to(self.path)) for path in self.path.glob("*/*/.zarray")}

    def read(self, name: str, limit: int) -> bytes | None:
        """Return a file of at most `limit` bytes, or None where there is none.

        Raises:
            EpisodeError: If it is larger, a link, or cannot be read.
        """
        try:
            if self._zip is not None:
                return self._read_zipped(name, limit)
            path = self.path / name
            if not path.is_file():
                return None
            if path.is_symlink() or not path.resolve().is_relative_to(self.path.resolve()):
                raise EpisodeError(
                    f"set {self.path}", f"{name} is a link that may leave the set; it is not followed"
                )
            if path.stat().st_size > limit:
                raise EpisodeError(f"set {self.path}", f"{name} has more than {limit} bytes")
            return path.read_bytes()
        except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error) as error:
            raise EpisodeError(f"set {self.path}", f"{name} cannot be read ({error})") from error

    def _read_zipped(self, name: str, limit: int) -> bytes | None:
        assert self._zip is not None
        try:
            info = self._zip.getinfo(name)
        except KeyError:
            return None
        if info.file_size > limit:
            raise EpisodeError(f"set {self.path}", f"{name} has more than {limit} bytes")
        with self._zip.open(info) as stream:
            return stream.read(limit)


class _Array:
    """One array: what it says of itself, checked, and its rows."""

    def __init__(self, store: _Store, name: str) -> None:
        self._store, self._name = store, name
        about = _json(store, f"{name}/.zarray")
        try:
            self.shape = tuple(int(n) for n in about["shape"])
            self._chunks = tuple(int(n) for n in about["chunks"])
            self.dtype = np.dtype(str(about["dtype"]))
            self._compressor, self._separator = (
                about.get("compressor"),
                str(about.get("dimension_separator", ".")),
            )
            self._fill = about.get("fill_value") or 0
            fits = (
                len(self.shape) == len(self._chunks) >= 1 and min(self._chunks) > 0 and min(self.shape) >= 0
            )
            plain = (
                about.get("order", "C") == "C" and not about.get("filters") and about.get("zarr_format") == 2
            )
        except (KeyError, TypeError, ValueError) as error:
            raise self._refusal(f"its description is broken ({error})") from error
        self._chunk_bytes = math.prod(self._chunks) * self.dtype.itemsize
        if not fits or not plain or self.dtype.kind not in "biuf" or self._separator not in "./":
            raise self._refusal("only plain numbers in C order without filters are read, of zarr version 2")
        if (
            self._chunk_bytes > MAX_CHUNK_BYTES
            or math.prod(self.shape) * self.dtype.itemsize > MAX_ARRAY_BYTES
        ):
            raise self._refusal("it says to be larger than anything that is read")
        self._held: tuple[int, np.ndarray] | None = None

    def rows(self, first: int, last: int) -> np.ndarray:
        """Return rows first … last − 1."""
        height = self._chunks[0]
        parts = []
        for number in range(first // height, -(-last // height)):
            block = self._block(number)
            parts.append(block[max(0, first - number * height) : last - number * height])
        return np.concatenate(parts) if parts else np.empty((0, *self.shape[1:]), self.dtype)

    def _block(self, number: int) -> np.ndarray:
        """Return all rows of one row of chunks, of the array's own width."""
        if self._held is not None and self._held[0] == number:
            return self._held[1]
        counts = [-(-size // chunk) for size, chunk in zip(self.shape[1:], self._chunks[1:], strict=True)]
        rows = min(self._chunks[0], self.shape[0] - number * self._chunks[0])
        if rows * math.prod(self.shape[1:]) * self.dtype.itemsize > MAX_CHUNK_BYTES * 2:
            raise self._refusal("its rows are larger than anything that is read")
        block = np.full((rows, *self.shape[1:]), self._fill, self.dtype)
        for place in itertools.product(*(range(count) for count in counts)):
            chunk = self._chunk((number, *place))
            if chunk is not None:
                at = tuple(
                    slice(i * c, min((i + 1) * c, n))
                    for i, c, n in zip(place, self._chunks[1:], self.shape[1:], strict=True)
                )
                cut = tuple(slice(0, part.stop - part.start) for part in at)
                block[(slice(None), *at)] = chunk[(slice(0, rows), *cut)]
        self._held = (number, block)
        return block

    def _chunk(self, place: tuple[int, ...]) -> np.ndarray | None:
        data = self._store.read(f"{self._name}/{self._separator.join(map(str, place))}", MAX_CHUNK_BYTES)
        if data is None:
            return None
        try:
            plain = self._unpack(data)
        except (
            zlib.error,
            OSError,
            EOFError,
            lzma.LZMAError,
            ValueError,
            RuntimeError,
            MemoryError,
        ) as error:
            raise self._refusal(f"chunk {place} cannot be unpacked ({error})") from error
        if len(plain) != self._chunk_bytes:
            raise self._refusal(f"chunk {place} has {len(plain)} bytes, not {self._chunk_bytes}")
        return np.frombuffer(plain, self.dtype).reshape(self._chunks)

    def _unpack(self, data: bytes) -> bytes:
        """Return a chunk's bytes; never more than one byte over what the chunk may have."""
        limit = self._chunk_bytes + 1
        kind = (self._compressor or {}).get("id") if isinstance(self._compressor, dict) else self._compressor
        if kind is None:
            return data
        if kind in ("zlib", "gzip"):
            return zlib.decompressobj(31 if kind == "gzip" else 15).decompress(data, limit)
        if kind == "bz2":
            return bz2.BZ2Decompressor().decompress(data, limit)
        if kind == "lzma":
            return lzma.LZMADecompressor().decompress(data, limit)
        if kind in BY_NUMCODECS:
            codec = need(f"numcodecs.{kind}", f"zarr sets packed with {kind}")
            out = np.empty(self._chunk_bytes, np.uint8)
            codec.decompress(data, out)
            return out.tobytes()
        raise self._refusal(f"its compressor {kind!r} is not known here")

    def _refusal(self, cause: str) -> EpisodeError:
        return EpisodeError(f"set {self._store.path}, array {self._name}", cause)


class ZarrSet:
    """A replay buffer: `data/<key>` with all episodes in a row, and `meta/episode_ends`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._store = _Store(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise EpisodeError(f"set {path}", f"it cannot be opened ({error})") from error
        names = {name.removesuffix("/.zarray") for name in self._store.names()}
        if "meta/episode_ends" not in names:
            raise EpisodeError(
                f"set {path}", "it lacks meta/episode_ends, so it is no replay buffer of zarr version 2"
            )
        ends = _Array(self._store, "meta/episode_ends")
        self._ends = ends.rows(0, ends.shape[0]).astype(np.int64).reshape(-1)
        self._arrays = {
            name[5:]: _Array(self._store, name) for name in sorted(names) if name.startswith("data/")
        }
        last = int(self._ends[-1]) if len(self._ends) else 0
        wrong = [
            name for name, array in self._arrays.items() if array.shape[0] < last
        ]  # longer ones are common
        if wrong or np.any(np.diff(self._ends, prepend=0) <= 0):
            raise EpisodeError(
                f"set {path}", f"the ends of its episodes do not fit {wrong[0] if wrong else 'each other'}"
            )
        self.count = len(self._ends)
        self._about, self._episodes = self._read_about()

    def _read_about(self) -> tuple[SetAbout | None, list[EpisodeAbout]]:
        told = _json(self._store, ".zattrs")
        if NAME not in told:
            return None, []
        where = f"set {self.path}"
        episodes = [decode_episode(json.dumps(each), where) for each in told.get(f"{NAME}_episodes", [])]
        return decode_set(json.dumps(told[NAME]), where), episodes

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def episode(self, index: int) -> Found:
        """Return one episode."""
        first, last = int(self._ends[index - 1]) if index else 0, int(self._ends[index])
        about = self._about
        rate = about.rate_hz if about else DEFAULT_RATE_HZ
        found = Found(f"set {self.path}, episode {index}", index, "zarr", rate, set_about=about)
        found.about = self._episodes[index] if index < len(self._episodes) else None
        for name, array in self._arrays.items():
            if len(array.shape) == 4 and array.shape[-1] == 3:
                found.pictures[name.removesuffix("_image")] = Pictures(last - first, _reader(array, first))
            elif len(array.shape) <= 3:
                found.columns[name] = array.rows(first, last).reshape(last - first, -1)
        found.state, found.action = found.columns.pop("state", None), found.columns.pop("action", None)
        found.columns.pop("reward", None) if about else None
        found.take_own_columns()
        for key, pictures in list(found.pictures.items()):
            found.pictures[key] = Pictures(pictures.count, pictures.read, found.capture_of(key))
        return found


def _reader(array: _Array, first: int) -> Any:
    def read(index: int) -> np.ndarray:
        picture = array.rows(first + index, first + index + 1)[0]
        if picture.dtype == np.uint8:
            return picture
        scale = 255.0 if picture.dtype.kind == "f" and picture.max(initial=0) <= 1.0 else 1.0
        return np.clip(picture * scale, 0, 255).astype(np.uint8)

    return read


def _json(store: _Store, name: str) -> dict[str, Any]:
    data = store.read(name, MAX_JSON_BYTES)
    if data is None:
        return {}
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise EpisodeError(f"set {store.path}", f"{name} is no JSON ({error})") from error
    if not isinstance(value, dict):
        raise EpisodeError(f"set {store.path}", f"{name} is no JSON object")
    return value
