"""Decoded pictures of all episodes, in files that are mapped into memory. Used by the trainer.

Decoding takes longer than training on the result, so it is done once: a folder beside the runs holds one array per
episode, camera and size, named by the content of the episode file. Files that are missing or broken are made again;
when the folder grows past its limit, those that were not used for longest go.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from app.core.errors import LearningError
from app.learning.config import CamerasConfig, EpisodeSource
from app.learning.data.arrays import COLOR
from app.learning.data.pictures import VERSION, square
from recorders.reader import EpisodeFile

CACHE = ".pictures"  # beside the runs
LIMIT_BYTES = 16 << 30


class Gallery:
    """Pictures by episode, camera and number.

    Args:
        maps: uint8 arrays (pictures, size, size, 3), first by episode, then by camera.
    """

    def __init__(self, maps: Sequence[Sequence[np.ndarray]], size: int) -> None:
        self._maps, self._size = maps, size

    def gather(self, episodes: Tensor, frames: Tensor) -> Tensor:
        """Return pictures (M, cameras, size, size, 3) of episodes (M,) and numbers (M, cameras)."""
        out = np.empty((*frames.shape, self._size, self._size, 3), dtype=np.uint8)
        for row, (episode, numbers) in enumerate(zip(episodes.tolist(), frames.tolist(), strict=True)):
            for camera, number in enumerate(numbers):
                out[row, camera] = self._maps[episode][camera][number]
        return torch.from_numpy(out)


def open_gallery(
    folder: Path, sources: Sequence[EpisodeSource], config: CamerasConfig, limit: int = LIMIT_BYTES
) -> Gallery:
    """Return the pictures of all episodes, decoding those that are not in `folder` yet.

    Raises:
        LearningError: If the folder cannot be written, the pictures need more than `limit` bytes, or one is broken.
        EpisodeError: If an episode cannot be read.
    """
    maps: list[list[np.ndarray]] = []
    used: dict[Path, int] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source in sources:
            maps.append([])
            for camera in config.names:
                path = folder / _name(source.sha256, camera, config.size)
                mapped = _mapped(path, Path(source.file), camera, config.size)
                used[path] = mapped.nbytes
                maps[-1].append(mapped)
                _require_room(sum(used.values()), limit, config.size)
        _tidy(folder, set(used), limit)
    except OSError as error:
        raise LearningError(
            f"pictures in {folder}", f"the folder cannot be used ({error.strerror})", way_out="Make room there, or "
            "name another folder with --out",
        ) from error  # fmt: skip
    return Gallery(maps, config.size)


def _name(sha256: str, camera: str, size: int) -> str:
    return f"{sha256}-{hashlib.sha256(camera.encode()).hexdigest()[:12]}-{size}-v{VERSION}.npy"


def _mapped(path: Path, episode: Path, camera: str, size: int) -> np.ndarray:
    """Return the pictures of one camera, from the file where it is whole."""
    with EpisodeFile(episode) as file:
        count = len(file.times_ns(camera + COLOR))
        found = _opened(path, (count, size, size, 3))
        if found is None:
            _decode(file, camera, count, size, path)
            found = _opened(path, (count, size, size, 3))
    if found is None:
        raise LearningError(f"pictures in {path.parent}", f"{path.name} was changed while it was made")
    os.utime(path)
    return found


def _opened(path: Path, shape: tuple[int, ...]) -> np.ndarray | None:
    try:
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return np.asarray(found) if found.shape == shape and found.dtype == np.uint8 else None


def _decode(file: EpisodeFile, camera: str, count: int, size: int, path: Path) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        pictures = np.lib.format.open_memmap(part, "w+", np.uint8, (count, size, size, 3))
        for number in range(count):
            name = f"{number} of camera {camera!r} of episode {file.path}"
            pictures[number] = square(file.picture(camera + COLOR, number), size, name)
        pictures.flush()
        del pictures
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _require_room(needed: int, limit: int, size: int) -> None:
    if needed > limit:
        raise LearningError(
            "pictures of the training data", f"at {size}×{size} they need more than {limit >> 20} MiB",
            way_out="Train on fewer episodes or cameras, or on smaller pictures",
        )  # fmt: skip


def _tidy(folder: Path, used: set[Path], limit: int) -> None:
    """Remove what was not used for longest, until the folder is within its limit."""
    files = sorted(folder.glob("*.npy"), key=lambda path: path.stat().st_mtime, reverse=True)
    kept = sum(path.stat().st_size for path in used)
    for path in files:
        if path in used:
            continue
        kept += path.stat().st_size
        if kept > limit:
            path.unlink(missing_ok=True)
