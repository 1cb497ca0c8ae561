"""Typed settings of a training run. They travel in the checkpoint's `config.json`; used by training and run time.

Every time is in grid ticks (one tick = `GridConfig.period_ns`) unless the name says otherwise.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from app.core.clock import NS_PER_S

CHECKPOINT_SCHEMA_VERSION = 1
MARKER_VALUES = 3  # a marker displacement is x y z
ActionStream = Literal["applied", "commanded"]


class GridConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How native streams become one grid, and what one training window is.

    Attributes:
        period_ns: Length of a tick; 20 ms = 50 Hz, the rate of the fast decoder.
        filter_ns: A wrench sample of the grid is the mean of the native samples of this last span.
        chunk: Ticks of one action chunk.
        history: Ticks between the two observations that the planner sees.
        actions: Which stream is imitated: what the governor applied, or what was commanded.
    """

    period_ns: int = 20_000_000
    filter_ns: int = 12_000_000
    chunk: int = 48
    history: int = 5
    actions: ActionStream = "applied"

    @property
    def rate_hz(self) -> float:
        """Ticks per second."""
        return NS_PER_S / self.period_ns


class TouchConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The touch embedding: how many principal components of the marker field, and how often touch is left out."""

    components: int = 15
    dropout: float = 0.0


class TokenizerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sizes and loss weights of the tokenizer. `kl` keeps in the latent only what touch cannot tell."""

    latent: int = 6
    channels: int = 48
    hidden: int = 64
    kl: float = 1e-2
    path: float = 0.1


class PlannerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sizes of the latent flow planner and the Euler steps of its sampler.

    `noise` is the deviation of what is added to the normalised observations in training: without it the planner
    learns few demonstrations by heart (held-out loss 0.36 at the end of training, 0.24 with it).
    """

    width: int = 192
    blocks: int = 3
    level_features: int = 64
    sample_steps: int = 8
    noise: float = 0.1


class OptimiserConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """AdamW with warm-up and cosine, and the exponential average of the weights (power schedule)."""

    batch: int = 128
    tokenizer_rate: float = 2e-3
    planner_rate: float = 1e-3
    warmup: int = 100
    floor: float = 0.02
    weight_decay: float = 1e-4
    clip: float = 1.0
    ema_power: float = 0.75
    ema_max: float = 0.999


class RuntimeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the policy runs.

    Attributes:
        plan_every: Ticks from one plan to the next.
        plan_delay_ns: In lock-step a plan can be used this long after the observation it was made from.
        max_step_m: A position increment is clipped to this length per tick.
        max_turn_rad: A rotation increment is clipped to this angle per tick.
        leash_m: The policy's own command is never further than this from what the governor applied.
        stale_ns: An observation that rests on touch or pose older than this is not acted on.
        done_level: The chunk's "over" channel above this for `done_ticks` ticks in a row ends the episode.
    """

    plan_every: int = 12
    plan_delay_ns: int = 100_000_000
    max_step_m: float = 0.006
    max_turn_rad: float = 0.05
    leash_m: float = 0.015
    stale_ns: int = 100_000_000
    done_level: float = 0.8
    done_ticks: int = 10


class RdpConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that a Reactive Diffusion Policy needs besides its weights and its data."""

    grid: GridConfig = GridConfig()
    touch: TouchConfig = TouchConfig()
    tokenizer: TokenizerConfig = TokenizerConfig()
    planner: PlannerConfig = PlannerConfig()
    optimiser: OptimiserConfig = OptimiserConfig()
    runtime: RuntimeConfig = RuntimeConfig()


class EpisodeSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One episode that was trained on: which file, what it held, which part of it, and on which side of the split."""

    uuid: str
    file: str
    sha256: str
    ticks: int
    validation: bool
    start_ns: int
    end_ns: int


class Budget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many steps each stage gets: `steps` in all, `tokenizer_share` of them first."""

    steps: int
    tokenizer_share: float = 0.4

    @property
    def tokenizer(self) -> int:
        """Steps of the tokenizer stage."""
        return max(1, round(self.steps * self.tokenizer_share))

    @property
    def planner(self) -> int:
        """Steps of the planner stage."""
        return max(1, self.steps - self.tokenizer)


class RunConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`config.json` of a checkpoint: what this is, for which rig and task, from which data.

    Attributes:
        finished: Whether both stages ran; a run that was stopped earlier can be resumed but not deployed.
        markers: Number of touch markers that the rig must offer.
        features: Names of the observation features, in order, so that a person can read the normaliser.
    """

    schema_version: int
    policy: str
    rig: str
    task: str
    markers: int
    rdp: RdpConfig
    budget: Budget
    seed: int
    features: tuple[str, ...]
    episodes: tuple[EpisodeSource, ...]
    software: str
    finished: bool = False
    stage: str = "tokenizer"
    step: int = 0
