"""Keeps the best weights of one stage, and says when waiting for better ones is over. Used by `app/learning/run.py`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from app.learning.keeping import WHY, KeepConfig, Kept
from app.learning.training.average import WeightAverage

_WEIGHTS, _STATE = "weights/", "state"


class Keeper:
    """The best averaged weights so far.

    Args:
        held_out: Whether there are episodes to measure a validation loss on.
        score: Returns the mean score of rollouts of the weights that the module has now.
    """

    def __init__(
        self, config: KeepConfig, stage: str, held_out: bool, steps: int, average: WeightAverage,
        score: Callable[[], float],
    ) -> None:  # fmt: skip
        self._config, self._stage, self._steps, self._average, self._score = (
            config,
            stage,
            steps,
            average,
            score,
        )
        self.measure = config.measure_of(stage, held_out)
        self.step, self.value, self.waited, self._measured = 0, math.nan, 0, 0
        self.weights: dict[str, Tensor] = {}

    @property
    def exhausted(self) -> bool:
        """Whether so many measurements brought nothing better that the stage is to end."""
        return 0 < self._config.patience <= self.waited

    def validated(self, step: int, loss: float) -> bool:
        """Hear the validation loss after `step` steps, the averaged weights in place; returns whether to end."""
        if self.measure == "last":
            return False
        if self.measure == "loss":
            self._compare(step, loss, better=loss < self.value)
        elif self._due(step):
            score = self._score()
            self._compare(step, score, better=score >= self.value)
        return self.exhausted

    def _due(self, step: int) -> bool:
        """Whether rollouts are to measure now: at even shares of the stage, so that a resume does the same."""
        due = step * self._config.measurements // self._steps
        fresh, self._measured = due > self._measured, max(due, self._measured)
        return fresh

    def _compare(self, step: int, value: float, better: bool) -> None:
        """Take over better weights. Of equal scores the later weights are kept, but waiting goes on."""
        risen = self.step == 0 or (better and value != self.value)
        self.waited = 0 if risen else self.waited + 1
        if self.step == 0 or better:
            self.step, self.value = step, value
            self.weights = {name: tensor.clone() for name, tensor in self._average.average.items()}

    def kept(self, done: int) -> Kept:
        """Return what is kept of a stage that ended after `done` steps."""
        if not self.weights:
            return Kept(self._stage, done, done, "last", None, WHY["last"])
        why = WHY[self.measure]
        if self.exhausted:
            why += f"; ended early, {self.waited} measurements brought nothing better"
        return Kept(self._stage, self.step, done, self.measure, self.value, why)

    def tensors(self) -> dict[str, Tensor]:
        """Return all that an exact resume needs."""
        state = torch.tensor([self.step, self.value, self.waited, self._measured], dtype=torch.float64)
        return {_STATE: state} | {_WEIGHTS + name: tensor for name, tensor in self.weights.items()}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over what `tensors` returned; nothing, of a run that an older version stopped."""
        if _STATE not in tensors:
            return
        step, self.value, waited, measured = tensors[_STATE].tolist()
        self.step, self.waited, self._measured = int(step), int(waited), int(measured)
        self.weights = {
            name.removeprefix(_WEIGHTS): tensor for name, tensor in tensors.items() if name != _STATE
        }
