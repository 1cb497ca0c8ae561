"""One episode of the task lift without any process: an operator at 50 Hz, held targets, a velocity limit.

As `devices.simulated.rollout`, for two arms. Used by tests and for the numbers in the help page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from devices.simulated.geometry import TIMESTEP_S
from devices.simulated.lift.bench import LiftBench
from devices.simulated.lift.task import TIME_LIMIT_S
from devices.simulated.rollout import SPEED_LIMIT_M_PER_S, STEPS_PER_COMMAND, RolloutResult
from devices.simulated.tasks.interface import Array, Condition

_TARE_STEPS: Final = 50
_JAWS_M: Final = 0.04

Poses = tuple[Array, Array]
Act = Callable[[float, Poses, Poses, Array], tuple[Poses, bool]]
"""From time (s), poses (7,) and tared wrenches (6,) of both arms, estimate (4,), to target poses (7,), done."""


def roll_out(bench: LiftBench, act: Act, seed: int, condition: Condition = "mixed") -> RolloutResult:
    """Run one episode until the operator is done or the task is over; the peak is the hardest that a pad pressed."""
    bench.reset(seed, condition)
    applied = [arm.home.copy() for arm in bench.arms]
    tare = np.zeros((2, 6))
    for _ in range(_TARE_STEPS):
        bench.step([(pose, _JAWS_M) for pose in applied])
        tare += np.array([arm.pad.wrench() for arm in bench.arms]) / _TARE_STEPS
    peak_n = 0.0
    while bench.time_ns < TIME_LIMIT_S * 1e9 and not bench.task.done():
        first, second = (arm.pad.wrench() - zero for arm, zero in zip(bench.arms, tare, strict=True))
        poses = (bench.arms[0].state().pose, bench.arms[1].state().pose)
        targets, done = act(bench.time_ns * 1e-9, poses, (first, second), bench.task.estimate())
        if done:
            break
        for _ in range(STEPS_PER_COMMAND):
            for pose, target in zip(applied, targets, strict=True):
                _follow(pose, target)
            bench.step([(pose, _JAWS_M) for pose in applied])
            peak_n = max(peak_n, *(arm.normal_n for arm in bench.arms))
    return RolloutResult(bench.task.score(), bench.time_ns * 1e-9, peak_n)


def _follow(applied: Array, target: Array) -> None:
    """Move the applied target towards the wanted one, no faster than the limit."""
    gap = target[:3] - applied[:3]
    distance = float(np.linalg.norm(gap))
    applied[:3] += gap * min(1.0, SPEED_LIMIT_M_PER_S * TIMESTEP_S / max(distance, 1e-12))
    applied[3:] = target[3:]
