"""Role `bench-load` (typed as `bench load`): how fast training windows come out of recorded episodes.

Counts what a step of a chunk policy takes from the data: the chunk of actions, motion and touch of both observations,
and the pictures where cameras are named. One process, one thread. With `--peer NAME=PYTHON` the loader of robomimic or
LeRobot gets the same episodes (`app.learning.beside`).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from app.core.errors import UsageError
from app.core.link.child import ChildLink
from app.core.project import demonstrations_folder
from app.learning.beside import beside, parse_peers
from app.learning.chance import generator_for
from app.learning.config import CamerasConfig, FlowConfig
from app.learning.data.dataset import Series, Windows, join
from app.learning.data.sources import load_folders, sources_of, with_pictures
from app.learning.policies.build import build_policy
from app.learning.training.optimiser import Optimiser
from app.learning.training.stages import ChunkStage, Prepared, draw, stage_of

WARM_UP = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `bench load`."""
    parser.add_argument("folders", nargs="*", type=Path, metavar="DIR", help="data; the project's by default")
    parser.add_argument("--cameras", default="", metavar="A,B", help="measure with these pictures as well")
    parser.add_argument(
        "--picture", type=int, default=CamerasConfig().size, help="side of the pictures, pixels"
    )
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=5.0, help="about how long each part lasts")
    parser.add_argument(
        "--peer",
        action="append",
        default=[],
        metavar="NAME=PYTHON",
        help="measure robomimic's or LeRobot's loader as well, with a Python that has it; can be repeated",
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure without pictures, and with them where cameras are named.

    Raises:
        UsageError: If the batch or the time is none, or a peer cannot be run.
    """
    if args.batch < 1 or not args.seconds > 0.0:
        raise UsageError("--batch, --seconds", "both have to be above 0")
    torch.set_num_threads(1)
    link = ChildLink("bench", args.hub, args.run_id)
    try:
        folders = args.folders or [demonstrations_folder()]
        result = measure(folders, FlowConfig(), args.batch, args.seconds, "")
        names = tuple(name.strip() for name in args.cameras.split(",") if name.strip())
        if names:
            seeing = FlowConfig(cameras=CamerasConfig(names=names, size=args.picture))
            result |= measure(folders, seeing, args.batch, args.seconds, "pictures_")
        return result | beside(parse_peers(args.peer), folders, names, result, args, link)
    finally:
        link.close()


def measure(
    folders: list[Path], config: FlowConfig, batch: int, seconds: float, prefix: str
) -> dict[str, Any]:
    """Return the keys of one kind of input.

    windows_per_s: Windows gathered per second. windows_per_cpu_s: The same per second of the processor's time, which
    other work on the machine does not change. wait_share: Share of a training step of the default flow network that
    goes into gathering, of the processor's time: nothing is fetched meanwhile, so all of it is waited for.
    open_s, again_s: Time to open the data the first time, and with the pictures decoded already.
    """
    with tempfile.TemporaryDirectory(prefix="touchstone-load-") as scratch:
        series, open_s = _open(folders, config, Path(scratch))
        again_s = _open(folders, config, Path(scratch))[1]
        stage, train, optimiser = _training(series, config, seconds)
        loads = _repeat(lambda step: gather(train, _which(train, batch, step)), seconds)
        steps = _repeat(lambda step: optimiser.step(stage.loss(step), step), seconds)
    (per_load, busy), (per_step, busy_step) = loads, steps
    share = busy * config.optimiser.batch / batch / busy_step
    return {
        f"{prefix}windows": len(train.windows), f"{prefix}windows_per_s": round(batch / per_load, 1),
        f"{prefix}windows_per_cpu_s": round(batch / busy, 1),
        f"{prefix}wait_share": round(min(1.0, share), 4), f"{prefix}step_ms": round(per_step * 1e3, 2),
        f"{prefix}open_s": round(open_s, 2), f"{prefix}again_s": round(again_s, 2),
    }  # fmt: skip


def gather(data: Prepared, which: Tensor) -> tuple[Tensor, ...]:
    """Return everything that a step takes of windows (B,): actions, motion, touch, and pictures where there are."""
    windows = data.windows
    ticks = windows.observation_ticks(which)
    felt = (data.actions(which), windows.series.motion[ticks], data.touch[ticks])
    return felt if windows.series.gallery is None else (*felt, windows.pictures(which))


def _open(folders: list[Path], config: FlowConfig, cache: Path) -> tuple[Series, float]:
    started = time.perf_counter()
    episodes = load_folders(folders, config.grid, 0, config.cameras.names)
    series = join([episode.arrays for episode in episodes])
    whole = with_pictures(series, sources_of(episodes), config.cameras, cache)
    return whole, time.perf_counter() - started


def _training(series: Series, config: FlowConfig, seconds: float) -> tuple[ChunkStage, Prepared, Optimiser]:
    torch.manual_seed(0)
    policy = build_policy(config, series.field.shape[1], series.layout)
    policy.fit(series, torch.arange(len(series)))
    everything = range(int(series.episode.max()) + 1)
    train = Prepared(policy, Windows(series, config.grid, everything, config.cameras))
    stage = stage_of(policy, "planner", train, train, seed=0)
    assert isinstance(stage, ChunkStage), "flow has one stage"
    steps = max(1000, round(1000 * seconds))
    rate = config.optimiser.planner_rate
    return stage, train, Optimiser(list(stage.module.parameters()), rate, steps, config.optimiser)


def _which(data: Prepared, batch: int, step: int) -> Tensor:
    return draw(len(data.windows), batch, generator_for(0, "planner", step))


def _repeat(act: Callable[[int], object], seconds: float) -> tuple[float, float]:
    """Let `act(step)` run for about `seconds`; returns s per call by the clock, and of the processor's time."""
    for step in range(WARM_UP):
        act(step)
    started, busy, count = time.perf_counter(), time.process_time(), 0
    while (took := time.perf_counter() - started) < seconds or count == 0:
        act(WARM_UP + count)
        count += 1
    return took / count, (time.process_time() - busy) / count
