"""One episode on a bench without any process: an operator at 50 Hz, held targets, a velocity limit.

Used to check the task itself (tests, tuning) before and beside the real path through wire and governor. The wrench is
tared at the start as the device server does it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from devices.simulated.bench import Bench
from devices.simulated.geometry import TIMESTEP_S
from devices.simulated.tasks.interface import TIME_LIMIT_S, Condition

Array = npt.NDArray[np.float64]

STEPS_PER_COMMAND: Final = 10
SPEED_LIMIT_M_PER_S: Final = 0.25
_TARE_STEPS: Final = 50
_RESAMPLES: Final = 2000

Act = Callable[[float, Array, Array, Array], tuple[Array, float, bool]]
"""From time (s), pose (7,), tared wrench (6,), stain estimate (4,) to target pose (7,), jaw width (m), done."""


@dataclass(frozen=True)
class RolloutResult:
    """How an episode went: the task's score, simulated seconds, largest pressing force felt (N)."""

    score: float
    seconds: float
    peak_n: float


def roll_out(bench: Bench, act: Act, seed: int, condition: Condition = "mixed") -> RolloutResult:
    """Run one episode until the operator is done or the task's time is up."""
    bench.reset(seed, condition)
    tare = np.zeros(6)
    for _ in range(_TARE_STEPS):
        bench.step(bench.home_pose, 0.08)
        tare += bench.wrench() / _TARE_STEPS
    applied, peak_n = bench.home_pose.copy(), 0.0
    while bench.time_ns < TIME_LIMIT_S * 1e9:
        wrench = bench.wrench() - tare
        peak_n = max(peak_n, float(-wrench[2]))
        target, gripper, done = act(
            bench.time_ns * 1e-9, bench.arm_state().pose, wrench, bench.stain_estimate()
        )
        if done:
            break
        for _ in range(STEPS_PER_COMMAND):
            _follow(applied, target)
            bench.step(applied, gripper)
    return RolloutResult(bench.score(), bench.time_ns * 1e-9, peak_n)


def interval(scores: list[float], seed: int = 0) -> tuple[float, float, float]:
    """Return mean and 95 % bootstrap interval of a list of scores."""
    values = np.asarray(scores)
    rng = np.random.default_rng(seed)
    means = values[rng.integers(0, len(values), (_RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(values.mean()), float(low), float(high)


def _follow(applied: Array, target: Array) -> None:
    """Move the applied target towards the wanted one, no faster than the limit."""
    gap = target[:3] - applied[:3]
    distance = float(np.linalg.norm(gap))
    applied[:3] += gap * min(1.0, SPEED_LIMIT_M_PER_S * TIMESTEP_S / max(distance, 1e-12))
    applied[3:] = target[3:]
