"""Which weights are kept: by validation loss or rollouts; early stop; the same after a resume."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from app.core.errors import LearningError
from app.core.link.child import ChildLink
from app.core.rig import RIGS
from app.learning import checkpoint
from app.learning.data.arrays import EpisodeArrays
from app.learning.data.dataset import join
from app.learning.keeping import KeepConfig
from app.learning.run import TrainingRun
from app.learning.training.average import WeightAverage
from app.learning.training.keeper import Keeper
from app.learning.training.rollouts import require_simulated
from tests.app.learning.contact import run_config
from tests.app.learning.test_training import StoppingLink, losses


def keeper_of(config: KeepConfig, scores: list[float] | None = None, held_out: bool = True) -> Keeper:
    module = nn.Linear(1, 1, bias=False)
    return Keeper(
        config, "planner", held_out, 100, WeightAverage(module, 0.75, 0.999), iter(scores or []).__next__
    )


def feed(keeper: Keeper, values: list[float]) -> list[bool]:
    """Tell a loss every 5 steps; the average at step s is s."""
    ended = []
    for index, value in enumerate(values):
        step = 5 * (index + 1)
        keeper._average.average["weight"].fill_(step)
        ended.append(keeper.validated(step, value))
    return ended


def test_the_lowest_validation_loss_is_kept() -> None:
    keeper = keeper_of(KeepConfig(best="loss"))
    assert feed(keeper, [3.0, 1.0, 2.0, 1.0, 5.0]) == [False] * 5
    kept = keeper.kept(25)
    assert (kept.step, kept.of, kept.by, kept.value) == (10, 25, "loss", 1.0)
    assert float(keeper.weights["weight"]) == 10.0


def test_patience_ends_a_stage() -> None:
    keeper = keeper_of(KeepConfig(best="loss", patience=2))
    assert feed(keeper, [3.0, 1.0, 2.0]) == [False, False, False]
    assert keeper.validated(20, 1.5)
    assert "ended early, 2 measurements" in keeper.kept(20).why


def test_rollouts_measure_at_even_shares_and_of_equal_scores_the_later_weights_are_kept() -> None:
    keeper = keeper_of(KeepConfig(best="rollout", measurements=4), [0.2, 0.8, 0.8, 0.1])
    feed(keeper, [9.0 - index * 0.1 for index in range(20)])
    kept = keeper.kept(100)
    assert (kept.step, kept.by, kept.value) == (75, "rollout", 0.8)
    assert float(keeper.weights["weight"]) == 75.0


@pytest.mark.parametrize(
    ("config", "held_out"),
    [(KeepConfig(), True), (KeepConfig(best="loss"), False)],
    ids=["last", "no held-out"],
)
def test_without_a_measure_the_last_weights_are_kept(config: KeepConfig, held_out: bool) -> None:
    keeper = keeper_of(config, held_out=held_out)
    feed(keeper, [1.0, 2.0])
    assert (keeper.kept(10).step, keeper.kept(10).by, keeper.weights) == (10, "last", {})


def test_a_keeper_goes_on_where_it_was() -> None:
    values = [3.0, 1.0, 2.0, 1.5, 4.0, 6.0]
    whole, first, second = (keeper_of(KeepConfig(best="loss", patience=4)) for _ in range(3))
    told = feed(whole, values)
    feed(first, values[:3])
    second.load(first.tensors())
    assert [second.validated(5 * (n + 1), values[n]) for n in (3, 4, 5)] == told[3:]
    assert second.kept(30) == whole.kept(30)
    assert torch.equal(second.weights["weight"], whole.weights["weight"])


def test_a_tokenizer_cannot_be_rolled_out() -> None:
    assert KeepConfig(best="rollout").measure_of("tokenizer", True) == "loss"
    assert KeepConfig(best="rollout").measure_of("planner", True) == "rollout"


def test_rollouts_need_a_simulated_rig(tmp_path: Path) -> None:
    require_simulated("sim/wipe")
    real = tmp_path / "real.toml"
    simulated = (RIGS / "sim" / "wipe.toml").read_text()
    real.write_text(simulated.replace("simulated = true", "simulated = false"))
    with pytest.raises(LearningError, match="moves only while a person enables it"):
        require_simulated(str(real))


def test_the_best_weights_are_deployed_and_the_last_ones_on_request(
    tmp_path: Path, episodes: list[EpisodeArrays]
) -> None:
    """A wild learning rate makes the validation loss rise again; a stopped and resumed run keeps the same."""
    config, series = run_config(episodes[:5], 160), join(episodes[:5])
    assert config.rdp is not None
    wild = msgspec.structs.replace(config.rdp.optimiser, planner_rate=0.3, tokenizer_rate=0.3, ema_max=0.5)
    config = msgspec.structs.replace(
        config,
        rdp=msgspec.structs.replace(config.rdp, optimiser=wild),
        keep=KeepConfig(best="loss", patience=6),
    )
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in (whole, parts):
        folder.mkdir()
    assert TrainingRun(whole, config, series, ChildLink("train")).run()
    assert not TrainingRun(parts, config, series, StoppingLink(9)).run()
    stopped = checkpoint.read_config(parts)
    assert TrainingRun(parts, stopped, series, ChildLink("train"), True, checkpoint.read_trainer(parts)).run()
    kept = checkpoint.read_config(whole).kept
    assert [entry.stage for entry in kept] == ["tokenizer", "planner"]
    assert kept == checkpoint.read_config(parts).kept
    assert all(entry.by == "loss" for entry in kept)
    assert any(entry.step < entry.of for entry in kept)
    assert losses(whole) == losses(parts)
    first, second = (load_file(folder / checkpoint.WEIGHTS) for folder in (whole, parts))
    assert all(torch.allclose(first[name], second[name], atol=1e-6) for name in first)
    if kept[1].step < kept[1].of:
        ended = checkpoint.read_config(whole)
        best, last = (checkpoint.load_policy(whole, ended, late).state_dict() for late in (False, True))
        assert any(not torch.equal(best[name], last[name]) for name in best)
