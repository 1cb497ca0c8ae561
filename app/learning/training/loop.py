"""The loop of one stage: loss, step, average; told at intervals; ended early on request, after a whole step."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from app.core.errors import LearningError
from app.learning.training.average import WeightAverage
from app.learning.training.optimiser import Optimiser

LOG_EVERY = 10
VALIDATIONS = 20  # per stage


@dataclass(frozen=True)
class Row:
    """What is told of `LOG_EVERY` steps: loss is their mean; val_loss is the newest, NaN before the first."""

    stage: str
    step: int
    loss: float
    val_loss: float
    rate: float
    seconds: float


class Steps(Protocol):
    """What the loop needs of a stage."""

    name: str

    def loss(self, step: int) -> Tensor:
        """Return the loss of the batch of a step."""
        ...

    def validate(self) -> float:
        """Return the loss on held-out episodes; NaN without any."""
        ...


class Watcher(Protocol):
    """Who looks at the loop, at every row."""

    def told(self, row: Row) -> bool:
        """Hear a row; returns whether to stop here."""
        ...


class Judge(Protocol):
    """Who keeps the best weights."""

    def validated(self, step: int, loss: float) -> bool:
        """Hear a validation loss, with the averaged weights in place; returns whether to end the stage here."""
        ...


def run_stage(
    stage: Steps, optimiser: Optimiser, average: WeightAverage, first: int, steps: int, watcher: Watcher,
    judge: Judge, clock: Callable[[], float] = time.monotonic,
) -> int:  # fmt: skip
    """Run a stage from step `first` to `steps`; returns the number of steps done when it ended.

    It ends early when the watcher or the judge says so; a judge may also fail for reasons of its own.

    Raises:
        LearningError: If the loss is not a finite number.
    """
    started, total, counted, validation = clock(), 0.0, 0, float("nan")
    every = max(1, steps // VALIDATIONS)
    for step in range(first, steps):
        loss = stage.loss(step)
        value = float(loss.detach())
        if not abs(value) < float("inf"):
            raise LearningError(
                f"training stage {stage.name}", f"its loss became {value} at step {step}",
                way_out="Look for wild values in the episodes (Review shows them), or train with another seed",
            )  # fmt: skip
        optimiser.step(loss, step)
        average.update(step + 1)
        done = step + 1
        total, counted, ended = total + value, counted + 1, False
        if done % every == 0 or done == steps:
            with average.applied():
                validation = stage.validate()
                ended = judge.validated(done, validation)
        if done % LOG_EVERY == 0 or done == steps or ended:
            row = Row(
                stage.name, done, total / counted, validation, optimiser.rate_at(step), clock() - started
            )
            total, counted = 0.0, 0
            if watcher.told(row) or ended:
                return done
    return steps
