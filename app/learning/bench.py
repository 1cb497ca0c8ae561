"""`bench train`: training steps beside the same network in a plain PyTorch loop, on the same episodes.

Three loops take turns in short rounds: ours (windows drawn by a generator of their own each step, gradients clipped,
weights averaged, rate scheduled); plain with whole tensors (windows laid out in memory beforehand, AdamW, nothing
else); plain with a `DataLoader` over a `Dataset` that makes one window at a time.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from app.core.errors import UsageError
from app.core.link.child import ChildLink
from app.core.project import demonstrations_folder
from app.learning import train
from app.learning.chance import generator_for
from app.learning.policies.chunk import ChunkPolicy
from app.learning.run import TrainingRun
from app.learning.training.average import WeightAverage
from app.learning.training.optimiser import Optimiser
from app.learning.training.stages import Prepared, stage_of

POLICIES = ("flow", "diffusion", "streaming")
ROUNDS, WARM = 5, 2
Step = Callable[[], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `bench train`."""
    parser.add_argument("--policy", default="flow", choices=POLICIES, help="those of one stage")
    parser.add_argument(
        "--data", type=Path, help="folder of episodes; the project's demonstrations by default"
    )
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=15.0, help="of all three loops together")


class WindowSet(Dataset[tuple[Tensor, Tensor]]):
    """The windows of a run, made one at a time."""

    def __init__(self, prepared: Prepared, policy: ChunkPolicy) -> None:
        self._prepared, self._policy = prepared, policy

    def __len__(self) -> int:
        return len(self._prepared.windows)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Return the chunk and the condition of a window."""
        which = torch.tensor([index])
        return self._prepared.chunks(which)[0][0], self._prepared.conditions(self._policy, which)[0]


def fresh(args: argparse.Namespace, link: ChildLink) -> TrainingRun:
    """Return an untrained run, as `train` would begin it."""
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    words = [str(args.data or demonstrations_folder()), "--policy", args.policy, "--batch", str(args.batch)]
    asked = parser.parse_args(words)
    asked.hub = None
    with tempfile.TemporaryDirectory(prefix="bench-train-") as folder:
        return train.new_run(asked, Path(folder), link)


def our_step(run: TrainingRun) -> Step:
    """Return a step as the trainer does it."""
    parts = (Prepared(run.policy, run.train_windows), Prepared(run.policy, run.held_windows))
    stage = stage_of(run.policy, "planner", *parts, run.config.seed)
    config = run.settings.optimiser
    optimiser = Optimiser(list(stage.module.parameters()), config.planner_rate, 10_000, config)
    average = WeightAverage(stage.module, config.ema_power, config.ema_max)
    done = 0

    def step() -> None:
        nonlocal done
        optimiser.step(stage.loss(done), done)
        done += 1
        average.update(done)

    return step


def plain_step(policy: ChunkPolicy, batches: Iterator[tuple[Tensor, Tensor]]) -> Step:
    """Return a step of a plain loop over batches."""
    optimiser = torch.optim.AdamW(policy.stage_module("planner").parameters(), lr=1e-3)
    generator = generator_for(0, "planner")

    def step() -> None:
        chunk, condition = next(batches)
        loss = policy.loss(chunk, condition, generator)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    return step


def whole_batches(prepared: Prepared, policy: ChunkPolicy, batch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Return batches out of tensors that hold every window."""
    every = torch.arange(len(prepared.windows))
    chunks, conditions = prepared.chunks(every)[0], prepared.conditions(policy, every)
    while True:
        which = torch.randint(len(every), (batch,))
        yield chunks[which], conditions[which]


def loaded_batches(prepared: Prepared, policy: ChunkPolicy, batch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Return batches of a `DataLoader`, again and again."""
    loader = DataLoader(WindowSet(prepared, policy), batch_size=batch, shuffle=True, drop_last=True)
    while True:
        yield from (tuple(pair) for pair in loader)


def pace(step: Step, seconds: float) -> float:
    """Return steps per second."""
    started, steps = time.perf_counter(), 0
    while (passed := time.perf_counter() - started) < seconds:
        step()
        steps += 1
    return steps / passed


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure the three loops in turns; returns samples per second and their ratios."""
    torch.set_num_threads(1)
    link = ChildLink("bench-train", args.hub, args.run_id)
    try:
        mine, plain, loaded = (fresh(args, link) for _ in range(3))
        if len(mine.train_windows) < args.batch:
            raise UsageError("--batch", f"the episodes hold only {len(mine.train_windows)} windows")
        steps: dict[str, Step] = {"ours": our_step(mine)}
        for name, other, batches in (("plain", plain, whole_batches), ("loader", loaded, loaded_batches)):
            assert isinstance(other.policy, ChunkPolicy), "the choices of --policy"
            prepared = Prepared(other.policy, other.train_windows)
            steps[name] = plain_step(other.policy, batches(prepared, other.policy, args.batch))
        for step in steps.values():
            for _ in range(WARM):
                step()
        share = args.seconds / (ROUNDS * len(steps))
        paces: dict[str, list[float]] = {name: [] for name in steps}
        for _ in range(ROUNDS):
            for name, step in steps.items():
                paces[name].append(pace(step, share) * args.batch)
        return summary(args, mine, paces)
    finally:
        link.close()


def summary(args: argparse.Namespace, measured: TrainingRun, paces: dict[str, list[float]]) -> dict[str, Any]:
    """Return the JSON keys; a ratio is the median over the rounds, so that a busy moment hits both sides."""
    ours = paces["ours"]
    return {
        "policy": args.policy, "batch": args.batch, "windows": len(measured.train_windows),
        "parameters": sum(value.numel() for value in measured.policy.parameters()),
        "samples_per_s": round(median(ours), 1), "plain_samples_per_s": round(median(paces["plain"]), 1),
        "loader_samples_per_s": round(median(paces["loader"]), 1),
        "ratio": round(median(a / b for a, b in zip(ours, paces["plain"], strict=True)), 3),
        "ratio_loader": round(median(a / b for a, b in zip(ours, paces["loader"], strict=True)), 3),
    }  # fmt: skip
