"""The loss of diffusion: the clean chunk is predicted from a noised one."""

from __future__ import annotations

from torch import Tensor

from app.learning.policies.denoiser import Network
from app.learning.policies.diffusion.levels import noised, told_level


def clean_loss(
    network: Network, data: Tensor, condition: Tensor, noise: Tensor, index: Tensor, kept: Tensor
) -> Tensor:
    """Return the mean squared error of the predicted data.

    Args:
        data: (B, T, A), noise: the same shape, condition: (B, C).
        index: Noise index of each tick (B, T), 0 … N − 1.
        kept: Schedule (N + 1,).
    """
    level = told_level(index, len(kept) - 1)
    return (network(noised(data, noise, index, kept), level, condition) - data).square().mean()
