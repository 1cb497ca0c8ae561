"""The reason for the bench: on it, touch decides. A blind script fails where a force-following one succeeds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from app.teleop.scripts.wipe import BlindWipe, ForceWipe, WipeObservation
from devices.simulated.bench import Bench
from devices.simulated.rollout import RolloutResult, interval, roll_out
from devices.simulated.tasks.interface import Condition
from devices.simulated.tasks.wipe import SUCCESS_SCORE

SEEDS = range(100, 106)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


def run(bench: Bench, script: ForceWipe | BlindWipe, seed: int, condition: Condition) -> RolloutResult:
    script.reset(seed)

    def act(
        time_s: float, pose: np.ndarray, wrench: np.ndarray, stain: np.ndarray
    ) -> tuple[np.ndarray, float, bool]:
        command = script.act(WipeObservation(time_s, pose, wrench, stain))
        return command.pose, command.gripper, command.done

    return roll_out(bench, act, seed, condition)


@pytest.mark.parametrize(
    ("condition", "least"), [("nominal", 0.99), ("before", 0.99), ("after", SUCCESS_SCORE)]
)
def test_following_the_force_succeeds(bench: Bench, condition: Condition, least: float) -> None:
    results = [run(bench, ForceWipe(), seed, condition) for seed in SEEDS]
    assert float(np.mean([result.score for result in results])) >= least
    assert max(result.seconds for result in results) < 9.0


def test_trusting_the_eyes_fails(bench: Bench) -> None:
    scores = [run(bench, BlindWipe(), seed, "mixed").score for seed in SEEDS]
    assert float(np.mean(scores)) < 0.3


def test_demonstrations_differ_by_seed_and_repeat(bench: Bench) -> None:
    first, second, again = (run(bench, ForceWipe(), seed, "nominal") for seed in (1, 2, 1))
    assert first == again
    assert first.peak_n != second.peak_n


def test_the_interval_holds_the_mean() -> None:
    mean, low, high = interval([0.0, 0.5, 1.0, 1.0])
    assert mean == pytest.approx(0.625)
    assert 0.0 <= low < mean < high <= 1.0
