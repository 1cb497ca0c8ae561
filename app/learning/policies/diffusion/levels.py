"""The noise schedule of diffusion and streaming: the squared cosine of Nichol and Dhariwal (2021).

Noise index k counts from 0 (nearly clean) to N − 1 (nearly noise); −1 is clean. What the network is told is the
level 1 − (k + 1)/N, so that 0 is noise and 1 is data, as in flow matching.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

OFFSET, MOST_BETA = 0.008, 0.999


def kept_shares(count: int) -> Tensor:
    """Return the share of variance that is data, ᾱ, for k = −1 … count − 1: (count + 1,), the first is 1.

    β_k = min(0.999, 1 − f((k + 1)/N) / f(k/N)) with f(t) = cos²((t + 0.008)/1.008 · π/2); ᾱ is the running product.
    """

    def squared_cosine(t: float) -> float:
        return math.cos((t + OFFSET) / (1.0 + OFFSET) * math.pi / 2.0) ** 2

    beta = [
        min(MOST_BETA, 1.0 - squared_cosine((k + 1) / count) / squared_cosine(k / count))
        for k in range(count)
    ]
    kept = torch.cumprod(1.0 - torch.tensor(beta, dtype=torch.float64), dim=0)
    return torch.cat([torch.ones(1, dtype=torch.float64), kept]).float()


def told_level(index: Tensor, count: int) -> Tensor:
    """Return the network's level in 0..1 of noise indices (…)."""
    return 1.0 - (index.float() + 1.0) / count


def noised(data: Tensor, noise: Tensor, index: Tensor, kept: Tensor) -> Tensor:
    """Return data (B, T, A) with noise of indices (B, T)."""
    share = kept[index + 1][..., None]
    return share.sqrt() * data + (1.0 - share).sqrt() * noise


def ddim_step(x: Tensor, clean: Tensor, index: Tensor, following: Tensor, kept: Tensor) -> Tensor:
    """Return x (B, T, A) at the indices `following` (B, T), from x at `index` and the clean data predicted there.

    Deterministic DDIM (Song et al. 2021) for a network that predicts the data; a tick at −1 stays as it is.
    """
    here, there = kept[index + 1][..., None], kept[following + 1][..., None]
    noise = (x - here.sqrt() * clean) / (1.0 - here).clamp_min(1e-12).sqrt()
    moved = there.sqrt() * clean + (1.0 - there).sqrt() * noise
    return torch.where((index < 0)[..., None], x, moved)
