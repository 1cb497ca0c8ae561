"""How long a run will take, and how much memory: some steps of each stage are timed. For `train --estimate`."""

from __future__ import annotations

import resource
import sys
import time
from typing import Any

from app.learning.config import PolicyConfig
from app.learning.data.dataset import Windows
from app.learning.policies.build import Policy
from app.learning.training.average import WeightAverage
from app.learning.training.optimiser import Optimiser
from app.learning.training.stages import Prepared, Stage, stage_of

WARM, TIMED = 3, 12


def seconds_per_step(stage: Stage, optimiser: Optimiser, average: WeightAverage) -> float:
    """Return what a step costs, after some that are not timed."""
    started = 0.0
    for step in range(WARM + TIMED):
        if step == WARM:
            started = time.perf_counter()
        optimiser.step(stage.loss(step), step)
        average.update(step + 1)
    return (time.perf_counter() - started) / TIMED


def peak_memory_mb() -> float:
    """Return the most resident memory that this process has had, MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def measure(
    policy: Policy,
    settings: PolicyConfig,
    train: Windows,
    held_out: Windows,
    stages: dict[str, int],
    seed: int,
) -> dict[str, Any]:
    """Return `seconds_estimated`, `memory_mb` and `seconds_per_step` of each stage.

    Args:
        policy: Fitted to the data; its weights are changed.
        stages: How many steps each stage is to have.
    """
    prepared = (Prepared(policy, train), Prepared(policy, held_out))
    config = settings.optimiser
    paces: dict[str, float] = {}
    for name, steps in stages.items():
        stage = stage_of(policy, name, *prepared, seed)
        rate = config.tokenizer_rate if name == "tokenizer" else config.planner_rate
        optimiser = Optimiser(list(stage.module.parameters()), rate, steps, config)
        paces[name] = seconds_per_step(
            stage, optimiser, WeightAverage(stage.module, config.ema_power, config.ema_max)
        )
    seconds = sum(paces[name] * steps for name, steps in stages.items())
    return {
        "seconds_estimated": round(seconds, 1), "memory_mb": round(peak_memory_mb(), 1),
        "seconds_per_step": {name: round(pace, 6) for name, pace in paces.items()},
    }  # fmt: skip
