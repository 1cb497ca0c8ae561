"""Flow matching: the loss and the sampler. Level 0 is noise, level 1 is data.

The path is x_s = (1 − s)·noise + s·data, the network predicts the velocity data − noise (Lipman et al. 2023), and
Euler steps follow it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from app.learning.policies.denoiser import Network


def flow_loss(velocity: Network, data: Tensor, condition: Tensor, noise: Tensor, level: Tensor) -> Tensor:
    """Return the mean squared error of the velocity at one level per sample.

    Args:
        data: (B, T, A), noise: the same shape, condition: (B, C), level: (B,) in 0..1.
    """
    share = level[:, None, None]
    blend = (1.0 - share) * noise + share * data
    predicted = velocity(blend, level[:, None].expand(data.shape[:2]), condition)
    return (predicted - (data - noise)).square().mean()


def flow_sample(velocity: Network, noise: Tensor, condition: Tensor, steps: int) -> Tensor:
    """Return samples (B, T, A) after `steps` Euler steps from noise (B, T, A)."""
    x = noise
    for index in range(steps):
        level = torch.full(noise.shape[:2], index / steps)
        x = x + velocity(x, level, condition) / steps
    return x


def data_loss(network: Network, data: Tensor, condition: Tensor, noise: Tensor, level: Tensor) -> Tensor:
    """Return the mean squared error of the data that a network predicts on the same path; arguments as `flow_loss`.

    A network narrower than the chunk cannot pass the noise on, which a velocity holds; it can predict the data.
    """
    share = level[:, None, None]
    blend = (1.0 - share) * noise + share * data
    return (network(blend, level[:, None].expand(data.shape[:2]), condition) - data).square().mean()


def velocity_of(network: Network) -> Network:
    """Return the velocity (data − x)/(1 − s) of a network that predicts the data; the sampler never asks at s = 1."""

    def velocity(x: Tensor, level: Tensor, condition: Tensor) -> Tensor:
        return (network(x, level, condition) - x) / (1.0 - level[..., None])

    return velocity
