"""The whole policy as one module: embedding, normalisers, tokenizer, planner. Trained, saved and run as one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from app.learning.data.normalise import Normaliser
from app.learning.data.targets import action_names
from app.learning.layout import ONE_ARM, Layout
from app.learning.policies.denoiser import Denoiser
from app.learning.policies.diffusion.levels import kept_shares
from app.learning.policies.diffusion.loss import clean_loss
from app.learning.policies.diffusion.sampler import ddim_sample
from app.learning.policies.flow.matching import flow_loss, flow_sample
from app.learning.policies.observing import ObservingPolicy
from app.learning.policies.rdp.config import RdpConfig
from app.learning.policies.rdp.tokenizer import Tokenizer


class RdpPolicy(ObservingPolicy):
    """Slow: two observations to a latent. Fast: latent and the newest touch to one increment of the command."""

    def __init__(self, config: RdpConfig, field_size: int, layout: Layout = ONE_ARM) -> None:
        super().__init__(
            config.grid, config.touch, config.optimiser, config.runtime, field_size, config.cameras,
            config.action_frame, layout,
        )  # fmt: skip
        self.config = config
        latent = config.tokenizer.latent
        self.latent = Normaliser(latent)
        size, summed = len(action_names(config.action_frame, layout)), config.action_frame == "increment"
        self.tokenizer = Tokenizer(size, self.touch_size, config.grid, config.tokenizer, summed)
        self.planner = Denoiser(latent, 1, self.condition_size, config.planner)
        self.kept = kept_shares(config.planner.train_levels)

    def draw(self, generator: torch.Generator) -> Tensor:
        """Return unit noise (1, latent)."""
        return torch.randn(1, self.config.tokenizer.latent, generator=generator)

    def latent_loss(self, data: Tensor, condition: Tensor, generator: torch.Generator) -> Tensor:
        """Return the planner's loss for normalised latents (B, 1, latent) under conditions (B, C)."""
        noise = torch.randn(data.shape, generator=generator)
        if self.config.planner.sampler == "flow":
            level = torch.rand(len(data), generator=generator)
            return flow_loss(self.planner, data, condition, noise, level)
        index = torch.randint(self.config.planner.train_levels, (len(data), 1), generator=generator)
        return clean_loss(self.planner, data, condition, noise, index, self.kept)

    def plan(self, condition: Tensor, noise: Tensor) -> Tensor:
        """Return latents (B, latent) for conditions (B, C), from unit noise (B, latent)."""
        planner, steps = self.config.planner, self.config.planner.sample_steps
        if planner.sampler == "flow":
            drawn = flow_sample(self.planner, noise[:, None], condition, steps)
        else:
            drawn = ddim_sample(self.planner, noise[:, None], condition, self.kept, steps)
        return self.latent.inverse(drawn[:, 0])

    def decode(
        self, plan: Tensor, touch: Tensor, first: int = 0, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Return actions (B, T, A) in own units and the decoder's state, for decoder ticks `first` … of the chunk.

        Increments are speeds: what a whole tick of the grid would move, at each of its `grid.fast` decoder ticks.
        A pose is the one to be commanded by the end of the tick.

        Args:
            plan: Latents (B, latent).
            touch: Normalised touch of those ticks (B, T, ·).
            first: Number of the first of them in the chunk.
            state: The decoder's state after tick `first` − 1, or None at the start of the chunk.
        """
        phase = self.tokenizer.phase[first : first + touch.shape[1]]
        normalised, state = self.tokenizer.decoder(plan, touch, phase, state)
        return self.action.inverse(normalised), state

    def stage_module(self, stage: str) -> nn.Module:
        """Return the part that a stage ("tokenizer" or "planner") trains."""
        return self.tokenizer if stage == "tokenizer" else self.with_encoders(self.planner)
