"""Role `bench-infer` (typed as `bench infer`): how long a plan and a step of the decoder take, on one core."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from app.core.errors import LearningError, UsageError
from app.core.link.child import ChildLink
from app.learning import checkpoint
from app.learning.config import MARKER_VALUES, RdpConfig
from app.learning.policies.rdp.policy import RdpPolicy
from app.learning.runtime.fast import FastDecoder
from app.learning.runtime.planner import Plan
from app.learning.speed import exported, graphed, reference
from app.learning.speed.timing import percentiles, take_turns

MARKERS = 63
CUDA_GRAPH = "cuda_graph"
CAUGHT_UP = 10  # ticks that a new plan is caught up with, at 100 Hz and 100 ms


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `bench infer`."""
    parser.add_argument(
        "run", nargs="?", type=Path, metavar="RUN",
        help="folder of a checkpoint of rdp; the default net with random weights if left out",
    )  # fmt: skip
    parser.add_argument("--seconds", type=float, default=10.0, help="about how long each part lasts")


def policy_of(run: Path | None) -> RdpPolicy:
    """Return the policy to measure.

    Raises:
        LearningError: If the checkpoint is of another policy, or cannot be loaded.
    """
    torch.manual_seed(0)
    if run is None:
        return RdpPolicy(RdpConfig(), MARKERS * MARKER_VALUES).eval().requires_grad_(False)
    policy = checkpoint.load_policy(run, config := checkpoint.read_config(run))
    if not isinstance(policy, RdpPolicy):
        raise LearningError(
            f"checkpoint {run}", f"it is of policy {config.policy!r}, which has no decoder", options=["rdp"]
        )
    return policy


def slow_ways(policy: RdpPolicy) -> dict[str, Callable[[], Any]]:
    """Return a plan in eager mode, and exported for the engines that are installed."""
    condition, noise = torch.randn(1, policy.condition_size), policy.draw(torch.Generator().manual_seed(0))
    ways: dict[str, Callable[[], Any]] = {"slow_plan": lambda: policy.plan(condition, noise)}
    engines = exported.runners(exported.WholePlan(policy), (condition, noise))
    ways |= {f"slow_plan_{engine}": way for engine, way in engines.items()}
    return ways | as_graph("slow_plan", exported.WholePlan(policy), (condition, noise))


def as_graph(name: str, plan: nn.Module, inputs: tuple[Tensor, ...]) -> dict[str, Callable[[], Any]]:
    """Return a plan as a CUDA graph, inputs and result on the host; nothing without a card."""
    if not graphed.available():
        return {}
    replay = graphed.runner(plan, inputs)
    return {f"{name}_{CUDA_GRAPH}": lambda: replay(*inputs)}


def fast_ways(policy: RdpPolicy) -> dict[str, Callable[[], Any]]:
    """Return one tick of the decoder as the control loop does it, catching up with a plan, and one tick exported."""
    latent, touch = torch.randn(1, policy.config.tokenizer.latent), torch.randn(policy.touch_size)
    plan, decoder, tick_ns = Plan(latent, 0, 0, 0.0), FastDecoder(policy), policy.grid.fast_ns
    ticks, at = policy.grid.chunk * policy.grid.fast, 0

    def tick() -> None:
        nonlocal at
        if at % ticks == 0:
            decoder.switch(plan)
        decoder.step((at % ticks) * tick_ns, lambda _t_ns: touch)
        at += 1

    late = FastDecoder(policy)

    def catch_up() -> None:
        late.switch(plan)
        late.step((CAUGHT_UP - 1) * tick_ns, lambda _t_ns: touch)

    ways: dict[str, Callable[[], Any]] = {"fast_tick": tick, "fast_switch": catch_up}
    state = torch.zeros(1, 1, policy.config.tokenizer.hidden)
    inputs = (latent, touch[None, None], policy.tokenizer.phase[:1], state)
    engines = exported.runners(exported.OneStep(policy), inputs)
    return ways | {f"fast_tick_{engine}": way for engine, way in engines.items()}


def reference_ways() -> tuple[dict[str, Callable[[], Any]], int]:
    """Return plans of the reference's size and steps, and its number of parameters."""
    plan, inputs = reference.ReferencePlan().eval().requires_grad_(False), reference.reference_inputs()
    parameters = sum(value.numel() for value in plan.parameters())
    return {"reference_plan": lambda: plan(*inputs), **as_graph("reference_plan", plan, inputs)}, parameters


@torch.no_grad()
def measure(policy: RdpPolicy, seconds: float, told: Callable[[str], object]) -> dict[str, Any]:
    """Return the JSON keys; `told` hears what is done."""
    told("steps of the decoder")
    result: dict[str, Any] = percentiles(take_turns(fast_ways(policy), seconds))
    told("plans")
    result |= percentiles(take_turns(slow_ways(policy), seconds))
    told("plans of the reference's size")
    plans, parameters = reference_ways()
    result |= percentiles(take_turns(plans, seconds))
    result["reference_parameters"] = parameters
    result["plan_ratio"] = round(result["reference_plan_p50_ms"] / result["slow_plan_p50_ms"], 1)
    return result


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure; returns the JSON keys."""
    if not args.seconds > 0.0:
        raise UsageError("--seconds", f"{args.seconds:g} is no length of time", options=["above 0"])
    torch.set_num_threads(1)
    link = ChildLink("bench-infer", args.hub, args.run_id)
    try:
        policy = policy_of(args.run)
        result: dict[str, Any] = {
            "parameters": sum(value.numel() for value in policy.parameters()), "threads": 1,
            "engines": [*exported.available(), *([CUDA_GRAPH] if graphed.available() else [])],
            "load_1min": round(os.getloadavg()[0], 2),
        }  # fmt: skip
        return result | measure(policy, args.seconds, lambda text: link.progress(text=text))
    finally:
        link.close()
