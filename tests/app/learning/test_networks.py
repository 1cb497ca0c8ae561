"""Samplers, averages, schedules and the streamed decoder, against what they must be exactly."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from app.learning.chance import generator_for
from app.learning.config import PlannerConfig
from app.learning.data import features
from app.learning.policies.denoiser import Denoiser
from app.learning.policies.flow.matching import flow_loss, flow_sample
from app.learning.policies.rdp.policy import RdpPolicy
from app.learning.training.average import WeightAverage, decay_at
from app.learning.training.schedule import learning_rate_factor
from tests.app.learning.contact import MARKERS, small_config


def test_sampler_with_a_perfect_denoiser_gives_the_data_back() -> None:
    data, noise = torch.randn(5, 2, 3), torch.randn(5, 2, 3)

    def velocity(x: Tensor, level: Tensor, condition: Tensor) -> Tensor:
        return (condition.view_as(x) - x) / (1.0 - level[..., None])

    assert torch.allclose(flow_sample(velocity, noise, data.flatten(1), 5), data, atol=1e-5)
    assert flow_loss(velocity, data, data.flatten(1), noise, torch.rand(5) * 0.9).item() < 1e-8


def test_denoiser_takes_a_level_per_element() -> None:
    network = Denoiser(3, 4, 5, PlannerConfig(width=32, blocks=1, level_features=8))
    x, condition = torch.randn(2, 4, 3), torch.randn(2, 5)
    level = torch.rand(2, 1).expand(2, 4)
    out = network(x, level, condition)
    assert out.shape == x.shape
    changed = level.clone()
    changed[:, 2] += 0.3
    assert not torch.allclose(network(x, changed, condition), out)


def test_average_is_the_closed_form() -> None:
    module = nn.Linear(1, 1, bias=False)
    average = WeightAverage(module, power=0.75, most=0.9)
    values = [0.3, -1.0, 2.0, 0.7, 5.0]
    expected = module.weight.item()
    for step, value in enumerate(values, 1):
        module.weight.data.fill_(value)
        average.update(step)
        decay = decay_at(step, 0.75, 0.9)
        expected = decay * expected + (1.0 - decay) * value
    assert average.average["weight"].item() == pytest.approx(expected, rel=1e-5)
    with average.applied():
        assert module.weight.item() == pytest.approx(expected, rel=1e-5)
    assert module.weight.item() == values[-1]


def test_schedule_rises_then_falls_to_its_floor() -> None:
    factors = [learning_rate_factor(step, 1000, 100, 0.02) for step in range(1000)]
    assert factors[0] == pytest.approx(0.01)
    assert max(factors) == factors[100] == pytest.approx(1.0)
    assert factors[-1] == pytest.approx(0.02, abs=1e-4)
    assert sorted(factors[100:], reverse=True) == factors[100:]


def test_generators_differ_by_purpose_and_step_and_repeat() -> None:
    drawn = [
        torch.randn(4, generator=generator_for(seed, purpose, step))
        for seed in (0, 1) for purpose in ("tokenizer", "planner") for step in (0, 1)
    ]  # fmt: skip
    assert len({tuple(item.tolist()) for item in drawn}) == len(drawn)
    assert torch.equal(drawn[1], torch.randn(4, generator=generator_for(0, "tokenizer", 1)))


def test_streamed_decoder_equals_the_full_run() -> None:
    config = small_config()
    policy = RdpPolicy(config, MARKERS * 3).eval().requires_grad_(False)
    latent = torch.randn(2, config.tokenizer.latent)
    touch = torch.randn(2, config.grid.chunk, features.WRENCH + config.touch.components)
    whole, _ = policy.decode(latent, touch)
    state, parts = None, []
    for tick in range(config.grid.chunk):
        part, state = policy.decode(latent, touch[:, tick : tick + 1], tick, state)
        parts.append(part)
    assert torch.allclose(torch.cat(parts, dim=1), whole, atol=1e-6)


def test_decoder_does_not_see_the_future() -> None:
    config = small_config()
    policy = RdpPolicy(config, MARKERS * 3).eval().requires_grad_(False)
    latent = torch.randn(1, config.tokenizer.latent)
    touch = torch.randn(1, config.grid.chunk, features.WRENCH + config.touch.components)
    later = touch.clone()
    later[:, 10:] += 1.0
    before, after = policy.decode(latent, touch)[0], policy.decode(latent, later)[0]
    assert torch.equal(before[:, :10], after[:, :10])
    assert not torch.allclose(before[:, 10:], after[:, 10:])
