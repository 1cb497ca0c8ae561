"""The two-sided detour with all methods, three seeds each; the median is held against the gates."""

from __future__ import annotations

from statistics import median

import pytest

from tests.app.learning.detour import Method, diffusion, flow, regression, roll, sizes, streaming, train

pytestmark = pytest.mark.soak

STEPS = 3000
METHODS: dict[str, tuple[Method, float]] = {
    "diffusion, DDIM 5": (diffusion(5), 0.97),
    "diffusion, DDIM 10": (diffusion(10), 0.97),
    "flow, Euler 5": (flow(5), 0.97),
    "streaming 8 of 16, N 20": (streaming(8, 16, 20), 0.95),
    "streaming 4 of 16, N 20": (streaming(4, 16, 20), 0.95),
    "streaming 2 of 20, N 20": (streaming(2, 20, 20), 0.95),
    "streaming 1 of 19, N 19": (streaming(1, 19, 19), 0.95),
}


@pytest.mark.parametrize("name", METHODS)
def test_a_sampler_keeps_both_ways(name: str) -> None:
    method, least = METHODS[name]
    outcomes = [roll(method, train(method, seed, STEPS, sizes()), seed) for seed in range(3)]
    assert median(outcome.success for outcome in outcomes) >= least
    assert 0.35 <= median(outcome.above for outcome in outcomes) <= 0.65


def test_a_regression_does_not() -> None:
    method = regression()
    outcomes = [roll(method, train(method, seed, STEPS // 2, sizes()), seed) for seed in range(3)]
    assert median(outcome.success for outcome in outcomes) <= 0.05
