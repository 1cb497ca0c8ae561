"""A small convolutional encoder: four convolutions, and where in the picture each channel is active."""

from __future__ import annotations

import torch
from torch import Tensor, nn

CHANNELS = (32, 64, 128, 128)
GROUP = 16  # channels per group norm


def convolution(entry: int, exit_: int, kernel: int, stride: int) -> nn.Sequential:
    """Return convolution, group norm and SiLU."""
    return nn.Sequential(
        nn.Conv2d(entry, exit_, kernel, stride, kernel // 2, bias=False),
        nn.GroupNorm(exit_ // GROUP, exit_),
        nn.SiLU(),
    )


class SpatialSoftmax(nn.Module):
    """The expected place of each channel under a softmax over its map (Finn et al. 2016, arXiv 1509.06113)."""

    def forward(self, maps: Tensor) -> Tensor:
        """Return x and y in −1..1 of each channel (B, 2·C) from maps (B, C, H, W)."""
        height, width = maps.shape[-2:]
        weights = maps.flatten(2).softmax(dim=-1).view(maps.shape)
        x = (weights.sum(dim=2) * torch.linspace(-1.0, 1.0, width)).sum(dim=-1)
        y = (weights.sum(dim=3) * torch.linspace(-1.0, 1.0, height)).sum(dim=-1)
        return torch.cat([x, y], dim=-1)


class CompactEncoder(nn.Module):
    """A quarter of a million parameters for one camera."""

    def __init__(self, features: int) -> None:
        super().__init__()
        first, second, third, fourth = CHANNELS
        self.layers = nn.Sequential(
            convolution(3, first, 5, 2),
            convolution(first, second, 3, 2),
            convolution(second, third, 3, 2),
            convolution(third, fourth, 3, 1),
            SpatialSoftmax(),
            nn.Linear(2 * fourth, features),
            nn.LayerNorm(features),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Return features (B, features) of pictures (B, 3, H, W) in −1..1."""
        out: Tensor = self.layers(pictures)
        return out
