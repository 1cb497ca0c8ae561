"""A batch drawn in parts, and who computes them: one process all of them, or each worker of a team its own.

Each part has its own random numbers, so a run gives the same losses (within rounding) whoever computes the parts: a
run of two workers can be resumed by one process. Used by the stages and by `app/learning/run.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from app.learning.chance import generator_for
from app.learning.training.loop import Judge, Row, Watcher

if TYPE_CHECKING:
    from app.learning.training.stages import Stage


@dataclass(frozen=True)
class Part:
    """Part `number` (from 0) of `of` equal ones of a batch."""

    number: int = 0
    of: int = 1

    def share(self, batch: int) -> int:
        """Return its windows."""
        return batch // self.of

    def generator(self, seed: int, purpose: str, step: int) -> torch.Generator:
        """Return its random numbers in a step; those of the only part are the step's own."""
        return generator_for(seed, purpose, step * self.of + self.number)


WHOLE = Part()


@dataclass(frozen=True)
class Team:
    """The processes of one run; each knows its rank. Rank 0 measures, writes and decides."""

    rank: int = 0
    workers: int = 1

    @property
    def leads(self) -> bool:
        """Whether this one writes and decides."""
        return self.rank == 0

    def agree(self, own: bool) -> bool:
        """Return what rank 0 says; all have to ask at the same point."""
        if self.workers == 1:
            return own
        said = torch.tensor([int(own)])
        torch.distributed.broadcast(said, 0)
        return bool(said.item())

    def mean(self, value: Tensor) -> Tensor:
        """Return the mean over the team, without a gradient."""
        whole = value.detach().clone()
        torch.distributed.all_reduce(whole)
        return whole / self.workers

    def level(self, module: nn.Module) -> None:
        """Give all of the team the state that rank 0 has."""
        if self.workers > 1:
            for value in module.state_dict().values():
                torch.distributed.broadcast(value, 0)


ALONE = Team()


class _Forward(nn.Module):
    """A stage's loss as a forward pass, which is where the gradients of a team are joined."""

    def __init__(self, stage: Stage, part: Part) -> None:
        super().__init__()
        self.module = stage.module
        self._stage, self._part = stage, part

    def forward(self, step: int) -> Tensor:
        """Return the loss of this one's part."""
        return self._stage.loss(step, self._part)


class PartedStage:
    """A stage whose step is made of parts; validates on rank 0 alone."""

    def __init__(self, stage: Stage, parts: int, team: Team) -> None:
        self.name, self.module = stage.name, stage.module
        self._stage, self._parts, self._team = stage, parts, team
        self._forward: nn.Module | None = None
        if team.workers > 1:
            whole = _Forward(stage, Part(team.rank, parts))
            self._forward = nn.parallel.DistributedDataParallel(whole)

    def loss(self, step: int) -> Tensor:
        """Return the mean loss of all parts; its gradient becomes the team's with `backward`."""
        if self._forward is not None:
            own: Tensor = self._forward(step)
            return own + (self._team.mean(own) - own.detach())
        if self._parts == 1:
            return self._stage.loss(step)
        losses = [self._stage.loss(step, Part(number, self._parts)) for number in range(self._parts)]
        return torch.stack(losses).mean()

    def validate(self) -> float:
        """Return the loss on held-out episodes; NaN where another one measures it."""
        return self._stage.validate() if self._team.leads else float("nan")


class TeamWatcher:
    """Lets rank 0 hear the rows, and all do what it answers."""

    def __init__(self, team: Team, watcher: Watcher) -> None:
        self._team, self._watcher = team, watcher

    def told(self, row: Row) -> bool:
        """Hear a row; returns whether to stop."""
        return self._team.agree(self._team.leads and self._watcher.told(row))


class TeamJudge:
    """Lets rank 0 judge, and all do what it answers."""

    def __init__(self, team: Team, judge: Judge) -> None:
        self._team, self._judge = team, judge

    def validated(self, step: int, loss: float) -> bool:
        """Hear a validation loss; returns whether to end the stage."""
        return self._team.agree(self._team.leads and self._judge.validated(step, loss))
