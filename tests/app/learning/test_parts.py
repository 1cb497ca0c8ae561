"""A batch in parts: the same whoever computes them; and a run that SIGKILL ended goes on as if it had not been."""

from __future__ import annotations

import csv
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import torch
from torch import Tensor, nn

from app.core.errors import LearningError
from app.learning import checkpoint
from app.learning.bounds import check_bounds
from app.learning.data.arrays import EpisodeArrays
from app.learning.training.parts import ALONE, WHOLE, Part, PartedStage
from tests.app.learning.contact import run_config, write_episode
from tests.hygiene import wait_until
from tests.roles import role

ROOT = Path(__file__).resolve().parents[3]


class Squares:
    """A stage whose loss is the mean square of numbers drawn by the part."""

    name = "planner"

    def __init__(self) -> None:
        self.module: nn.Module = nn.Linear(1, 1, bias=False)

    def loss(self, step: int, part: Part = WHOLE) -> Tensor:
        drawn = torch.rand(part.share(8), 1, generator=part.generator(3, self.name, step))
        return torch.as_tensor(self.module(drawn).square().mean())

    def validate(self) -> float:
        return 0.5


def test_all_parts_together_are_the_mean_of_each_and_differ_by_step() -> None:
    stage = Squares()
    apart = torch.stack([stage.loss(4, Part(number, 4)) for number in range(4)])
    assert len(set(apart.tolist())) == 4
    assert torch.allclose(PartedStage(stage, 4, ALONE).loss(4), apart.mean())
    assert torch.equal(PartedStage(stage, 1, ALONE).loss(4), stage.loss(4))
    assert float(PartedStage(stage, 4, ALONE).loss(5).detach()) != pytest.approx(float(apart.mean().detach()))


def test_a_batch_that_has_no_equal_parts_is_refused(episodes: list[EpisodeArrays]) -> None:
    config = run_config(episodes[:5], 20)
    check_bounds(msgspec.structs.replace(config, parts=1), "c")
    with pytest.raises(LearningError, match="equal parts"):
        check_bounds(msgspec.structs.replace(config, parts=config.settings.optimiser.batch - 1), "c")
    with pytest.raises(LearningError, match="parts is 0"):
        check_bounds(msgspec.structs.replace(config, parts=0), "c")


def rows(run: Path) -> list[tuple[str, int, float]]:
    with (run / checkpoint.LOSSES).open(newline="") as stream:
        return [(row["stage"], int(row["step"]), float(row["loss"])) for row in csv.DictReader(stream)]


@pytest.mark.process
def test_a_run_ended_by_sigkill_resumes_exactly(tmp_path: Path) -> None:
    data, whole, killed = tmp_path / "data", tmp_path / "whole", tmp_path / "killed"
    for seed in range(2):
        write_episode(data, seed)
    words = [str(data), "--policy", "flow", "--steps", "150", "--batch", "4", "--save-every", "0.05"]
    assert role("train", *words, "--out", str(whole))[0] == 0
    command = [sys.executable, str(ROOT / "main.py"), "train", *words, "--out", str(killed)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        wait_until((killed / checkpoint.CONFIG).is_file, 60.0, "a checkpoint")
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert not checkpoint.read_config(killed).finished
    assert role("train", "--out", str(killed), "--resume")[0] == 0
    for unbroken, resumed in zip(rows(whole), rows(killed), strict=True):
        assert unbroken[:2] == resumed[:2]
        assert unbroken[2] == pytest.approx(resumed[2], abs=1e-6)
