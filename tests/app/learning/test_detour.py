"""The detour probe on one seed and two methods; all of it is in `tests/soak/test_detour_table.py`."""

from __future__ import annotations

import pytest

from tests.app.learning.detour import Method, diffusion, roll, sizes, streaming, train


@pytest.mark.parametrize(
    "method", [diffusion(steps=5), streaming(act=2, horizon=16, levels=16)], ids=["diffusion", "streaming"]
)
def test_both_ways_around_are_kept(method: Method) -> None:
    outcome = roll(method, train(method, 0, 1200, sizes()), 0)
    assert outcome.success >= 0.95
    assert 0.35 <= outcome.above <= 0.65
