"""All cameras of a policy: one encoder each, pictures cropped and scaled here. Used by every policy's condition."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from app.learning.encoders.compact import CompactEncoder
from app.learning.encoders.resnet import ResNetEncoder
from app.learning.settings import CamerasConfig

OBSERVATIONS = 2  # the planner sees two moments


class CameraEncoders(nn.Module):
    """The pictures of both moments to one vector.

    Args:
        config: Names at least one camera.
    """

    def __init__(self, config: CamerasConfig) -> None:
        super().__init__()
        self.config = config
        kind = {"compact": CompactEncoder, "resnet18": ResNetEncoder}[config.encoder]
        self.encoders = nn.ModuleList(kind(config.features) for _ in config.names)
        self.size = OBSERVATIONS * len(config.names) * config.features

    def forward(self, pictures: Tensor, offsets: Tensor | None = None) -> Tensor:
        """Return features (B, size).

        Args:
            pictures: uint8 RGB (B, 2, cameras, size, size, 3).
            offsets: Row and column (B, 2) at which each window's pictures are cut; the middle when left out.
        """
        seen = self.config.seen
        if offsets is None:
            offsets = torch.full((len(pictures), 2), (self.config.size - seen) // 2)
        cut = crop(pictures, offsets, seen)
        told = []
        for camera, encoder in enumerate(self.encoders):
            of_one = cut[:, :, camera].flatten(0, 1).permute(0, 3, 1, 2)
            told.append(encoder(of_one.float() / 127.5 - 1.0).view(len(pictures), OBSERVATIONS, -1))
        return torch.cat(told, dim=-1).flatten(1)

    def random_offsets(self, count: int, generator: torch.Generator) -> Tensor:
        """Return where windows are cut in training (count, 2); both moments of a window at the same place."""
        return torch.randint(self.config.size - self.config.seen + 1, (count, 2), generator=generator)


def crop(pictures: Tensor, offsets: Tensor, side: int) -> Tensor:
    """Return squares (B, 2, cameras, side, side, 3) that begin at `offsets` (B, 2: row, column)."""
    along = torch.arange(side)
    window = torch.arange(len(pictures))[:, None, None]
    rows, columns = (offsets[:, :1] + along)[:, :, None], (offsets[:, 1:] + along)[:, None, :]
    return pictures[window, :, :, rows, columns].permute(0, 3, 4, 1, 2, 5)
