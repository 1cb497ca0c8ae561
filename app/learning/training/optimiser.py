"""AdamW with one learning rate per step, gradients clipped, and a state that goes into a flat file of tensors."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from app.learning.config import OptimiserConfig
from app.learning.training.schedule import learning_rate_factor


class Optimiser:
    """Steps the parameters of one stage.

    Args:
        rate: Peak learning rate.
        steps: Length of the stage, for the schedule.
    """

    def __init__(
        self, parameters: list[nn.Parameter], rate: float, steps: int, config: OptimiserConfig
    ) -> None:
        self._parameters, self._rate, self._steps, self._config = parameters, rate, steps, config
        self._adam = torch.optim.AdamW(
            parameters, lr=rate, betas=(0.9, 0.99), weight_decay=config.weight_decay
        )

    def rate_at(self, step: int) -> float:
        """Return the learning rate of a step (from 0)."""
        return self._rate * learning_rate_factor(step, self._steps, self._config.warmup, self._config.floor)

    def step(self, loss: Tensor, step: int) -> None:
        """Follow the gradient of `loss` once."""
        for group in self._adam.param_groups:
            group["lr"] = self.rate_at(step)
        self._adam.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self._parameters, self._config.clip)
        self._adam.step()

    def tensors(self) -> dict[str, Tensor]:
        """Return the moments and counters, by "number of the parameter / name"."""
        state = self._adam.state_dict()["state"]
        return {f"{index}/{name}": value for index, entry in state.items() for name, value in entry.items()}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over what `tensors` returned."""
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in tensors.items():
            index, _, name = key.partition("/")
            state.setdefault(int(index), {})[name] = value.clone()
        whole = self._adam.state_dict()
        self._adam.load_state_dict({"state": state, "param_groups": whole["param_groups"]})
