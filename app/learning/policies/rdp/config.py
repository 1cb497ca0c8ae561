"""Settings of a Reactive Diffusion Policy."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from app.learning.settings import (
    FRAME_HELP,
    ActionFrame,
    CamerasConfig,
    GridConfig,
    OptimiserConfig,
    RuntimeConfig,
    TouchConfig,
)


class TokenizerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sizes and loss weights of the tokenizer, and the form of its decoder.

    `kl` keeps in the latent only what touch cannot tell.

    Attributes:
        latent: Numbers in a latent.
        channels: Channels of the encoder's convolutions.
        hidden: Width of the decoder's recurrent state.
        kl: Weight of the divergence: larger leaves less in the latent, so that touch must tell the rest.
        path: Weight of the error of the summed increments.
    """

    latent: int = 6
    channels: int = 48
    hidden: int = 64
    kl: float = 1e-2
    path: float = 0.1
    decoder: Annotated[
        Literal["recurrent", "residual"],
        Meta(description="One network for all, or the plan's own chunk and a correction by touch."),
    ] = "recurrent"


class PlannerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sizes of the latent planner, how it draws (`sampler`), and the steps of its sampler.

    `noise` is the deviation of what is added to the normalised observations in training: without it the planner
    learns few demonstrations by heart (held-out loss 0.36 at the end of training, 0.24 with it).

    Attributes:
        width: Width of the residual network.
        blocks: Residual blocks, each modulated by the condition.
        level_features: Sines and cosines that tell the level.
        sample_steps: Steps of the sampler, each one evaluation of the network.
        noise: Noise on the normalised observations in training, in deviations.
    """

    width: int = 192
    blocks: int = 3
    level_features: int = 64
    sample_steps: int = 8
    noise: float = 0.1
    sampler: Annotated[
        Literal["flow", "diffusion"], Meta(description="Flow matching, or diffusion with DDIM.")
    ] = "flow"
    train_levels: Annotated[int, Meta(description="Noise levels of the diffusion sampler.")] = 100


class RdpConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that a Reactive Diffusion Policy needs besides its weights and its data."""

    grid: GridConfig = GridConfig(fast=2)  # the decoder follows the wrench at 100 Hz
    touch: TouchConfig = TouchConfig()
    tokenizer: TokenizerConfig = TokenizerConfig()
    planner: PlannerConfig = PlannerConfig()
    optimiser: OptimiserConfig = OptimiserConfig()
    runtime: RuntimeConfig = RuntimeConfig()
    cameras: CamerasConfig = CamerasConfig()
    action_frame: Annotated[ActionFrame, Meta(description=FRAME_HELP)] = "increment"

    def problem(self) -> str:
        """Return why these settings cannot work; empty if they can."""
        planner, grid = self.planner, self.grid
        if grid.period_ns % grid.fast:
            return f"grid.period_ns ({grid.period_ns}) is no multiple of grid.fast ({grid.fast})"
        if planner.sampler == "diffusion" and planner.train_levels % planner.sample_steps:
            return (
                f"planner.train_levels ({planner.train_levels}) is no multiple of planner.sample_steps "
                f"({planner.sample_steps})"
            )
        return ""
