"""The denoiser of all policies: `f(x[B, T, A], level[B, T], condition[B, C]) -> [B, T, A]`.

A residual network with feature-wise modulation (FiLM, Perez et al. 2018) by condition and level. The interface is
the one that flow, diffusion, streaming and the latent planner of RDP share; only loss and sampler differ between
them. A level lies in 0..1, 0 is noise and 1 is data, and every tick has its own, as streaming needs it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor, nn

Network = Callable[[Tensor, Tensor, Tensor], Tensor]


class Sizes(Protocol):
    """What the network needs of a policy's settings."""

    @property
    def width(self) -> int:
        """Width of the residual network."""
        ...

    @property
    def blocks(self) -> int:
        """Number of residual blocks."""
        ...

    @property
    def level_features(self) -> int:
        """Sines and cosines per tick."""
        ...


def level_features(level: Tensor, size: int) -> Tensor:
    """Return sines and cosines (B, T·size) of levels (B, T) in 0..1 at frequencies from 1 to 1000 rad."""
    frequency = torch.exp(torch.linspace(0.0, math.log(1000.0), size // 2))
    angle = level[..., None] * frequency
    return torch.cat([angle.sin(), angle.cos()], dim=-1).flatten(1)


class ModulatedBlock(nn.Module):
    """Norm, modulation by the condition, two layers, and the input added."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.modulation = nn.Linear(width, 2 * width)
        self.layers = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, hidden: Tensor, condition: Tensor) -> Tensor:
        """Return the hidden features (B, width) after this block."""
        scale, shift = self.modulation(condition).chunk(2, dim=-1)
        return hidden + self.layers(self.norm(hidden) * (1.0 + scale) + shift)


class Denoiser(nn.Module):
    """Residual MLP over a flattened sequence of `ticks` × `size`."""

    def __init__(self, size: int, ticks: int, condition: int, config: Sizes) -> None:
        super().__init__()
        self.features = config.level_features
        self.condition = nn.Sequential(
            nn.Linear(condition + ticks * config.level_features, config.width),
            nn.SiLU(),
            nn.Linear(config.width, config.width),
            nn.SiLU(),
        )
        self.entry = nn.Linear(size * ticks, config.width)
        self.blocks = nn.ModuleList(ModulatedBlock(config.width) for _ in range(config.blocks))
        self.exit = nn.Sequential(
            nn.LayerNorm(config.width), nn.SiLU(), nn.Linear(config.width, size * ticks)
        )

    def forward(self, x: Tensor, level: Tensor, condition: Tensor) -> Tensor:
        """Return a prediction (B, T, A) from x (B, T, A), its levels (B, T) and the condition (B, C)."""
        context = self.condition(torch.cat([condition, level_features(level, self.features)], dim=-1))
        hidden = self.entry(x.flatten(1))
        for block in self.blocks:
            hidden = block(hidden, context)
        out: Tensor = self.exit(hidden)
        return out.view_as(x)
