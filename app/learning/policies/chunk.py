"""A policy that draws a whole chunk of actions from the two observations: base of diffusion, flow and streaming."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from app.learning.data.targets import action_names
from app.learning.layout import ONE_ARM, Layout
from app.learning.policies.denoiser import Denoiser
from app.learning.policies.observing import ObservingPolicy
from app.learning.settings import ChunkConfig


class ChunkPolicy(ObservingPolicy):
    """Observations to a chunk of actions; within the chunk no touch is looked at."""

    def __init__(self, config: ChunkConfig, field_size: int, layout: Layout = ONE_ARM) -> None:
        super().__init__(
            config.grid, config.touch, config.optimiser, config.runtime, field_size, config.cameras,
            config.action_frame, layout,
        )  # fmt: skip
        self.network = config.network
        self.size = len(action_names(config.action_frame, layout))
        self.denoiser = Denoiser(self.size, config.grid.chunk, self.condition_size, config.network)

    def draw(self, generator: torch.Generator) -> Tensor:
        """Return unit noise (1, T, A)."""
        return torch.randn(1, self.grid.chunk, self.size, generator=generator)

    def loss(self, data: Tensor, condition: Tensor, generator: torch.Generator) -> Tensor:
        """Return the training loss of normalised chunks (B, T, A) under conditions (B, C)."""
        raise NotImplementedError

    def decode(
        self, plan: Tensor, touch: Tensor, first: int = 0, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Return the ticks `first` … of the chunk (B, T, A); there is no state."""
        return plan[:, first : first + touch.shape[1]], None

    def stage_module(self, stage: str) -> nn.Module:
        """Return denoiser and encoders: the only stage is the planner's."""
        return self.with_encoders(self.denoiser)
