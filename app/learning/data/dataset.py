"""All episodes in one contiguous tensor per signal, and the windows in them. Windows are gathered a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from app.core.errors import LearningError
from app.learning.config import CamerasConfig, GridConfig
from app.learning.data.arrays import EpisodeArrays
from app.learning.data.gallery import Gallery
from app.learning.layout import ONE_ARM, Layout


@dataclass(frozen=True)
class Series:
    """Episodes end to end: N ticks in all. The sizes are those of one arm, as in `EpisodeArrays`.

    Attributes:
        motion: (N, 19), wrench: (N, 6), field: (N, markers·3), action: (N, 8); float32, own units.
        felt_wrench: (N, fast, 6), felt_field: (N, fast, markers·3): touch at the ticks of the decoder.
        first, last: For each tick the first and the last tick of its episode (N,).
        episode: For each tick the number of its episode (N,).
        frames: For each tick the numbers of the pictures seen (N, cameras), counted within the episode.
        frame_age_ns: How old they were (N, cameras).
        command, applied: (N, 8), pose: (N, 7), stain: (N, 4); base frame, as in `EpisodeArrays`.
        gallery: Where the pictures are; None without cameras.
        layout: Which arms these are.
    """

    motion: Tensor
    wrench: Tensor
    field: Tensor
    action: Tensor
    felt_wrench: Tensor
    felt_field: Tensor
    first: Tensor
    last: Tensor
    episode: Tensor
    frames: Tensor
    frame_age_ns: Tensor
    command: Tensor
    applied: Tensor
    pose: Tensor
    stain: Tensor
    gallery: Gallery | None = None
    layout: Layout = ONE_ARM

    def __len__(self) -> int:
        return len(self.motion)


def join(episodes: Sequence[EpisodeArrays]) -> Series:
    """Return the episodes end to end."""
    lengths = np.array([len(episode) for episode in episodes])
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])

    def stack(name: str) -> Tensor:
        return torch.from_numpy(np.concatenate([getattr(episode, name) for episode in episodes]))

    felt_wrench, felt_field = stack("felt_wrench"), stack("felt_field")
    return Series(
        motion=stack("motion"),
        wrench=felt_wrench[:, 0],
        field=felt_field[:, 0],
        action=stack("action"),
        felt_wrench=felt_wrench,
        felt_field=felt_field,
        first=torch.from_numpy(np.repeat(starts, lengths)),
        last=torch.from_numpy(np.repeat(starts + lengths - 1, lengths)),
        episode=torch.from_numpy(np.repeat(np.arange(len(lengths)), lengths)),
        frames=stack("frames"),
        frame_age_ns=stack("frame_age_ns"),
        command=stack("command"),
        applied=stack("applied"),
        pose=stack("pose"),
        stain=stack("stain"),
        layout=episodes[0].layout,
    )


class Windows:
    """The windows of some episodes: each tick but the last of an episode starts one.

    A window's chunk is the `chunk` ticks from its start; past the end the last tick repeats (rest, `over` = 1).
    Its observations are its start and the tick `history` before, or the first tick of the episode. A window that
    would see a stale picture is left out: the running policy does not act on one either.
    """

    def __init__(
        self, series: Series, grid: GridConfig, episodes: Sequence[int], cameras: CamerasConfig | None = None
    ) -> None:
        self.series, self.grid = series, grid
        ticks = torch.arange(len(series))
        mine = torch.isin(series.episode, torch.tensor(list(episodes), dtype=torch.int64))
        self.starts = ticks[mine & (ticks < series.last)]
        if cameras is not None and cameras.names:
            fresh = (series.frame_age_ns <= cameras.stale_ns).all(dim=1)
            seen = self.observation_ticks(torch.arange(len(self.starts)))
            self.starts = self.starts[fresh[seen].all(dim=1)]
        self._steps = torch.arange(grid.chunk)

    def __len__(self) -> int:
        return len(self.starts)

    def chunk_ticks(self, windows: Tensor) -> Tensor:
        """Return the ticks (B, chunk) of the chunks of `windows` (B,)."""
        start = self.starts[windows]
        return torch.minimum(start[:, None] + self._steps, self.series.last[start][:, None])

    def observation_ticks(self, windows: Tensor) -> Tensor:
        """Return the ticks (B, 2) that the planner sees: the earlier one, then the start."""
        start = self.starts[windows]
        return torch.stack([torch.maximum(start - self.grid.history, self.series.first[start]), start], dim=1)

    def pictures(self, windows: Tensor) -> Tensor:
        """Return what the planner sees: uint8 RGB (B, 2, cameras, size, size, 3)."""
        if self.series.gallery is None:
            raise LearningError("training data", "its pictures were not loaded")
        ticks = self.observation_ticks(windows).flatten()
        pictures = self.series.gallery.gather(self.series.episode[ticks], self.series.frames[ticks])
        return pictures.unflatten(0, (len(windows), 2))
