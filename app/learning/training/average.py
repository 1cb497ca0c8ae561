"""Exponential moving average of the weights, with the power schedule of Karras et al. and Diffusion Policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


def decay_at(step: int, power: float, most: float) -> float:
    """Return the decay after `step` updates (from 1): 1 − (1 + step)^−power, at most `most`."""
    return min(most, 1.0 - (1.0 + step) ** -power)


class WeightAverage:
    """The running average of a module's parameters, by name."""

    def __init__(self, module: nn.Module, power: float, most: float) -> None:
        self._module, self._power, self._most = module, power, most
        self.average = {name: value.detach().clone() for name, value in module.named_parameters()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the present parameters after optimiser step `step` (from 1)."""
        keep = decay_at(step, self._power, self._most)
        for name, value in self._module.named_parameters():
            self.average[name].lerp_(value, 1.0 - keep)

    def load(self, values: Mapping[str, Tensor]) -> None:
        """Take over a saved average."""
        for name, value in self.average.items():
            value.copy_(values[name])

    def copy_to_module(self, weights: Mapping[str, Tensor] | None = None) -> None:
        """Give the averaged weights, or some that they were before, to the module for good."""
        self._write(weights or self.average)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Lend the averaged weights to the module for the length of a `with` block."""
        own = {name: value.detach().clone() for name, value in self._module.named_parameters()}
        self._write(self.average)
        try:
            yield
        finally:
            self._write(own)

    @torch.no_grad()
    def _write(self, values: Mapping[str, Tensor]) -> None:
        for name, value in self._module.named_parameters():
            value.copy_(values[name])
