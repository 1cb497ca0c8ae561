"""Predicted beside recorded actions: made at even shares of a stage, told apart from training, read by the window."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from app.core.link.child import ChildLink
from app.learning import checkpoint
from app.learning.chance import generator_for
from app.learning.comparing import (
    ComparedChunk,
    Comparison,
    forget_after,
    list_comparisons,
    place_of,
    read_comparison,
    write_comparison,
)
from app.learning.config import STAGES
from app.learning.data.arrays import EpisodeArrays
from app.learning.data.dataset import Windows, join
from app.learning.run import TrainingRun
from app.learning.training.comparer import COMPARISONS, Comparer, chunks_end_to_end
from app.learning.training.stages import Prepared
from tests.app.learning.contact import run_config


def made(**changes: object) -> Comparison:
    """Return a comparison of two dimensions and three ticks."""
    chunk = ComparedChunk(0, ((1.0, 2.0),) * 3, ((1.5, 2.0),) * 3)
    plain = Comparison("planner", 100, "u", True, ("dx", "over"), 20_000_000, (0.5, None), (chunk,))
    return msgspec.structs.replace(plain, **changes)


def test_a_run_compares_at_even_shares_with_the_recorded_actions_of_a_held_out_episode(
    tmp_path: Path, episodes: list[EpisodeArrays]
) -> None:
    config, series = run_config(episodes[:5], 40), join(episodes[:5])
    assert TrainingRun(tmp_path, config, series, ChildLink("train")).run()
    listed = list_comparisons(tmp_path, STAGES)
    assert {stage for stage, _ in listed} == set(STAGES)
    for stage, of in (("tokenizer", config.budget.tokenizer), ("planner", config.budget.planner)):
        steps = [step for name, step in listed if name == stage]
        assert 1 < len(steps) <= COMPARISONS
        assert steps[-1] == of
    last = read_comparison(tmp_path, *listed[-1])
    assert last is not None
    assert last.held_out
    (number,) = [n for n, source in enumerate(config.episodes) if source.uuid == last.episode]
    assert config.episodes[number].validation
    together = np.concatenate([np.array(chunk.recorded) for chunk in last.chunks])
    assert together == pytest.approx(episodes[number].action[: len(together)], abs=1e-6)
    assert len(together) == len(episodes[number])


def test_predictions_are_the_policys_own_and_the_error_is_theirs(
    trained: Path, tmp_path: Path, episodes: list[EpisodeArrays]
) -> None:
    config, series = checkpoint.read_config(trained), join(episodes)
    policy = checkpoint.load_policy(trained, config)
    held = [n for n, source in enumerate(config.episodes) if source.validation]
    prepared = Prepared(policy, Windows(series, policy.grid, held))
    heard: list[tuple[int, float]] = []

    class Next:
        def validated(self, step: int, loss: float) -> bool:
            heard.append((step, loss))
            return True

    before = torch.random.get_rng_state()
    comparer = Comparer(tmp_path, config, "planner", 10, policy, prepared, Next())
    assert comparer.validated(10, 0.5)
    assert heard == [(10, 0.5)]
    assert torch.equal(before, torch.random.get_rng_state())
    found = read_comparison(tmp_path, "planner", 10)
    assert found is not None
    which = chunks_end_to_end(prepared)
    generator = generator_for(config.seed, "validation")
    with torch.no_grad():
        noise = torch.cat([policy.draw(generator) for _ in which])[:1]
        plan = policy.plan(prepared.conditions(policy, which[:1]), noise)
        drawn = policy.decode(plan, prepared.chunks(which[:1])[1])[0][0]
    assert np.array(found.chunks[0].predicted) == pytest.approx(drawn.numpy(), abs=1e-5)
    gap = np.concatenate([np.array(chunk.predicted) - np.array(chunk.recorded) for chunk in found.chunks])
    expected = np.sqrt((gap**2).mean(axis=0)) / policy.action.scale.numpy()
    told = [
        error if error is not None else value for error, value in zip(found.errors, expected, strict=True)
    ]
    assert told == pytest.approx(expected.tolist(), abs=1e-3)
    assert any(error is not None and 0.0 < error < 1.0 for error in found.errors)  # it has learned something


def test_files_come_back_and_broken_ones_are_no_comparison(tmp_path: Path) -> None:
    write_comparison(tmp_path, made())
    assert read_comparison(tmp_path, "planner", 100) == made()
    assert read_comparison(tmp_path, "planner", 101) is None
    for broken in (made(errors=(0.5,)), made(names=("dx",)), made(period_ns=0)):
        place_of(tmp_path, "planner", 100).write_bytes(msgspec.json.encode(broken))
        assert read_comparison(tmp_path, "planner", 100) is None
    place_of(tmp_path, "planner", 100).write_bytes(b"{")
    assert read_comparison(tmp_path, "planner", 100) is None


def test_a_resumed_run_forgets_what_it_makes_again(tmp_path: Path) -> None:
    assert list_comparisons(tmp_path, STAGES) == []
    for stage, step in (("tokenizer", 40), ("planner", 10), ("planner", 20)):
        write_comparison(tmp_path, made(stage=stage, step=step))
    (tmp_path / "comparison" / "notes.txt").write_text("mine")
    forget_after(tmp_path, STAGES, "planner", 10)
    assert list_comparisons(tmp_path, STAGES) == [("tokenizer", 40), ("planner", 10)]
    forget_after(tmp_path, STAGES, "tokenizer", 0)
    assert list_comparisons(tmp_path, STAGES) == []
    assert list_comparisons(tmp_path, ("planner",)) == []
