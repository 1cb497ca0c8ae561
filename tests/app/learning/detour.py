"""The two-sided detour: which samplers keep both ways around an obstacle, and which average them into it.

A point goes in 48 steps from (−1, 0) to (1, g), demonstrations pass a disc of radius 0.3 above or below with equal
chance, and the side cannot be seen before a quarter of the way. Condition: the last two positions and g. A regression
goes through the disc; a sampler that works passes it on either side about equally often.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from app.learning.policies.denoiser import Denoiser
from app.learning.policies.diffusion.levels import kept_shares
from app.learning.policies.diffusion.loss import clean_loss
from app.learning.policies.diffusion.sampler import ddim_sample
from app.learning.policies.flow.matching import data_loss, flow_sample, velocity_of
from app.learning.policies.streaming.loss import training_indices
from app.learning.policies.streaming.sampler import Buffer
from app.learning.settings import NetworkConfig
from app.learning.training.average import WeightAverage

TICKS, RADIUS, GOAL_WITHIN = 48, 0.3, 0.1
SHARE_SCALE = 0.06  # a typical step, so that the increments are of size one
Loss = Callable[[nn.Module, Tensor, Tensor, torch.Generator], Tensor]
Act = Callable[[Tensor, torch.Generator], Tensor]


@dataclass(frozen=True)
class Outcome:
    """Shares of the rollouts: at the goal without a collision; and of those that passed, above the disc."""

    success: float
    above: float


@dataclass(frozen=True)
class Method:
    """How chunks are trained and drawn: `act` ticks of each are executed."""

    horizon: int
    act: int
    loss: Loss
    sampler: Callable[[nn.Module, int], Act]


def demonstrations(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return positions (count, 49, 2) and goals (count,)."""
    goal = 0.4 * torch.rand(count, generator=generator) - 0.2
    side = torch.randint(2, (count,), generator=generator) * 2.0 - 1.0
    height = 0.6 + 0.1 * torch.rand(count, generator=generator)
    share = torch.linspace(0.0, 1.0, TICKS + 1)
    x = (-1.0 + 2.0 * share).expand(count, -1)
    bump = torch.sin(torch.pi * (share - 0.25).clamp(0.0, 0.5) / 0.5) ** 2
    y = goal[:, None] * share + side[:, None] * height[:, None] * bump
    return torch.stack([x, y], dim=-1), goal


def _condition(position: Tensor, before: Tensor, goal: Tensor) -> Tensor:
    return torch.cat([position, before, goal[:, None] * 5.0], dim=-1)


def windows(horizon: int, generator: torch.Generator, count: int = 400) -> tuple[Tensor, Tensor]:
    """Return scaled increments (N, horizon, 2) and conditions (N, 5) of all windows of the demonstrations."""
    path, goal = demonstrations(count, generator)
    step = torch.cat([path.diff(dim=1), torch.zeros(count, horizon, 2)], dim=1) / SHARE_SCALE
    chunks = [step[:, start : start + horizon] for start in range(TICKS)]
    seen = [_condition(path[:, start], path[:, max(0, start - 1)], goal) for start in range(TICKS)]
    return torch.cat(chunks), torch.cat(seen)


def train(method: Method, seed: int, steps: int, sizes: NetworkConfig) -> nn.Module:
    """Return the averaged network of a method."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    chunks, seen = windows(method.horizon, generator)
    network = Denoiser(2, method.horizon, 5, sizes)
    average = WeightAverage(network, 0.75, 0.999)
    adam = torch.optim.AdamW(network.parameters(), lr=1e-3)
    rates = torch.optim.lr_scheduler.OneCycleLR(adam, 2e-3, total_steps=steps)
    for step in range(steps):
        which = torch.randint(len(chunks), (256,), generator=generator)
        loss = method.loss(network, chunks[which], seen[which], generator)
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()
        rates.step()
        average.update(step + 1)
    average.copy_to_module()
    return network.eval().requires_grad_(False)


@torch.no_grad()
def roll(method: Method, network: nn.Module, seed: int, episodes: int = 300) -> Outcome:
    """Return how closed-loop episodes end."""
    generator = torch.Generator().manual_seed(1000 + seed)
    goal = 0.4 * torch.rand(episodes, generator=generator) - 0.2
    act = method.sampler(network, episodes)
    position = torch.tensor([-1.0, 0.0]).repeat(episodes, 1)
    before, hit, above = position, torch.zeros(episodes, dtype=torch.bool), torch.zeros(episodes)
    done = 0
    while done < TICKS:
        chunk = act(_condition(position, before, goal), generator)[:, : method.act] * SHARE_SCALE
        for tick in range(chunk.shape[1]):
            before, position = position, position + chunk[:, tick]
            hit |= position.norm(dim=-1) < RADIUS
            done += 1
            if done == TICKS // 2:
                above = (position[:, 1] > 0.0).float()
    there = (position - torch.stack([torch.ones(episodes), goal], dim=-1)).norm(dim=-1) < GOAL_WITHIN
    good = there & ~hit
    return Outcome(good.float().mean().item(), above.mean().item())


def regression() -> Method:
    """Return a plain regression: the method that has to fail."""

    def loss(network: nn.Module, data: Tensor, seen: Tensor, _generator: torch.Generator) -> Tensor:
        nothing = torch.zeros(data.shape)
        return (network(nothing, nothing[..., 0], seen) - data).square().mean()

    def sampler(network: nn.Module, count: int) -> Act:
        nothing = torch.zeros(count, 16, 2)
        return lambda seen, _generator: network(nothing, nothing[..., 0], seen)

    return Method(16, 8, loss, sampler)


def flow(steps: int = 5) -> Method:
    """Return flow matching with Euler steps."""

    def loss(network: nn.Module, data: Tensor, seen: Tensor, generator: torch.Generator) -> Tensor:
        noise = torch.randn(data.shape, generator=generator)
        return data_loss(network, data, seen, noise, torch.rand(len(data), generator=generator))

    def sampler(network: nn.Module, count: int) -> Act:
        return lambda seen, generator: flow_sample(
            velocity_of(network), torch.randn(count, 16, 2, generator=generator), seen, steps
        )

    return Method(16, 8, loss, sampler)


def diffusion(steps: int = 5, levels: int = 100) -> Method:
    """Return diffusion with a network that predicts the data, and DDIM."""
    kept = kept_shares(levels)

    def loss(network: nn.Module, data: Tensor, seen: Tensor, generator: torch.Generator) -> Tensor:
        noise = torch.randn(data.shape, generator=generator)
        index = torch.randint(levels, (len(data), 1), generator=generator).expand(data.shape[:2])
        return clean_loss(network, data, seen, noise, index, kept)

    def sampler(network: nn.Module, count: int) -> Act:
        return lambda seen, generator: ddim_sample(
            network, torch.randn(count, 16, 2, generator=generator), seen, kept, steps
        )

    return Method(16, 8, loss, sampler)


def streaming(act: int, horizon: int, levels: int) -> Method:
    """Return a running buffer; a fresh one is denoised in full."""
    kept = kept_shares(levels)

    def loss(network: nn.Module, data: Tensor, seen: Tensor, generator: torch.Generator) -> Tensor:
        noise = torch.randn(data.shape, generator=generator)
        index = training_indices(len(data), horizon, act, levels, 0.8, generator)
        return clean_loss(network, data, seen, noise, index, kept)

    def sampler(network: nn.Module, count: int) -> Act:
        buffer = Buffer((count, horizon, 2), act, kept, "denoise")
        return lambda seen, generator: buffer.call(
            network, seen, torch.randn(count, horizon, 2, generator=generator)
        )[0]

    return Method(horizon, act, loss, sampler)


def sizes() -> NetworkConfig:
    """Return the sizes that all methods have here."""
    return NetworkConfig(width=128, blocks=3, level_features=8)
