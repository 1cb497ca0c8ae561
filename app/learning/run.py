"""One training run from data to checkpoint: both stages, saved so that it can be stopped and resumed exactly."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import Tensor

from app.core.errors import LearningError
from app.core.link.child import ChildLink
from app.learning import checkpoint
from app.learning.chance import generator_for
from app.learning.comparing import forget_after
from app.learning.config import MARKER_VALUES, STAGES, RunConfig
from app.learning.data.dataset import Series, Windows
from app.learning.policies.build import build_policy
from app.learning.training.average import WeightAverage
from app.learning.training.comparer import Comparer
from app.learning.training.keeper import Keeper
from app.learning.training.loop import Row, run_stage
from app.learning.training.optimiser import Optimiser
from app.learning.training.parts import ALONE, PartedStage, Team, TeamJudge, TeamWatcher
from app.learning.training.progress import SAVE_EVERY_S, Reporter
from app.learning.training.rollouts import mean_score
from app.learning.training.stages import Prepared, stage_of

_MODEL, _AVERAGE, _OPTIMISER, _KEPT, _AT = "model/", "average/", "optimiser/", "kept/", "at"


@dataclass
class Progress:
    """Where a run stands: the stage it is in and how many steps of it are done."""

    stage: str = "tokenizer"
    step: int = 0


@dataclass
class TrainingRun:
    """Policy, data and state of one run in one folder.

    Attributes:
        config: As it will be written; `finished`, `stage` and `step` are set when it is.
        saved: What the last checkpoint held, when the run is resumed.
        team: The processes that compute it; those that do not lead it have a folder of their own to write to.
        save_every_s: Time between checkpoints.
    """

    folder: Path
    config: RunConfig
    series: Series
    link: ChildLink
    quiet: bool = True
    saved: dict[str, Tensor] = field(default_factory=dict)
    team: Team = ALONE
    save_every_s: float = SAVE_EVERY_S

    def __post_init__(self) -> None:
        self.settings = self.config.settings
        numbers = range(len(self.config.episodes))
        trained = [n for n in numbers if not self.config.episodes[n].validation]
        grid, cameras = self.settings.grid, self.settings.cameras
        self.train_windows = Windows(self.series, grid, trained, cameras)
        self.held_windows = Windows(self.series, grid, sorted(set(numbers) - set(trained)), cameras)
        if len(self.train_windows) == 0:
            raise LearningError(
                "training data", "no episode is left to train on", way_out="Record more demonstrations"
            )
        torch.manual_seed(int(generator_for(self.config.seed, "weights").initial_seed()))
        self.policy = build_policy(self.settings, self.config.markers * MARKER_VALUES, self.config.layout)
        self.progress = Progress(self.config.stages[0])
        if self.saved:
            stage, step = self.saved[_AT].tolist()
            self.progress = Progress(STAGES[stage], step)
            model = {
                key.removeprefix(_MODEL): value for key, value in self.saved.items() if key.startswith(_MODEL)
            }
            checkpoint.fill(self.policy, model, str(self.folder / checkpoint.TRAINER))
        else:
            self.policy.fit(
                self.series, torch.isin(self.series.episode, torch.tensor(trained)).nonzero()[:, 0]
            )
        self.reporter = Reporter(
            self.link, self.folder / checkpoint.LOSSES, self.config.budget, self._save_running, self.quiet,
            self.save_every_s,
        )  # fmt: skip

    def run(self) -> bool:
        """Train what is left of the stages; returns whether the run is finished (or was stopped)."""
        self.reporter.resume(self.progress.stage, self.progress.step)
        stages = self.config.stages
        forget_after(self.folder, stages, self.progress.stage, self.progress.step)
        for name in stages[stages.index(self.progress.stage) :]:
            if not self._run_stage(name):
                return False
        self.config = msgspec.structs.replace(self.config, finished=True)
        self._write(self.policy.state_dict(), {})
        return True

    def _run_stage(self, name: str) -> bool:
        first = self.progress.step if self.progress.stage == name else 0
        self.progress = Progress(name, first)
        parts = (Prepared(self.policy, self.train_windows), Prepared(self.policy, self.held_windows))
        stage = stage_of(self.policy, name, *parts, self.config.seed)
        config = self.settings.optimiser
        steps = self.config.budget.tokenizer if name == "tokenizer" else self.config.budget.planner
        rate = config.tokenizer_rate if name == "tokenizer" else config.planner_rate
        self.optimiser = Optimiser(list(stage.module.parameters()), rate, steps, config)
        self.average = WeightAverage(stage.module, config.ema_power, config.ema_max)
        keep = self.config.keep
        self.keeper = Keeper(keep, name, len(self.held_windows) > 0, steps, self.average, self._score)
        if first > 0:
            self.average.load(self._saved_part(_AVERAGE))
            self.optimiser.load(self._saved_part(_OPTIMISER))
            self.keeper.load(self._saved_part(_KEPT))
        shown = parts[len(self.held_windows) > 0]
        judge = Comparer(self.folder, self.config, name, steps, self.policy, shown, self.keeper)
        if not self.keeper.exhausted:
            shared = PartedStage(stage, self.config.parts, self.team)
            watcher, decider = TeamWatcher(self.team, self.reporter), TeamJudge(self.team, judge)
            self.progress.step = run_stage(
                shared, self.optimiser, self.average, first, steps, watcher, decider
            )
        ended = self.progress.step == steps or self.team.agree(self.keeper.exhausted)
        if not ended or (self.team.agree(self.link.stopping) and name != STAGES[-1]):
            self._save_running(name, self.progress.step)
            return False
        if self.team.leads:
            self._keep(name)
        self.team.level(self.policy)
        return True

    def _keep(self, stage: str) -> None:
        """Give the kept weights to the policy; the last ones of a planner that are not kept go into a file too."""
        kept = self.keeper.kept(self.progress.step)
        if kept.step < self.progress.step and stage == STAGES[-1]:
            with self.average.applied():
                checkpoint.write_last(self.folder, self.policy.state_dict())
        self.average.copy_to_module(self.keeper.weights)
        earlier = tuple(entry for entry in self.config.kept if entry.stage != stage)
        self.config = msgspec.structs.replace(self.config, kept=(*earlier, kept))

    def _score(self) -> float:
        """Return the mean score of rollouts of the policy as it is now."""
        with tempfile.TemporaryDirectory(prefix="touchstone-candidate-") as folder:
            candidate = msgspec.structs.replace(self.config, finished=True)
            checkpoint.write_run(Path(folder), candidate, self.policy.state_dict(), {})
            return mean_score(Path(folder), self.config.rig, self.config.keep, self.link)

    def _saved_part(self, prefix: str) -> dict[str, Tensor]:
        return {
            key.removeprefix(prefix): value for key, value in self.saved.items() if key.startswith(prefix)
        }

    def _save_running(self, stage: str, step: int) -> None:
        """Write a checkpoint in the middle of a stage."""
        self.progress = Progress(stage, step)
        trainer = {_MODEL + key: value.clone() for key, value in self.policy.state_dict().items()}
        trainer[_AT] = torch.tensor([STAGES.index(stage), step])
        trainer |= {_AVERAGE + key: value for key, value in self.average.average.items()}
        trainer |= {_OPTIMISER + key: value for key, value in self.optimiser.tensors().items()}
        trainer |= {_KEPT + key: value for key, value in self.keeper.tensors().items()}
        with self.average.applied():
            self._write(self.policy.state_dict(), trainer)

    def _write(self, weights: dict[str, Tensor], trainer: dict[str, Tensor]) -> None:
        self.config = msgspec.structs.replace(self.config, stage=self.progress.stage, step=self.progress.step)
        checkpoint.write_run(self.folder, self.config, weights, trainer)

    def result(self) -> dict[str, Any]:
        """Return the numbers that the role reports: losses per stage, last first."""
        rows: dict[str, Row] = self.reporter.newest
        last = rows.get("planner") or rows.get("tokenizer")
        losses = {f"{name}_loss": row.loss for name, row in rows.items()}
        held = {
            f"{name}_val_loss": None if math.isnan(row.val_loss) else row.val_loss
            for name, row in rows.items()
        }
        trained = sum(parameter.numel() for parameter in self.policy.parameters())
        done = self.progress.step + (self.config.budget.tokenizer if self.progress.stage == "planner" else 0)
        return {
            "steps": done, "loss": None if last is None else last.loss, "finished": self.config.finished,
            "parameters": trained, "windows": len(self.train_windows),
            "kept": msgspec.to_builtins(self.config.kept), **losses, **held,
        }  # fmt: skip
