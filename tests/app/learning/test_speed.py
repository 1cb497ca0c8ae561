"""What `bench infer` measures is the real thing: the policy's own plan and step, and a network of the stated size."""

from __future__ import annotations

import pytest
import torch

from app.learning.config import MARKER_VALUES
from app.learning.policies.rdp.policy import RdpPolicy
from app.learning.speed import exported, reference
from app.learning.speed.process import fast_ways, slow_ways
from app.learning.speed.timing import FEWEST, percentiles, take_turns
from tests.app.learning.contact import MARKERS, small_config


def small_policy() -> RdpPolicy:
    torch.manual_seed(0)
    return RdpPolicy(small_config(), MARKERS * MARKER_VALUES).eval().requires_grad_(False)


def test_ways_take_turns_and_warm_up_is_left_out() -> None:
    called: list[str] = []
    taken = take_turns({"a": lambda: called.append("a"), "b": lambda: called.append("b")}, 0.0)
    assert called[:4] == ["a", "b", "a", "b"]
    assert len(taken["a"]) == len(taken["b"]) == FEWEST
    told = percentiles({"x": [1.0, 2.0, 3.0]})
    assert told["x_p50_ms"] == 2.0
    assert told["x_count"] == 3
    assert told["x_p99_ms"] == pytest.approx(2.98)


def test_the_reference_has_the_size_and_shape_that_is_stated() -> None:
    with torch.device("meta"):
        network = reference.ReferenceNetwork()
        x = torch.zeros(1, reference.KEPT_STEPS, reference.LATENT)
        out = network(x, torch.zeros(1, reference.KEPT_STEPS), torch.zeros(1, reference.CONDITION))
    assert out.shape == x.shape
    assert 165e6 < sum(value.numel() for value in network.parameters()) < 200e6


@pytest.mark.parametrize("ways", [slow_ways, fast_ways])
def test_every_way_runs(ways: object) -> None:
    assert callable(ways)
    with torch.no_grad():
        taken = take_turns(ways(small_policy()), 0.0)
    assert all(min(values) > 0.0 for values in taken.values())


@pytest.mark.skipif(not exported.available(), reason="neither extra `onnx` nor `openvino` is installed")
def test_a_graph_that_computes_something_else_is_refused() -> None:
    class Changing(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + torch.rand(())

    with pytest.raises(Exception, match="does not compute"):
        exported.runners(Changing(), (torch.zeros(1, 3),))


def test_each_engine_has_its_column() -> None:
    ways = {**slow_ways(small_policy()), **fast_ways(small_policy())}
    named = {f"{part}_{engine}" for part in ("slow_plan", "fast_tick") for engine in exported.available()}
    assert set(ways) == {"slow_plan", "fast_tick", "fast_switch"} | named
