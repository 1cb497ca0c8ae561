"""The samplers of all policies against what they must be exactly, and against `diffusers`.

`reference/ddim.json` was made once by `reference/ddim.py` with diffusers; the file names the version.
"""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
import torch
from torch import Tensor

from app.core.errors import LearningError
from app.learning.bounds import check_settings
from app.learning.config import DiffusionConfig, FlowConfig, RdpConfig, RuntimeConfig, StreamingConfig
from app.learning.policies.diffusion.levels import ddim_step, kept_shares, noised, told_level
from app.learning.policies.diffusion.loss import clean_loss
from app.learning.policies.diffusion.sampler import ddim_sample, trailing_indices
from app.learning.policies.observing import Moment
from app.learning.policies.streaming.loss import running_indices, training_indices
from app.learning.policies.streaming.policy import StreamingPolicy
from app.learning.policies.streaming.sampler import Buffer
from app.learning.settings import GridConfig
from tests.app.learning.contact import MARKERS, PERIOD_NS, chunk_settings

REFERENCE = json.loads((Path(__file__).parent / "reference" / "ddim.json").read_text())


class Perfect:
    """Knows the data: the condition holds it. Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[Tensor] = []

    def __call__(self, x: Tensor, level: Tensor, condition: Tensor) -> Tensor:
        self.asked.append(level)
        return condition.view_as(x)


@pytest.mark.parametrize("name", sorted(REFERENCE["cases"]))
def test_ddim_is_that_of_diffusers(name: str) -> None:
    case = REFERENCE["cases"][name]
    count, steps = (int(part) for part in name.split("/"))
    kept = kept_shares(count)
    assert trailing_indices(count, steps) == case["timesteps"]
    assert torch.allclose(kept[1:], torch.tensor(case["kept"]), atol=1e-6, rtol=1e-4)
    x = torch.linspace(-2, 2, 12).view(1, 4, 3)
    drawn = ddim_sample(
        lambda x, level, _condition: torch.tanh(0.7 * x + 0.01 * (1.0 - level[..., None])),
        x, torch.zeros(1, 0), kept, steps,
    )  # fmt: skip
    assert torch.allclose(drawn.flatten(), torch.tensor(case["x"][-1]), atol=1e-5)


@pytest.mark.parametrize("steps", [1, 5, 20])
def test_ddim_with_a_perfect_denoiser_gives_the_data_back(steps: int) -> None:
    data, noise, kept = torch.randn(5, 4, 3), torch.randn(5, 4, 3), kept_shares(20)
    network = Perfect()
    assert torch.allclose(ddim_sample(network, noise, data.flatten(1), kept, steps), data, atol=1e-5)
    assert len(network.asked) == steps
    index = torch.randint(20, (5, 4))
    assert clean_loss(network, data, data.flatten(1), noise, index, kept).item() == 0.0


def test_a_step_per_tick_is_the_same_as_steps_by_themselves() -> None:
    kept, x, clean = kept_shares(20), torch.randn(2, 4, 3), torch.randn(2, 4, 3)
    index = torch.tensor([[0, 5, 19, -1], [3, 3, 3, 3]])
    following = (index - 1).clamp_min(-1)
    whole = ddim_step(x, clean, index, following, kept)
    for tick in range(4):
        part = (slice(None), slice(tick, tick + 1))
        alone = ddim_step(x[part], clean[part], index[part], following[part], kept)
        assert torch.equal(whole[part], alone)
    assert torch.equal(whole[0, 3], x[0, 3]), "a clean tick stays"
    assert torch.allclose(whole[0, 0], clean[0, 0], atol=1e-6)


@pytest.mark.parametrize(("act", "ticks", "levels"), [(8, 16, 20), (4, 16, 20), (2, 20, 20), (1, 19, 19)])
def test_streaming_costs_n_over_h_evaluations_and_keeps_its_levels(act: int, ticks: int, levels: int) -> None:
    data, network, kept = torch.randn(3, ticks, 2), Perfect(), kept_shares(levels)
    buffer = Buffer((3, ticks, 2), act, kept)
    trained = {
        tuple(row)
        for row in training_indices(500, ticks, act, levels, 1.0, torch.Generator().manual_seed(0)).tolist()
    }
    for _ in range(4):
        before = len(network.asked)
        first, expected = buffer.call(network, data.flatten(1), torch.randn(3, ticks, 2))
        assert len(network.asked) - before == levels * act // ticks
        assert torch.allclose(first, data[:, :act], atol=1e-5)
        assert torch.equal(expected, data)
        assert buffer.index[0].tolist() == running_indices(ticks, act, levels).tolist()
    told = {tuple(row) for level in network.asked for row in level.tolist()}
    assert told == {tuple(told_level(torch.tensor(row), levels).tolist()) for row in trained}


def test_a_masked_reset_changes_only_the_masked_rows() -> None:
    def lazy(x: Tensor, _level: Tensor, _condition: Tensor) -> Tensor:
        return 0.5 * x

    noise = [torch.randn(3, 8, 2) for _ in range(3)]
    kept, nothing = kept_shares(8), torch.zeros(3, 0)
    kept_on, reset, fresh = (Buffer((3, 8, 2), 2, kept) for _ in range(3))
    for buffer in (kept_on, reset):
        buffer.call(lazy, nothing, noise[0])
        buffer.call(lazy, nothing, noise[1])
    reset.reset(torch.tensor([False, True, False]))
    results = [buffer.call(lazy, nothing, noise[2])[0] for buffer in (kept_on, reset, fresh)]
    assert torch.equal(results[1][[0, 2]], results[0][[0, 2]])
    assert torch.equal(results[1][1], results[2][1])
    assert not torch.allclose(results[1][1], results[0][1])


def test_the_primer_that_denoises_starts_from_the_data() -> None:
    data, noise, kept = torch.randn(1, 8, 2), torch.randn(1, 8, 2), kept_shares(8)
    buffer, network = Buffer((1, 8, 2), 2, kept, "denoise"), Perfect()
    buffer._prime(network, data.flatten(1), noise)
    assert len(network.asked) == 8
    assert torch.allclose(buffer.x, noised(data, noise, buffer.index, kept), atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"act": 48}, "needs two or more"),
        ({"act": 7}, "no multiple of act"),
        ({"levels": 21}, "no multiple of the 4 chunks"),
        ({"runtime": RuntimeConfig(plan_every=10)}, "is not act"),
        ({"chunkwise": 1.5}, "chunkwise is 1.5"),
    ],
)
def test_streaming_refuses_what_would_fail_in_silence(changes: dict[str, object], words: str) -> None:
    settings = msgspec.structs.replace(StreamingConfig(), **changes)
    with pytest.raises(LearningError, match=words):
        check_settings(settings, "policy streaming")


def test_settings_out_of_bounds_are_named() -> None:
    with pytest.raises(LearningError, match="no multiple of sample_steps"):
        check_settings(DiffusionConfig(sample_steps=7), "policy diffusion")
    with pytest.raises(LearningError, match="sample_steps is 0"):
        check_settings(FlowConfig(sample_steps=0), "policy flow")
    with pytest.raises(LearningError, match=r"grid\.chunk is 0"):
        check_settings(RdpConfig(grid=GridConfig(chunk=0)), "policy rdp")


def test_the_buffer_goes_on_only_after_exactly_one_chunk_of_the_same_episode() -> None:
    settings = chunk_settings("streaming")
    assert isinstance(settings, StreamingConfig)
    policy = StreamingPolicy(settings, MARKERS * 3)
    network = Perfect()
    policy.denoiser.forward = network  # type: ignore[method-assign]
    condition, noise = torch.zeros(1, settings.grid.chunk * 8), torch.randn(1, settings.grid.chunk, 8)
    on, anew = settings.evaluations, settings.evaluations + settings.levels
    costs = []
    for episode, tick in ((1, 0), (1, 12), (1, 24), (1, 37), (1, 49), (2, 61)):
        before = len(network.asked)
        policy.plan_at(Moment(episode, tick * PERIOD_NS), condition, noise)
        costs.append(len(network.asked) - before)
    assert costs == [anew, on, on, anew, on, anew]
