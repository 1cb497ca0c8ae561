"""The two-sided detour with all methods, three seeds each; the median is held against the gates.

What came out is printed, one line a seed: `pytest -m soak -rP tests/soak/test_detour_table.py`. The table of the last
run is in resources/help/performance.md.
"""

from __future__ import annotations

from statistics import median

import pytest

from tests.app.learning.detour import (
    Method,
    Outcome,
    diffusion,
    flow,
    regression,
    roll,
    sizes,
    streaming,
    train,
)

pytestmark = pytest.mark.soak

STEPS, SEEDS = 3000, range(3)
METHODS: dict[str, tuple[Method, float]] = {
    "diffusion, DDIM 5": (diffusion(5), 0.97),
    "diffusion, DDIM 10": (diffusion(10), 0.97),
    "flow, Euler 5": (flow(5), 0.97),
    "streaming 8 of 16, N 20": (streaming(8, 16, 20), 0.95),
    "streaming 4 of 16, N 20": (streaming(4, 16, 20), 0.95),
    "streaming 2 of 20, N 20": (streaming(2, 20, 20), 0.95),
    "streaming 1 of 19, N 19": (streaming(1, 19, 19), 0.95),
}


def told(name: str, method: Method, seed: int, steps: int) -> Outcome:
    """Return how a trained method does, and print it."""
    outcome = roll(method, train(method, seed, steps, sizes()), seed)
    print(f"{name}: seed {seed}, success {outcome.success:.3f}, above {outcome.above:.3f}")
    return outcome


@pytest.mark.parametrize("name", METHODS)
def test_a_sampler_keeps_both_ways(name: str) -> None:
    method, least = METHODS[name]
    outcomes = [told(name, method, seed, STEPS) for seed in SEEDS]
    assert median(outcome.success for outcome in outcomes) >= least
    assert 0.35 <= median(outcome.above for outcome in outcomes) <= 0.65


def test_a_regression_does_not() -> None:
    method = regression()
    outcomes = [told("regression", method, seed, STEPS // 2) for seed in SEEDS]
    assert median(outcome.success for outcome in outcomes) <= 0.05
