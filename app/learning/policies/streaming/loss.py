"""Which noise each tick has in training: mostly that of a running buffer, now and then the same for all ticks."""

from __future__ import annotations

import torch
from torch import Tensor


def running_indices(ticks: int, act: int, levels: int) -> Tensor:
    """Return the noise indices (ticks,) of a buffer at the start of a call: chunk c has N(c + 1)/h − 1."""
    chunk = torch.arange(ticks) // act
    return levels * (chunk + 1) // (ticks // act) - 1


def training_indices(
    batch: int, ticks: int, act: int, levels: int, chunkwise: float, generator: torch.Generator
) -> Tensor:
    """Return noise indices (batch, ticks), drawn for each window by itself.

    With probability `chunkwise` those of a buffer that is 0 … N/h − 1 evaluations into a call, else one index for
    all ticks (Høeg et al. 2024 draw once per batch; here every window has its own).
    """
    into = torch.randint(levels * act // ticks, (batch, 1), generator=generator)
    running = running_indices(ticks, act, levels) - into
    constant = torch.randint(levels, (batch, 1), generator=generator).expand(batch, ticks)
    return torch.where(torch.rand(batch, 1, generator=generator) < chunkwise, running, constant)
