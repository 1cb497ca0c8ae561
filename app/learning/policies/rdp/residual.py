"""A decoder in two parts: the plan's own chunk, which needs no touch, and a correction that only touch can cause.

The correction passes through layers without offsets, so it is exactly zero as long as touch is at its reference, the
mean of the training data. How much of the motion it is can then be told (`sensitivity.touch_share`).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from app.learning.policies.rdp.config import TokenizerConfig

WAVES = 4


def phase_features(phase: Tensor) -> Tensor:
    """Return phase, sines and cosines (T, 1 + 2·WAVES) of phases (T,) in 0..1, from half a wave per chunk up."""
    angle = phase[:, None] * math.pi * torch.arange(1, WAVES + 1)
    return torch.cat([phase[:, None], angle.sin(), angle.cos()], dim=-1)


class ResidualDecoder(nn.Module):
    """Latent and phase to the base; touch, weighed by latent and phase, through a recurrence to the correction."""

    def __init__(self, actions: int, touch: int, config: TokenizerConfig) -> None:
        super().__init__()
        told, hidden = config.latent + 1 + 2 * WAVES, config.hidden
        self.base = nn.Sequential(
            nn.Linear(told, hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
            nn.Linear(hidden, actions),
        )
        self.weigh = nn.Linear(told, touch)
        self.recurrence = nn.GRU(touch, hidden, bias=False, batch_first=True)
        self.entry = nn.Linear(hidden + touch, hidden, bias=False)
        self.modulation = nn.Linear(told, hidden)
        self.head = nn.Sequential(nn.Linear(hidden, actions, bias=False))

    def forward(
        self, latent: Tensor, touch: Tensor, phase: Tensor, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return normalised actions (B, T, A) and the state after them (1, B, hidden); arguments as `TouchDecoder`."""
        told = self._told(latent, phase)
        correction, state = self._correction(told, touch, state)
        return self.base(told) + correction, state

    def _told(self, latent: Tensor, phase: Tensor) -> Tensor:
        when = phase_features(phase)[None].expand(len(latent), -1, -1)
        return torch.cat([latent[:, None].expand(-1, len(phase), -1), when], dim=-1)

    def _correction(self, told: Tensor, touch: Tensor, state: Tensor | None) -> tuple[Tensor, Tensor]:
        weighed = touch * (1.0 + self.weigh(told))
        output, state = self.recurrence(weighed, state)
        felt = nn.functional.silu(self.entry(torch.cat([output, touch], dim=-1)))
        return self.head(felt * (1.0 + self.modulation(told))), state
