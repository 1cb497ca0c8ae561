"""Training: it learns, learns the right sign, stops and resumes exactly, and its checkpoint refuses what it must."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import torch
from safetensors.torch import load_file, save_file

from app.core.errors import LearningError
from app.core.link.child import ChildLink
from app.learning import checkpoint
from app.learning.data.arrays import EpisodeArrays
from app.learning.data.dataset import Windows, join
from app.learning.policies.rdp.policy import RdpPolicy
from app.learning.policies.rdp.sensitivity import touch_response
from app.learning.run import TrainingRun
from app.learning.training.loop import LOG_EVERY
from tests.app.learning.contact import run_config

Numbers = dict[str, torch.Tensor]


class StoppingLink(ChildLink):
    """A mute link that asks for a stop at one of the polls."""

    def __init__(self, at: int) -> None:
        super().__init__("train")
        self.polls, self.at = 0, at

    def poll(self, timeout_ms: int = 0) -> list[dict[str, object]]:
        self.polls += 1
        return [{"name": "stop"}] if self.polls == self.at else []


def losses(folder: Path) -> list[tuple[str, int, float]]:
    with (folder / checkpoint.LOSSES).open(newline="") as stream:
        return [(row["stage"], int(row["step"]), float(row["loss"])) for row in csv.DictReader(stream)]


def test_pressing_harder_raises_the_command(policy: RdpPolicy, episodes: list[EpisodeArrays]) -> None:
    """The demonstrator answers one newton more with 8.3 mm/s; half of that is asked of a few seconds of training."""
    response = touch_response(policy, join(episodes))
    assert response is not None
    assert response > 4.0


def test_one_episode_is_learned_by_heart(tmp_path: Path, episodes: list[EpisodeArrays]) -> None:
    series = join(episodes[:1])
    config = run_config(episodes[:1], 1200, held_out=())
    assert config.rdp is not None
    free = msgspec.structs.replace(
        config.rdp, tokenizer=msgspec.structs.replace(config.rdp.tokenizer, kl=1e-5)
    )
    run = TrainingRun(tmp_path, msgspec.structs.replace(config, rdp=free), series, ChildLink("train"))
    assert run.run()
    windows = Windows(series, run.settings.grid, [0])
    ticks = windows.chunk_ticks(torch.arange(len(windows)))
    assert isinstance(run.policy, RdpPolicy)
    with torch.no_grad():
        latent, _ = run.policy.tokenizer.encoder(run.policy.action(series.action[ticks]))
        drawn, _ = run.policy.decode(latent, run.policy.touch(series.wrench[ticks], series.field[ticks]))
    error = (drawn - series.action[ticks])[..., :3].square().mean().sqrt()
    assert error < 0.3 * series.action[:, :3].square().mean().sqrt()


@pytest.mark.parametrize("stop_at", [3, 9], ids=["in the tokenizer", "in the planner"])
def test_a_stopped_run_resumes_exactly(tmp_path: Path, episodes: list[EpisodeArrays], stop_at: int) -> None:
    config, series = run_config(episodes[:5], 120), join(episodes[:5])
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    assert TrainingRun(whole, config, series, ChildLink("train")).run()
    link = StoppingLink(stop_at)
    assert not TrainingRun(parts, config, series, link).run()
    stopped = checkpoint.read_config(parts)
    assert not stopped.finished
    assert len(losses(parts)) == stop_at, f"it stopped after {LOG_EVERY * stop_at} steps"
    with pytest.raises(LearningError, match="training was stopped"):
        checkpoint.load_policy(parts, stopped)
    assert TrainingRun(parts, stopped, series, ChildLink("train"), True, checkpoint.read_trainer(parts)).run()
    for unbroken, resumed in zip(losses(whole), losses(parts), strict=True):
        assert unbroken[:2] == resumed[:2]
        assert unbroken[2] == pytest.approx(resumed[2], abs=1e-6)
    weights, again = (load_file(folder / checkpoint.WEIGHTS) for folder in (whole, parts))
    assert all(torch.allclose(weights[name], again[name], atol=1e-6) for name in weights)


def test_a_wild_loss_ends_the_run_with_a_reason(tmp_path: Path, episodes: list[EpisodeArrays]) -> None:
    action = episodes[0].action.copy()
    action[5, 0] = float("inf")
    broken = [dataclasses.replace(episodes[0], action=action)]
    with pytest.raises(LearningError, match="loss became nan"):
        TrainingRun(tmp_path, run_config(broken, 40, ()), join(broken), ChildLink("train")).run()


def test_a_checkpoint_comes_back_as_it_was(trained: Path) -> None:
    config = checkpoint.read_config(trained)
    policy = checkpoint.load_policy(trained, config)
    assert config.finished
    assert config.episodes[0].validation
    files = {"config.json", "weights.safetensors", "losses.csv", "comparison"}
    assert {path.name for path in trained.iterdir()} == files
    saved = load_file(trained / checkpoint.WEIGHTS)
    assert all(torch.equal(value, saved[name]) for name, value in policy.state_dict().items())


def copy_run(source: Path, target: Path) -> Path:
    target.mkdir()
    for name in (checkpoint.CONFIG, checkpoint.WEIGHTS):
        (target / name).write_bytes((source / name).read_bytes())
    return target


def edited(change: Callable[[dict[str, object]], object]) -> Callable[[Path], None]:
    def edit(run: Path) -> None:
        values = json.loads((run / checkpoint.CONFIG).read_text())
        change(values)
        (run / checkpoint.CONFIG).write_text(json.dumps(values))

    return edit


def spoil(run: Path) -> None:
    tensors: Numbers = load_file(run / checkpoint.WEIGHTS)
    tensors["planner.entry.bias"][0] = float("nan")
    save_file(tensors, run / checkpoint.WEIGHTS)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (edited(lambda values: values.update(schema_version=99)), "schema version is 99. Valid: 1"),
        (edited(lambda values: values.update(policy="act")), "'act' is unknown. Valid: rdp"),
        (edited(lambda values: values.pop("rig")), "cannot be read"),
        (edited(lambda values: values.update(markers=9)), "do not fit config.json"),
        (lambda run: (run / "config.json").write_bytes(b"\xff\xfe{"), "cannot be read"),
        (lambda run: (run / "config.json").unlink(), "has no config.json"),
        (lambda run: (run / "weights.safetensors").unlink(), "has no weights.safetensors"),
        (lambda run: (run / "weights.safetensors").write_bytes(b"nonsense"), "is broken"),
        (spoil, "planner.entry.bias holds numbers that are not finite"),
    ],
    ids=["schema", "policy", "incomplete", "shapes", "bytes", "no config", "no weights", "broken", "nan"],
)
def test_a_bad_checkpoint_is_refused(
    trained: Path, tmp_path: Path, damage: Callable[[Path], None], message: str
) -> None:
    run = copy_run(trained, tmp_path / "run")
    damage(run)
    with pytest.raises(LearningError, match=message):
        checkpoint.load_policy(run, checkpoint.read_config(run))


def test_another_rig_is_refused_by_name(trained: Path) -> None:
    config = checkpoint.read_config(trained)
    checkpoint.require_rig(trained, config, "test/board", "wipe", 5)
    with pytest.raises(LearningError, match=r"'test/board'.*this is rig 'sim/peel'") as caught:
        checkpoint.require_rig(trained, config, "sim/peel", "peel", 5)
    assert caught.value.way_out
    other = msgspec.structs.replace(config, markers=63)
    with pytest.raises(LearningError, match="63 touch markers"):
        checkpoint.require_rig(trained, other, "test/board", "wipe", 5)
