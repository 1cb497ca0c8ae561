"""Touch dropout: in about its share of the windows what the network is trained on holds no touch, in the others all."""

from __future__ import annotations

import msgspec
import pytest
import torch
from torch import Tensor

from app.learning.config import MARKER_VALUES, FlowConfig, RdpConfig, TouchConfig
from app.learning.data.arrays import EpisodeArrays
from app.learning.data.dataset import Windows, join
from app.learning.policies.flow.policy import FlowPolicy
from app.learning.policies.observing import ObservingPolicy
from app.learning.policies.rdp.policy import RdpPolicy
from app.learning.training.stages import Prepared, stage_of
from tests.app.learning.contact import MARKERS, chunk_settings, small_config

BATCH = 256


def settings(policy: str, dropout: float) -> RdpConfig | FlowConfig:
    plain = small_config() if policy == "rdp" else chunk_settings(policy)
    changed = msgspec.structs.replace(
        plain, touch=TouchConfig(components=3, dropout=dropout),
        optimiser=msgspec.structs.replace(plain.optimiser, batch=BATCH),
    )  # fmt: skip
    assert isinstance(changed, RdpConfig | FlowConfig)
    return changed


def made(config: RdpConfig | FlowConfig) -> ObservingPolicy:
    torch.manual_seed(0)
    size = MARKERS * MARKER_VALUES
    return RdpPolicy(config, size) if isinstance(config, RdpConfig) else FlowPolicy(config, size)


def touch_that_is_trained_on(
    policy: ObservingPolicy, episodes: list[EpisodeArrays], monkeypatch: pytest.MonkeyPatch
) -> Tensor:
    """Return the touch (BATCH, ·) that the loss of one step was given."""
    windows = Windows(join(episodes), policy.grid, range(len(episodes)))
    policy.fit(windows.series, torch.arange(len(windows.series)))
    prepared, seen = Prepared(policy, windows), list[Tensor]()
    if isinstance(policy, RdpPolicy):
        losses = policy.tokenizer.losses

        def of_tokenizer(chunk: Tensor, touch: Tensor, noise: Tensor) -> dict[str, Tensor]:
            seen.append(touch.flatten(1))
            return losses(chunk, touch, noise)

        monkeypatch.setattr(policy.tokenizer, "losses", of_tokenizer)
    else:
        assert isinstance(policy, FlowPolicy)
        loss = policy.loss

        def of_chunks(data: Tensor, condition: Tensor, generator: torch.Generator) -> Tensor:
            seen.append(condition.unflatten(1, (2, -1))[..., -policy.touch_size :].flatten(1))
            return loss(data, condition, generator)

        policy.network = msgspec.structs.replace(policy.network, noise=0.0)
        monkeypatch.setattr(policy, "loss", of_chunks)
    stage_of(policy, "tokenizer", prepared, prepared, seed=5).loss(0)
    return seen[0]


@pytest.mark.parametrize("policy", ["rdp", "flow"])
def test_about_its_share_of_the_windows_is_without_touch(
    policy: str, episodes: list[EpisodeArrays], monkeypatch: pytest.MonkeyPatch
) -> None:
    share = 0.25
    felt = touch_that_is_trained_on(made(settings(policy, share)), episodes[:4], monkeypatch)
    without = (felt == 0.0).all(dim=1)
    # 256 draws: five deviations of the binomial
    assert abs(float(without.float().mean()) - share) < 5 * (share * (1 - share) / BATCH) ** 0.5
    everything = touch_that_is_trained_on(made(settings(policy, 0.0)), episodes[:4], monkeypatch)
    assert not (everything == 0.0).all(dim=1).any()
    assert torch.equal(felt[~without], everything[~without]), (
        "the same windows, and what is not left out is whole"
    )
