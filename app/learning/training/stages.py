"""The stages of a run (RDP has two, the others one): a step's loss, and what is measured on held-out episodes."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from app.learning.chance import generator_for
from app.learning.data.dataset import Windows
from app.learning.data.targets import chunk_targets
from app.learning.policies.chunk import ChunkPolicy
from app.learning.policies.observing import ObservingPolicy
from app.learning.policies.rdp.policy import RdpPolicy
from app.learning.training.parts import WHOLE, Part

VALIDATION_WINDOWS = 512
LOOKED_AT_ONCE = 64  # windows whose pictures are encoded at a time where nothing is learned


class Stage(Protocol):
    """What a policy gives the loop, by way of `PartedStage`."""

    name: str
    module: nn.Module

    def loss(self, step: int, part: Part = WHOLE) -> Tensor:
        """Return the loss of the batch of a step, or of a part of it."""
        ...

    def validate(self) -> float:
        """Return the loss on a fixed set of windows of episodes that are not trained on; NaN without any."""
        ...


class Prepared:
    """Windows with everything that does not change in training computed once: normalised actions and touch."""

    def __init__(self, policy: ObservingPolicy, windows: Windows) -> None:
        self.windows = windows
        self._policy, series = policy, windows.series
        increments = policy.action_frame == "increment"
        with torch.no_grad():
            self._action = policy.action(series.action) if increments else None
            self.touch = policy.touch(series.wrench, series.field)
            self.felt = policy.touch(series.felt_wrench, series.felt_field)

    def actions(self, which: Tensor) -> Tensor:
        """Return normalised actions (B, chunk, A) of windows (B,), in the policy's frame."""
        if self._action is not None:
            return self._action[self.windows.chunk_ticks(which)]
        starts, chunk = self.windows.starts[which], self.windows.grid.chunk
        return self._policy.action(
            chunk_targets(self.windows.series, self._policy.action_frame, starts, chunk)
        )

    def chunks(self, which: Tensor) -> tuple[Tensor, Tensor]:
        """Return normalised actions (B, chunk, A) and touch (B, chunk·fast, ·) of windows (B,)."""
        ticks = self.windows.chunk_ticks(which)
        return self.actions(which), self.felt[ticks].flatten(1, 2)

    def conditions(self, policy: ObservingPolicy, which: Tensor) -> Tensor:
        """Return the planner's conditions (B, C) of windows (B,)."""
        ticks = self.windows.observation_ticks(which)
        return policy.condition(self.windows.series.motion[ticks], self.touch[ticks])

    def seen(self, policy: ObservingPolicy, which: Tensor, conditions: Tensor) -> Tensor:
        """Return the conditions (B, C) with what the cameras showed, a part at a time: no gradient is kept."""
        if policy.cameras is None:
            return conditions
        parts = zip(which.split(LOOKED_AT_ONCE), conditions.split(LOOKED_AT_ONCE), strict=True)
        return torch.cat([policy.seeing(part, self.windows.pictures(windows)) for windows, part in parts])

    def seen_in_training(
        self, policy: ObservingPolicy, which: Tensor, conditions: Tensor, generator: torch.Generator
    ) -> Tensor:
        """Return the conditions (B, C) with what the cameras showed, cut at random; some windows' pictures are left
        out, which reads as zeros.
        """
        if policy.cameras is None:
            return conditions
        offsets = policy.cameras.random_offsets(len(which), generator)
        whole = policy.seeing(conditions, self.windows.pictures(which), offsets)
        if (dropout := policy.cameras.config.dropout) > 0.0:
            kept = torch.rand(len(which), 1, generator=generator) >= dropout
            whole = torch.cat([conditions, whole[:, conditions.shape[1] :] * kept], dim=-1)
        return whole


def draw(count: int, batch: int, generator: torch.Generator) -> Tensor:
    """Return numbers (batch,) of windows, uniform, with replacement."""
    return torch.randint(count, (batch,), generator=generator)


def spread(count: int) -> Tensor:
    """Return at most `VALIDATION_WINDOWS` numbers of windows, evenly spread."""
    return torch.linspace(0, count - 1, min(count, VALIDATION_WINDOWS)).long()


class TokenizerStage:
    """Trains encoder and decoder to give chunks back."""

    name = "tokenizer"

    def __init__(self, policy: RdpPolicy, train: Prepared, held_out: Prepared, seed: int) -> None:
        self.module: nn.Module = policy.stage_module(self.name)
        self._policy, self._train, self._held_out, self._seed = policy, train, held_out, seed

    def loss(self, step: int, part: Part = WHOLE) -> Tensor:
        """Return the loss of the batch of a step; with touch dropout some windows' touch is at its mean."""
        generator = part.generator(self._seed, self.name, step)
        config = self._policy.config
        which = draw(len(self._train.windows), part.share(config.optimiser.batch), generator)
        chunk, touch = self._train.chunks(which)
        noise = torch.randn(len(which), config.tokenizer.latent, generator=generator)
        if config.touch.dropout > 0.0:
            kept = torch.rand(len(which), 1, 1, generator=generator) >= config.touch.dropout
            touch = touch * kept
        return torch.stack(list(self._policy.tokenizer.losses(chunk, touch, noise).values())).sum()

    @torch.no_grad()
    def validate(self) -> float:
        """Return the loss with the latent's mean."""
        if len(self._held_out.windows) == 0:
            return float("nan")
        which = spread(len(self._held_out.windows))
        noise = torch.zeros(len(which), self._policy.config.tokenizer.latent)
        return float(sum(self._policy.tokenizer.losses(*self._held_out.chunks(which), noise).values()))


class PlannerStage:
    """Trains the planner to draw the latents that the finished tokenizer gives the chunks."""

    name = "planner"

    def __init__(self, policy: RdpPolicy, train: Prepared, held_out: Prepared, seed: int) -> None:
        self.module: nn.Module = policy.stage_module(self.name)
        self._policy, self._train, self._held_out, self._seed = policy, train, held_out, seed
        self._latents = encode_all(policy, train)
        policy.latent.fit(self._latents)
        self._conditions = train.conditions(policy, torch.arange(len(train.windows)))

    def loss(self, step: int, part: Part = WHOLE) -> Tensor:
        """Return the flow-matching loss of the batch of a step."""
        generator = part.generator(self._seed, self.name, step)
        which = draw(len(self._train.windows), part.share(self._policy.config.optimiser.batch), generator)
        conditions = self._conditions[which]
        shaken = conditions + self._policy.config.planner.noise * torch.randn(
            conditions.shape, generator=generator
        )
        seen = self._train.seen_in_training(self._policy, which, shaken, generator)
        return self._flow(self._latents[which], seen, generator)

    @torch.no_grad()
    def validate(self) -> float:
        """Return the loss with the same noise and levels each time."""
        if len(self._held_out.windows) == 0:
            return float("nan")
        which = spread(len(self._held_out.windows))
        mean, _ = self._policy.tokenizer.encoder(self._held_out.chunks(which)[0])
        felt = self._held_out.conditions(self._policy, which)
        conditions = self._held_out.seen(self._policy, which, felt)
        return float(self._flow(mean, conditions, generator_for(self._seed, "validation")))

    def _flow(self, latents: Tensor, conditions: Tensor, generator: torch.Generator) -> Tensor:
        data = self._policy.latent(latents)[:, None]
        return self._policy.latent_loss(data, conditions, generator)


class ChunkStage:
    """Trains a policy that draws chunks of actions."""

    name = "planner"

    def __init__(self, policy: ChunkPolicy, train: Prepared, held_out: Prepared, seed: int) -> None:
        self.module: nn.Module = policy.stage_module(self.name)
        self._policy, self._train, self._held_out, self._seed = policy, train, held_out, seed
        self._motion = policy.motion.clipped(train.windows.series.motion)

    def loss(self, step: int, part: Part = WHOLE) -> Tensor:
        """Return the loss of the batch of a step; with touch dropout some windows' touch is at its mean."""
        generator = part.generator(self._seed, self.name, step)
        windows, dropout = self._train.windows, self._policy.used.dropout
        which = draw(len(windows), part.share(self._policy.optimiser.batch), generator)
        ticks = windows.observation_ticks(which)
        touch = self._train.touch[ticks]
        if dropout > 0.0:
            touch = touch * (torch.rand(len(which), 1, 1, generator=generator) >= dropout)
        conditions = torch.cat([self._motion[ticks], touch], dim=-1).flatten(1)
        shaken = conditions + self._policy.network.noise * torch.randn(conditions.shape, generator=generator)
        seen = self._train.seen_in_training(self._policy, which, shaken, generator)
        return self._policy.loss(self._train.actions(which), seen, generator)

    @torch.no_grad()
    def validate(self) -> float:
        """Return the loss with the same noise and levels each time."""
        if len(self._held_out.windows) == 0:
            return float("nan")
        which = spread(len(self._held_out.windows))
        chunk, _ = self._held_out.chunks(which)
        felt = self._held_out.conditions(self._policy, which)
        conditions = self._held_out.seen(self._policy, which, felt)
        return float(self._policy.loss(chunk, conditions, generator_for(self._seed, "validation")))


def stage_of(policy: ObservingPolicy, name: str, train: Prepared, held_out: Prepared, seed: int) -> Stage:
    """Return the stage of a name of a policy."""
    if isinstance(policy, ChunkPolicy):
        return ChunkStage(policy, train, held_out, seed)
    assert isinstance(policy, RdpPolicy), "the only policy with two stages"
    return (TokenizerStage if name == "tokenizer" else PlannerStage)(policy, train, held_out, seed)


@torch.no_grad()
def encode_all(policy: RdpPolicy, prepared: Prepared, batch: int = 2048) -> Tensor:
    """Return the mean latents (N, latent) of all windows."""
    parts = torch.arange(len(prepared.windows)).split(batch)
    return torch.cat([policy.tokenizer.encoder(prepared.chunks(part)[0])[0] for part in parts])
