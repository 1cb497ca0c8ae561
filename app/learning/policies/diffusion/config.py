"""Settings of `diffusion`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from app.learning.settings import ChunkConfig


class DiffusionConfig(ChunkConfig, frozen=True, forbid_unknown_fields=True):
    """Diffusion over chunks of actions."""

    train_levels: Annotated[int, Meta(description="Noise levels that the network is trained on.")] = 100
    sample_steps: Annotated[int, Meta(description="DDIM steps, each one evaluation of the network.")] = 10

    def problem(self) -> str:
        """Return why these settings cannot work; empty if they can."""
        if self.train_levels % self.sample_steps:
            return f"train_levels ({self.train_levels}) is no multiple of sample_steps ({self.sample_steps})"
        return ""
