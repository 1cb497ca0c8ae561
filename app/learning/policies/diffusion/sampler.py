"""DDIM with trailing spacing: the first step starts at full noise, the last ends at clean data."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from app.learning.policies.denoiser import Network
from app.learning.policies.diffusion.levels import ddim_step, told_level


def trailing_indices(count: int, steps: int) -> list[int]:
    """Return the noise indices that are visited, from count − 1 down; `steps` divides `count`."""
    return list(range(count - 1, -1, -(count // steps)))


def ddim_sample(network: Network, noise: Tensor, condition: Tensor, kept: Tensor, steps: int) -> Tensor:
    """Return samples (B, T, A) after `steps` evaluations from noise (B, T, A)."""
    count, x = len(kept) - 1, noise
    visited = [*trailing_indices(count, steps), -1]
    for here, there in pairwise(visited):
        index = torch.full(noise.shape[:2], here)
        clean = network(x, told_level(index, count), condition)
        x = ddim_step(x, clean, index, torch.full(noise.shape[:2], there), kept)
    return x
