"""Observations with an input spoiled on purpose, so that a rollout tells what the policy does with that input."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import simplejpeg
import torch
from torch import Tensor

from app.core.errors import LearningError
from app.learning.policies.observing import ObservingPolicy
from app.learning.runtime.observer import Observation, Observer
from app.learning.trial import INPUTS, NS_PER_MS, PICTURES, Tamper

Value = Tensor | bytes  # numbers, or a JPEG picture
GREY = 128
KEPT = 5000  # observations that `shuffle` draws from; older ones are overwritten at random


class Spoiler:
    """Does to one input what one `Tamper` says. It sees each observation once, in order."""

    def __init__(self, tamper: Tamper, policy: ObservingPolicy) -> None:
        self._tamper, self._span_ns = tamper, round(tamper.ms * NS_PER_MS)
        self._mean, self._part = policy.motion.mean, policy.part_of_touch(tamper.source)
        pictured = tamper.source.startswith(PICTURES)
        names = policy.seen_cameras.names
        self._camera = names.index(tamper.source.removeprefix(PICTURES)) if pictured else None
        self._bank: list[Value] = []
        self._chance = random.Random(0)
        self.begin()

    def begin(self) -> None:
        """Start an episode; what was met in earlier ones stays to be drawn from."""
        self._past: list[tuple[int, Value]] = []

    def spoil(self, seen: Observation) -> Observation:
        """Return the observation with the input replaced."""
        value, kind = self._read(seen), self._tamper.kind
        if kind == "zero":
            return self._write(seen, self._mean_of(value))
        if kind == "shuffle":
            return self._write(seen, self._another(value))
        if kind == "freeze":
            if not self._past or seen.t_ns - self._past[-1][0] >= self._span_ns:
                self._past = [(seen.t_ns, value)]
            return self._write(seen, self._past[-1][1])
        self._past.append((seen.t_ns, value))
        while len(self._past) > 1 and self._past[1][0] <= seen.t_ns - self._span_ns:
            self._past.pop(0)
        return self._write(seen, self._past[0][1])

    def _another(self, value: Value) -> Value:
        if len(self._bank) < KEPT:
            self._bank.append(value)
        else:
            self._bank[self._chance.randrange(KEPT)] = value
        return self._chance.choice(self._bank)

    def _read(self, seen: Observation) -> Value:
        if self._camera is not None:
            return seen.frames[self._camera]
        return seen.motion if self._tamper.source == "motion" else seen.touch[self._part].clone()

    def _mean_of(self, value: Value) -> Value:
        if isinstance(value, bytes):
            return grey_like(value)
        return self._mean.clone() if self._tamper.source == "motion" else torch.zeros_like(value)

    def _write(self, seen: Observation, value: Value) -> Observation:
        if isinstance(value, bytes):
            frames = list(seen.frames)
            frames[self._camera or 0] = value
            return replace(seen, frames=tuple(frames))
        if self._tamper.source == "motion":
            return replace(seen, motion=value)
        touch = seen.touch.clone()
        touch[self._part] = value
        return replace(seen, touch=touch)


def grey_like(jpeg: bytes) -> bytes:
    """Return a grey picture of the size of another one."""
    height, width, _, _ = simplejpeg.decode_jpeg_header(jpeg)
    grey: bytes = simplejpeg.encode_jpeg(np.full((height, width, 3), GREY, dtype=np.uint8), colorspace="RGB")
    return grey


def inputs_of(policy: ObservingPolicy) -> tuple[str, ...]:
    """Return the names of what can be spoiled of a policy."""
    return (*INPUTS, *(PICTURES + name for name in policy.seen_cameras.names))


class TamperedObserver(Observer):
    """An observer whose observations are spoiled as they are remembered: planner and decoder see the same."""

    def __init__(self, policy: ObservingPolicy, tampers: Sequence[Tamper]) -> None:
        super().__init__(policy)
        for tamper in tampers:
            if tamper.source not in inputs_of(policy):
                raise LearningError(
                    f"--tamper {tamper.word()}", "the policy has no such input", options=inputs_of(policy)
                )
        self._spoilers = [Spoiler(tamper, policy) for tamper in tampers]

    def begin(self) -> None:
        """Forget the observations of the last episode."""
        super().begin()
        for spoiler in self._spoilers:
            spoiler.begin()

    def observe(self, now_ns: int) -> Observation:
        """Return and remember what the policy is made to believe."""
        seen = super().observe(now_ns)
        for spoiler in self._spoilers:
            seen = spoiler.spoil(seen)
        self.past[-1] = seen
        return seen
