"""The policy `flow`."""

from __future__ import annotations

import torch
from torch import Tensor

from app.learning.layout import ONE_ARM, Layout
from app.learning.policies.chunk import ChunkPolicy
from app.learning.policies.flow.config import FlowConfig
from app.learning.policies.flow.matching import data_loss, flow_sample, velocity_of


class FlowPolicy(ChunkPolicy):
    """Chunks by flow matching."""

    def __init__(self, config: FlowConfig, field_size: int, layout: Layout = ONE_ARM) -> None:
        super().__init__(config, field_size, layout)
        self.config = config

    def loss(self, data: Tensor, condition: Tensor, generator: torch.Generator) -> Tensor:
        """Return the loss at one level per window."""
        noise = torch.randn(data.shape, generator=generator)
        level = torch.rand(len(data), generator=generator)
        return data_loss(self.denoiser, data, condition, noise, level)

    def plan(self, condition: Tensor, noise: Tensor) -> Tensor:
        """Return chunks (B, T, 8) in own units from noise of that shape."""
        return self.action.inverse(
            flow_sample(velocity_of(self.denoiser), noise, condition, self.config.sample_steps)
        )
