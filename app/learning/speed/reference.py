"""A network of the size that Reactive Diffusion Policy's latent planner has, to measure beside ours.

A one-dimensional U-Net over time, modulated by the condition: widths 512, 1024 and 2048, kernel 3, over 8 latent steps
of 4 numbers, 100 training levels of which 8 are evaluated (Xue et al., RSS 2025, and Chi et al., RSS 2023, for the
form). Untrained: what it computes means nothing, how long it takes does not depend on that.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from app.learning.policies.diffusion.levels import kept_shares
from app.learning.policies.diffusion.sampler import ddim_sample

WIDTHS = (512, 1024, 2048)
STEPS, LEVELS, KEPT_STEPS, LATENT = 8, 100, 8, 4
GROUPS, KERNEL = 8, 3
CONDITION = 512 + 48  # features of a ResNet-18, and of pose and touch
EMBEDDING = 128


class Residual(nn.Module):
    """Two convolutions, the first modulated by the condition, and the input added."""

    def __init__(self, entry: int, width: int, condition: int) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.Conv1d(entry, width, KERNEL, padding=1), nn.GroupNorm(GROUPS, width), nn.SiLU()
        )
        self.modulation = nn.Sequential(nn.SiLU(), nn.Linear(condition, 2 * width))
        self.second = nn.Sequential(
            nn.Conv1d(width, width, KERNEL, padding=1), nn.GroupNorm(GROUPS, width), nn.SiLU()
        )
        self.skip = nn.Conv1d(entry, width, 1) if entry != width else nn.Identity()

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Return features (B, width, T) of x (B, entry, T) under conditions (B, C)."""
        scale, shift = self.modulation(condition)[..., None].chunk(2, dim=1)
        out: Tensor = self.skip(x) + self.second(self.first(x) * (1.0 + scale) + shift)
        return out


class Pair(nn.Module):
    """Two residual blocks, the first of which changes the width."""

    def __init__(self, entry: int, width: int, condition: int) -> None:
        super().__init__()
        self.first, self.second = Residual(entry, width, condition), Residual(width, width, condition)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Return features (B, width, T) of x (B, entry, T) under conditions (B, C)."""
        out: Tensor = self.second(self.first(x, condition), condition)
        return out


class ReferenceNetwork(nn.Module):
    """`Network` of the reference's size: x (B, T, 4), level (B, T), condition (B, C) to (B, T, 4)."""

    frequency: Tensor

    def __init__(self) -> None:
        super().__init__()
        told = CONDITION + EMBEDDING
        self.embedding = nn.Sequential(
            nn.Linear(EMBEDDING, 4 * EMBEDDING), nn.SiLU(), nn.Linear(4 * EMBEDDING, EMBEDDING)
        )
        self.register_buffer("frequency", torch.exp(torch.linspace(0.0, 7.0, EMBEDDING // 2)))
        entries = (LATENT, *WIDTHS[:-1])
        self.down = nn.ModuleList(
            Pair(entry, width, told) for entry, width in zip(entries, WIDTHS, strict=True)
        )
        self.shorten = nn.ModuleList(nn.Conv1d(width, width, 3, 2, 1) for width in WIDTHS[:-1])
        self.middle = Pair(WIDTHS[-1], WIDTHS[-1], told)
        self.up = nn.ModuleList(
            Pair(2 * width, lower, told) for width, lower in zip(WIDTHS[:0:-1], WIDTHS[-2::-1], strict=True)
        )
        self.lengthen = nn.ModuleList(nn.ConvTranspose1d(width, width, 4, 2, 1) for width in WIDTHS[-2::-1])
        self.exit = nn.Sequential(
            nn.Conv1d(512, 512, KERNEL, padding=1), nn.GroupNorm(GROUPS, 512), nn.SiLU(), nn.Conv1d(512, LATENT, 1)
        )  # fmt: skip

    def forward(self, x: Tensor, level: Tensor, condition: Tensor) -> Tensor:
        """Return a prediction of the shape of x."""
        angle = level[:, :1] * self.frequency
        told = torch.cat([condition, self.embedding(torch.cat([angle.sin(), angle.cos()], dim=-1))], dim=-1)
        hidden, kept = x.transpose(1, 2), []
        for index, pair in enumerate(self.down):
            hidden = pair(hidden, told)
            kept.append(hidden)
            hidden = self.shorten[index](hidden) if index < len(self.shorten) else hidden
        hidden = self.middle(hidden, told)
        for pair, lengthen in zip(self.up, self.lengthen, strict=True):
            hidden = lengthen(pair(torch.cat([hidden, kept.pop()], dim=1), told))
        out: Tensor = self.exit(hidden)
        return out.transpose(1, 2)


class ReferencePlan(nn.Module):
    """The reference's whole sampler."""

    def __init__(self) -> None:
        super().__init__()
        self.network, self.kept = ReferenceNetwork(), kept_shares(LEVELS)

    def forward(self, condition: Tensor, noise: Tensor) -> Tensor:
        """Return a plan (1, KEPT_STEPS, LATENT) for a condition (1, CONDITION) from noise of the plan's shape."""
        return ddim_sample(self.network, noise, condition, self.kept, STEPS)


def reference_inputs() -> tuple[Tensor, Tensor]:
    """Return a condition and noise for `ReferencePlan`."""
    return torch.randn(1, CONDITION), torch.randn(1, KEPT_STEPS, LATENT)
