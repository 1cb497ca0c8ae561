"""Writes a zarr (version 2) replay buffer as diffusion-policy has it: `data/<key>` with all episodes one after the
other, and `meta/episode_ends`. A folder; files are plain JSON and chunks of bytes, so no library is needed.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from recorders.exchange.about import NAME, EpisodeAbout, SetAbout
from recorders.exchange.model import CAPTURE_PREFIX, PHASE_COLUMN, TIME_COLUMN, GridEpisode

FORMAT = 2
CHUNK_ROWS = 1024
LEVEL = 1


class ZarrArray:
    """One array that grows along its first axis; chunks are compressed with zlib, which every zarr can read."""

    def __init__(self, folder: Path, dtype: np.dtype[Any], shape: tuple[int, ...], chunk_rows: int) -> None:
        folder.mkdir(parents=True)
        self._folder, self._dtype, self._shape = folder, dtype.newbyteorder("<"), shape
        self._rows = chunk_rows
        self._pending: list[np.ndarray] = []
        self._held = self._count = self._chunks = 0

    def append(self, rows: np.ndarray) -> None:
        """Add rows (n, *shape)."""
        self._pending.append(np.ascontiguousarray(rows, self._dtype))
        self._held += len(rows)
        self._count += len(rows)
        while self._held >= self._rows:
            block = np.concatenate(self._pending)
            self._write(block[: self._rows])
            self._pending, self._held = [block[self._rows :]], len(block) - self._rows

    def finish(self) -> None:
        """Write the last chunk, padded as zarr wants it, and the description."""
        if self._held:
            block = np.concatenate(self._pending)
            padding = np.zeros((self._rows - len(block), *self._shape), self._dtype)
            self._write(np.concatenate([block, padding]))
        described = {
            "zarr_format": FORMAT, "shape": [self._count, *self._shape], "chunks": [self._rows, *self._shape],
            "dtype": self._dtype.str, "compressor": {"id": "zlib", "level": LEVEL}, "fill_value": 0, "order": "C",
            "filters": None,
        }  # fmt: skip
        (self._folder / ".zarray").write_text(json.dumps(described))

    def _write(self, block: np.ndarray) -> None:
        name = ".".join([str(self._chunks), *("0" for _ in self._shape)])
        (self._folder / name).write_bytes(zlib.compress(block.tobytes(), LEVEL))
        self._chunks += 1


class ZarrWriter:
    """Writes a replay buffer, one episode after the other."""

    def __init__(self, path: Path, about: SetAbout) -> None:
        self._path, self._about = path, about
        self._arrays: dict[str, ZarrArray] = {}
        self._ends: list[int] = []
        self._episodes: list[EpisodeAbout] = []
        for group in (path, path / "data", path / "meta"):
            group.mkdir()
            (group / ".zgroup").write_text(json.dumps({"zarr_format": FORMAT}))

    def add(self, episode: GridEpisode) -> None:
        """Append one episode."""
        self._append("state", episode.state)
        self._append("action", episode.action)
        for key, values in episode.columns.items():
            self._append(key, values)
        self._append(TIME_COLUMN, episode.t_ns)
        self._append(PHASE_COLUMN, episode.phase)
        self._append("reward", episode.reward)
        for camera in episode.cameras:
            self._append(CAPTURE_PREFIX + camera.key, camera.capture_ns)
            for tick in range(len(episode)):
                self._append(f"{camera.key}_image", camera.read(tick)[None], 1)
        self._ends.append(len(episode) + (self._ends[-1] if self._ends else 0))
        self._episodes.append(episode.about)

    def finish(self) -> None:
        """Write the last chunks, the ends of the episodes, and what is said of all."""
        for array in self._arrays.values():
            array.finish()
        ends = ZarrArray(
            self._path / "meta" / "episode_ends", np.dtype(np.int64), (), max(1, len(self._ends))
        )
        ends.append(np.array(self._ends, np.int64))
        ends.finish()
        told = {
            NAME: msgspec.to_builtins(self._about),
            f"{NAME}_episodes": msgspec.to_builtins(self._episodes),
        }
        (self._path / ".zattrs").write_text(json.dumps(told))

    def close(self) -> None:
        """Nothing is held."""

    def _append(self, key: str, rows: np.ndarray, chunk_rows: int = CHUNK_ROWS) -> None:
        if key not in self._arrays:
            folder = self._path / "data" / key
            self._arrays[key] = ZarrArray(folder, rows.dtype, rows.shape[1:], chunk_rows)
        self._arrays[key].append(rows)
