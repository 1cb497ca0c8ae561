"""What `bench infer` measures is the real thing: the policy's own plan and step, and a network of the stated size."""

from __future__ import annotations

import msgspec
import pytest
import torch

from app.learning.config import MARKER_VALUES
from app.learning.policies.rdp.policy import RdpPolicy
from app.learning.speed import exported, graphed, reference
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
    named |= {"slow_plan_cuda_graph"} if graphed.available() else set()
    assert set(ways) == {"slow_plan", "fast_tick", "fast_switch"} | named


def plan_of(sampler: str) -> exported.WholePlan:
    plain = small_config()
    planner = msgspec.convert({**msgspec.to_builtins(plain.planner), "sampler": sampler}, type(plain.planner))
    policy = RdpPolicy(msgspec.structs.replace(plain, planner=planner), MARKERS * MARKER_VALUES)
    return exported.WholePlan(policy.eval().requires_grad_(False))


def inputs_of(plan: exported.WholePlan) -> tuple[torch.Tensor, torch.Tensor]:
    policy = plan.policy
    return torch.randn(1, policy.condition_size), torch.randn(1, policy.config.tokenizer.latent)


@pytest.mark.parametrize("sampler", ["flow", "diffusion"])
def test_a_plan_can_be_recorded(sampler: str) -> None:
    """Nothing in it is made on the host or read by it: it runs on a device that holds shapes without numbers."""
    plan = plan_of(sampler)
    latent = plan.policy.config.tokenizer.latent
    with torch.device("meta"), torch.no_grad():
        out = graphed.moved(plan, "meta")(*(value.to("meta") for value in inputs_of(plan)))
    assert (out.device.type, tuple(out.shape)) == ("meta", (1, latent))
    assert plan.policy.kept.device.type == "cpu", "the policy itself stays where it is"


@pytest.mark.skipif(not graphed.available(), reason="there is no card that PyTorch can use")
@pytest.mark.parametrize("sampler", ["flow", "diffusion"])
def test_a_graph_gives_what_the_module_gives_on_other_inputs(sampler: str) -> None:
    plan = plan_of(sampler)
    replay = graphed.runner(plan, inputs_of(plan))
    for _ in range(3):
        given = inputs_of(plan)
        with torch.no_grad():
            assert torch.allclose(replay(*given), plan(*given), atol=1e-3, rtol=1e-3)
