"""Peel on the bench: the operator that feels succeeds under every condition, the blind one fails, the cut is seen."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from app.teleop.scripted import SCRIPTS
from app.teleop.scripts.wipe import WipeObservation
from devices.simulated.bench import Bench
from devices.simulated.cameras import Renderer
from devices.simulated.rollout import RolloutResult, roll_out
from devices.simulated.tasks.interface import Condition
from devices.simulated.tasks.peel import SUCCESS_SCORE


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    bench = Bench("peel", (160, 120))
    yield bench
    bench.close()


def run(bench: Bench, operator: str, seed: int, condition: Condition) -> RolloutResult:
    script = SCRIPTS["peel", operator]()
    script.reset(seed)

    def act(
        time_s: float, pose: np.ndarray, wrench: np.ndarray, stain: np.ndarray
    ) -> tuple[np.ndarray, float, bool]:
        command = script.act(WipeObservation(time_s, pose, wrench, stain))
        return command.pose, command.gripper, command.done

    return roll_out(bench, act, seed, condition)


@pytest.mark.parametrize("condition", ["nominal", "before", "after"])
def test_following_the_force_peels(bench: Bench, condition: Condition) -> None:
    assert min(run(bench, "script", seed, condition).score for seed in (100, 104)) >= SUCCESS_SCORE


def test_trusting_the_eyes_does_not(bench: Bench) -> None:
    scores = [run(bench, "blind", seed, "nominal").score for seed in range(100, 106)]
    assert float(np.mean(scores)) < 0.3


def test_the_clamp_gives_way_and_the_gel_feels_the_blade(bench: Bench) -> None:
    bench.reset(3, "nominal")
    target = bench.home_pose.copy()
    target[:2] = bench.snapshot().places[0][:2]
    for _ in range(100):
        bench.step(target, 0.08)
    free, quiet = bench.wrench(), np.abs(bench.field()).max()
    while (bench.wrench() - free)[2] > -8.0 and target[2] > 0.05:
        target[2] -= 0.04 * 0.002
        bench.step(target, 0.08)
    pushed = float(np.linalg.norm(bench.snapshot().qpos[-2:]))
    assert 0.0005 < pushed < 0.003  # 8 N on 6000 N/m are 1.3 mm
    assert np.abs(bench.field()).max() > 3.0 * quiet


def test_the_flesh_shows_in_the_picture_where_it_was_cut(bench: Bench) -> None:
    renderer = Renderer(bench, (160, 120))
    try:
        run(bench, "script", 3, "nominal")
        done = bench.snapshot()
        clean = type(done)(done.time_ns, done.qpos, done.places, np.zeros((20, 2)))
        before, after = (renderer.render(state, "scene")[0].astype(int) for state in (clean, done))
    finally:
        renderer.close()
    changed = np.abs(after - before).max(axis=2) > 40
    assert 20 < changed.sum() < 0.05 * changed.size
    assert np.mean(after[changed][:, 0] - before[changed][:, 0]) > 60.0  # green skin, pale flesh
