"""The running buffer: each call takes every tick N/h levels down, gives the first chunk away and appends noise."""

from __future__ import annotations

import torch
from torch import Tensor

from app.learning.policies.denoiser import Network
from app.learning.policies.diffusion.levels import ddim_step, noised, told_level
from app.learning.policies.diffusion.sampler import ddim_sample
from app.learning.policies.streaming.loss import running_indices


class Buffer:
    """Buffers of B environments, T ticks each, in chunks of `act`.

    Args:
        kept: Schedule (N + 1,); N is a multiple of T/act, which is two or more (`StreamingConfig.problem`).
        primer: How a fresh buffer is made, see `StreamingConfig.primer`.
    """

    def __init__(self, shape: tuple[int, int, int], act: int, kept: Tensor, primer: str = "zero") -> None:
        self.act, self.kept, self.primer = act, kept, primer
        self.levels = len(kept) - 1
        self.start = running_indices(shape[1], act, self.levels)
        self.x = torch.zeros(shape)
        self.fresh = torch.ones(shape[0], dtype=torch.bool)
        self.evaluations = self.levels * act // shape[1]

    @property
    def index(self) -> Tensor:
        """Noise indices (B, T) between calls: always those of training."""
        return self.start.expand(self.x.shape[:2])

    def reset(self, mask: Tensor) -> None:
        """Forget the buffers of the environments in `mask` (B,); the next call primes them."""
        self.fresh |= mask

    def call(self, network: Network, condition: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Return the clean first chunk (B, act, A), and what the network expects of all ticks (B, T, A).

        Args:
            condition: (B, C).
            noise: Unit noise (B, T, A): all of it primes a fresh buffer, its last `act` ticks are appended.
        """
        self._prime(network, condition, noise)
        x, index, clean = self.x, self.index, self.x
        for _ in range(self.evaluations):
            clean = network(x, told_level(index, self.levels), condition)
            x = ddim_step(x, clean, index, index - 1, self.kept)
            index = index - 1
        self.x = torch.cat([x[:, self.act :], noise[:, -self.act :]], dim=1)
        return x[:, : self.act], clean

    def _prime(self, network: Network, condition: Tensor, noise: Tensor) -> None:
        if not bool(self.fresh.any()):
            return
        mean = torch.zeros_like(self.x)
        if self.primer == "denoise":
            mean = ddim_sample(network, noise, condition, self.kept, self.levels)
        primed = noised(mean, noise, self.index, self.kept)
        self.x = torch.where(self.fresh[:, None, None], primed, self.x)
        self.fresh = torch.zeros_like(self.fresh)
