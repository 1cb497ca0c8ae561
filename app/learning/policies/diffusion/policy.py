"""The policy `diffusion`."""

from __future__ import annotations

import torch
from torch import Tensor

from app.learning.layout import ONE_ARM, Layout
from app.learning.policies.chunk import ChunkPolicy
from app.learning.policies.diffusion.config import DiffusionConfig
from app.learning.policies.diffusion.levels import kept_shares
from app.learning.policies.diffusion.loss import clean_loss
from app.learning.policies.diffusion.sampler import ddim_sample


class DiffusionPolicy(ChunkPolicy):
    """Chunks by DDIM."""

    def __init__(self, config: DiffusionConfig, field_size: int, layout: Layout = ONE_ARM) -> None:
        super().__init__(config, field_size, layout)
        self.config = config
        self.kept = kept_shares(config.train_levels)

    def loss(self, data: Tensor, condition: Tensor, generator: torch.Generator) -> Tensor:
        """Return the loss at one noise index per window."""
        noise = torch.randn(data.shape, generator=generator)
        index = torch.randint(self.config.train_levels, (len(data), 1), generator=generator)
        return clean_loss(self.denoiser, data, condition, noise, index.expand(data.shape[:2]), self.kept)

    def plan(self, condition: Tensor, noise: Tensor) -> Tensor:
        """Return chunks (B, T, 8) in own units from noise of that shape."""
        drawn = ddim_sample(self.denoiser, noise, condition, self.kept, self.config.sample_steps)
        return self.action.inverse(drawn)
