"""Flow matching: the loss and the sampler of the planner. Level 0 is noise, level 1 is data.

The path is x_s = (1 − s)·noise + s·data, the network predicts the velocity data − noise (Lipman et al. 2023), and
Euler steps follow it.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Velocity = Callable[[Tensor, Tensor, Tensor], Tensor]


def flow_loss(velocity: Velocity, data: Tensor, condition: Tensor, noise: Tensor, level: Tensor) -> Tensor:
    """Return the mean squared error of the velocity at one level per sample.

    Args:
        data: (B, T, A), noise: the same shape, condition: (B, C), level: (B,) in 0..1.
    """
    share = level[:, None, None]
    blend = (1.0 - share) * noise + share * data
    predicted = velocity(blend, level[:, None].expand(data.shape[:2]), condition)
    return (predicted - (data - noise)).square().mean()


def flow_sample(velocity: Velocity, noise: Tensor, condition: Tensor, steps: int) -> Tensor:
    """Return samples (B, T, A) after `steps` Euler steps from noise (B, T, A)."""
    x = noise
    for index in range(steps):
        level = torch.full(noise.shape[:2], index / steps)
        x = x + velocity(x, level, condition) / steps
    return x
