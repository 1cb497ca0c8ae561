"""The whole policy as one module: embedding, normalisers, tokenizer, planner. Trained, saved and run as one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from app.learning.config import RdpConfig
from app.learning.data import features
from app.learning.data.dataset import Series
from app.learning.data.normalise import Normaliser
from app.learning.data.pca import FieldEmbedding
from app.learning.policies.rdp.denoiser import Denoiser
from app.learning.policies.rdp.flow import flow_sample
from app.learning.policies.rdp.tokenizer import Tokenizer

FIELD_FLOOR = 0.1  # weak components are marker noise: none is blown up to the size of the strong ones


class RdpPolicy(nn.Module):
    """Slow: two observations to a latent. Fast: latent and the newest touch to one increment of the command.

    Args:
        field_size: Numbers in a flattened marker field.
    """

    def __init__(self, config: RdpConfig, field_size: int) -> None:
        super().__init__()
        components, actions = config.touch.components, len(features.ACTION)
        touch = features.WRENCH + components
        self.config = config
        self.embedding = FieldEmbedding(field_size, components)
        self.motion = Normaliser(len(features.MOTION))
        self.wrench = Normaliser(features.WRENCH)
        self.field = Normaliser(components)
        self.action = Normaliser(actions)
        self.latent = Normaliser(config.tokenizer.latent)
        self.tokenizer = Tokenizer(actions, touch, config.grid.chunk, config.tokenizer)
        self.planner = Denoiser(
            config.tokenizer.latent, 1, 2 * (len(features.MOTION) + touch), config.planner
        )

    def fit(self, series: Series, ticks: Tensor) -> None:
        """Fit embedding and normalisers on `ticks` of a series; the networks are not touched."""
        self.embedding.fit(series.field[ticks])
        self.field.fit(self.embedding(series.field[ticks]), FIELD_FLOOR)
        self.wrench.fit(series.wrench[ticks])
        self.motion.fit(series.motion[ticks])
        self.action.fit(series.action[ticks])

    def touch(self, wrench: Tensor, field: Tensor) -> Tensor:
        """Return normalised touch (..., 6 + components) of wrenches (..., 6) and fields (..., markers·3)."""
        return torch.cat([self.wrench.clipped(wrench), self.field.clipped(self.embedding(field))], dim=-1)

    def condition(self, motion: Tensor, touch: Tensor) -> Tensor:
        """Return the planner's condition (B, C) of motion (B, 2, 19) in own units and normalised touch (B, 2, ·)."""
        return torch.cat([self.motion.clipped(motion), touch], dim=-1).flatten(1)

    def plan(self, condition: Tensor, noise: Tensor) -> Tensor:
        """Return latents (B, latent) for conditions (B, C), from unit noise (B, latent)."""
        drawn = flow_sample(self.planner, noise[:, None], condition, self.config.planner.sample_steps)
        return self.latent.inverse(drawn[:, 0])

    def decode(
        self, latent: Tensor, touch: Tensor, first: int = 0, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return actions (B, T, 8) in own units and the decoder's state, for ticks `first` … of the chunk.

        Args:
            latent: (B, latent).
            touch: Normalised touch of those ticks (B, T, ·).
            first: Number of the first of them in the chunk.
            state: The decoder's state after tick `first` − 1, or None at the start of the chunk.
        """
        phase = self.tokenizer.phase[first : first + touch.shape[1]]
        normalised, state = self.tokenizer.decoder(latent, touch, phase, state)
        return self.action.inverse(normalised), state

    def trainable(self, stage: str) -> list[nn.Parameter]:
        """Return the parameters that a stage ("tokenizer" or "planner") trains."""
        return list((self.tokenizer if stage == "tokenizer" else self.planner).parameters())
