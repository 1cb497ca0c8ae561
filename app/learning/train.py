"""Role `train`: train a policy on the kept successes of one or more data folders."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec
import torch

from app.core.errors import LearningError, UsageError
from app.core.link.child import VERSION, ChildLink
from app.core.priority import yield_to_control
from app.core.project import demonstrations_folder, runs_folder
from app.learning import checkpoint
from app.learning.bounds import MOST_PARTS, check_settings
from app.learning.choosing import DataChoice, DataReport
from app.learning.cluster.driver import train_on_ray
from app.learning.config import (
    CHECKPOINT_SCHEMA_VERSION,
    Budget,
    CamerasConfig,
    OptimiserConfig,
    PolicyConfig,
    RunConfig,
    TouchConfig,
)
from app.learning.data import features
from app.learning.data.dataset import Series, join
from app.learning.data.sources import Loaded, choose, load_again, load_folders, sources_of, with_pictures
from app.learning.estimate import measure
from app.learning.fields import KINDS, parse_changes, with_changes
from app.learning.keeping import MEASURES, KeepConfig
from app.learning.layout import ONE_ARM
from app.learning.policies import POLICIES
from app.learning.policies.rdp.policy import RdpPolicy
from app.learning.policies.rdp.sensitivity import touch_response, touch_share
from app.learning.run import TrainingRun
from app.learning.training.progress import SAVE_EVERY_S
from app.learning.training.rollouts import require_simulated
from recorders.labels import left_out

DEFAULT_STEPS = 6000
TOUCH = {"both": (True, True), "wrench": (True, False), "field": (False, True), "none": (False, False)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `train`."""
    parser.add_argument(
        "folders",
        nargs="*",
        type=Path,
        metavar="DIR",
        help="data folders; the project's demonstrations by default",
    )
    parser.add_argument("--policy", default="rdp", choices=POLICIES)
    parser.add_argument(
        "--steps", type=int, default=None, help=f"of both stages together (default {DEFAULT_STEPS})"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=None, metavar="RUN", help="folder of the run")
    parser.add_argument(
        "--resume", action="store_true", help="go on with the run in --out, with its own settings"
    )
    parser.add_argument(
        "--actions", default="applied", choices=("applied", "commanded"), help="what is imitated"
    )
    add_choosing(parser)
    add_keeping(parser)
    add_cluster(parser)
    parser.add_argument(
        "--estimate", action="store_true", help="train some steps only, and tell how long the run would take"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="any setting of the policy"
    )
    parser.add_argument("--batch", type=int, default=OptimiserConfig().batch)
    parser.add_argument(
        "--tokenizer-share", type=float, default=Budget(1).tokenizer_share, help="of the steps"
    )
    parser.add_argument(
        "--touch",
        default="both",
        choices=tuple(TOUCH),
        help="which part of touch the policy sees (default both)",
    )
    parser.add_argument(
        "--touch-dropout", type=float, default=0.0, help="share of windows trained without touch"
    )
    cameras = CamerasConfig()
    parser.add_argument(
        "--cameras",
        default="",
        metavar="A,B",
        help="cameras that the policy sees, with commas between; none by default",
    )
    parser.add_argument(
        "--picture", type=int, default=cameras.size, help="side of the pictures it sees, pixels"
    )
    parser.add_argument(
        "--encoder", default=cameras.encoder, choices=("compact", "resnet18"), help="of the pictures"
    )
    parser.add_argument(
        "--picture-dropout", type=float, default=0.0, help="share of windows trained without pictures"
    )


def add_choosing(parser: argparse.ArgumentParser) -> None:
    """Arguments that say which kept successes are left out."""
    parser.add_argument(
        "--without",
        default="",
        metavar="A,B",
        help="leave out episodes with flags of these kinds (gap, stalled, stuck, and those of `quality`)",
    )
    parser.add_argument(
        "--least-score", type=float, default=None, help="leave out episodes with a smaller score, or none"
    )


def add_cluster(parser: argparse.ArgumentParser) -> None:
    """Arguments that say where the run is computed, and how often it is saved."""
    parser.add_argument(
        "--ray",
        default=None,
        metavar="ADDRESS",
        help="train on a Ray cluster; `local` makes one on this machine. Its nodes see data and run at the same paths",
    )
    parser.add_argument(
        "--workers", type=int, default=2, help="of the cluster; each takes its part of a batch"
    )
    parser.add_argument(
        "--retries", type=int, default=3, help="how often the cluster goes on after a failure"
    )
    parser.add_argument(
        "--save-every", type=float, default=SAVE_EVERY_S, metavar="S", help="seconds between checkpoints"
    )


def data_choice(args: argparse.Namespace) -> DataChoice:
    """Return what is to be left out of the data."""
    kinds = tuple(kind.strip() for kind in args.without.split(",") if kind.strip())
    return DataChoice(kinds, args.least_score)


def add_keeping(parser: argparse.ArgumentParser) -> None:
    """Arguments that say which weights are kept."""
    keep = KeepConfig()
    parser.add_argument(
        "--best",
        default=keep.best,
        choices=MEASURES,
        help="weights to keep: the last, those of the lowest validation loss, or of the best rollouts",
    )
    parser.add_argument(
        "--patience",
        type=int,
        default=keep.patience,
        help="measurements without a better one after which a stage ends; 0: never",
    )
    parser.add_argument("--rollouts", type=int, default=keep.rollouts, help="of one measurement")


def check(args: argparse.Namespace) -> None:
    """Refuse arguments that make no sense.

    Raises:
        UsageError: With the way out.
    """
    if args.resume and args.out is None:
        raise UsageError("--resume", "it needs --out RUN, the run to go on with")
    if args.steps is not None and args.steps < 2:
        raise UsageError("--steps", f"{args.steps} is too few for two stages", options=["2 or more"])
    if not 1 <= args.workers <= MOST_PARTS or args.retries < 0 or not args.save_every > 0.0:
        raise UsageError("--workers, --retries, --save-every", "there are no such numbers of them")
    if args.ray is not None and args.batch % args.workers and not args.resume:
        raise UsageError(
            "--workers", f"{args.workers} workers cannot share a batch of {args.batch} equally",
            way_out="Choose a --batch that their number divides",
        )  # fmt: skip
    if args.patience < 0 or args.rollouts < 1:
        raise UsageError("--patience, --rollouts", "these are no counts", options=["0 or more", "1 or more"])
    if args.patience > 0 and args.best == "last":
        raise UsageError("--patience", "it needs a measure", options=["--best loss", "--best rollout"])
    if args.batch < 1:
        raise UsageError("--batch", f"{args.batch} is no batch size", options=["1 or more"])
    if not 0.0 < args.tokenizer_share < 1.0:
        raise UsageError(
            "--tokenizer-share", f"{args.tokenizer_share} is no share", options=["between 0 and 1"]
        )
    if not 0.0 <= args.touch_dropout < 1.0:
        raise UsageError("--touch-dropout", f"{args.touch_dropout} is no share", options=["0 up to below 1"])
    if not 0.0 <= args.picture_dropout < 1.0:
        raise UsageError(
            "--picture-dropout", f"{args.picture_dropout} is no share", options=["0 up to below 1"]
        )


def policy_settings(args: argparse.Namespace) -> PolicyConfig:
    """Return the settings of the policy that is asked for.

    Raises:
        LearningError: If they are out of bounds or do not fit each other.
    """
    chosen = KINDS[args.policy](
        grid=msgspec.structs.replace(KINDS[args.policy]().grid, actions=args.actions),
        touch=TouchConfig(dropout=args.touch_dropout, wrench=TOUCH[args.touch][0], field=TOUCH[args.touch][1]),
        optimiser=OptimiserConfig(batch=args.batch),
        cameras=CamerasConfig(
            names=tuple(name.strip() for name in args.cameras.split(",")) if args.cameras else (),
            size=args.picture, encoder=args.encoder, dropout=args.picture_dropout,
        ),
    )  # fmt: skip
    chosen = with_changes(chosen, args.policy, parse_changes(args.set))
    check_settings(chosen, f"policy {args.policy}")
    return chosen


def settings(args: argparse.Namespace, episodes: list[Loaded], report: DataReport) -> RunConfig:
    """Return the settings of a new run; `report` says what became of the episodes that it does not learn from."""
    policy = policy_settings(args)
    share = args.tokenizer_share if args.policy == "rdp" else 0.0
    layout = episodes[0].arrays.layout
    plain = RunConfig(
        schema_version=CHECKPOINT_SCHEMA_VERSION, policy=args.policy, rig=episodes[0].rig, task=episodes[0].task,
        markers=episodes[0].markers, rdp=None,
        budget=Budget(DEFAULT_STEPS if args.steps is None else args.steps, share), seed=args.seed,
        features=(*features.motion_names(layout), *features.touch_names(policy.touch.components, layout)),
        episodes=sources_of(episodes), streams=msgspec.UNSET if layout == ONE_ARM else layout,
        software=VERSION, keep=KeepConfig(args.best, args.patience, args.rollouts), data=report,
        parts=1 if args.ray is None else args.workers,
    )  # fmt: skip
    chosen: dict[str, Any] = {args.policy: policy, "stage": plain.stages[0]}
    return msgspec.structs.replace(plain, **chosen)


def new_run(args: argparse.Namespace, folder: Path, link: ChildLink) -> TrainingRun:
    """Return a run that starts from nothing.

    Raises:
        LearningError: If the folder holds a run already.
    """
    if (folder / checkpoint.CONFIG).exists():
        raise LearningError(
            f"run {folder}",
            "the folder holds a run already",
            way_out="Add --resume, or name another folder with --out",
        )
    policy = policy_settings(args)
    folders = args.folders or [demonstrations_folder()]
    choice = data_choice(args)
    episodes = load_folders(folders, policy.grid, args.seed, policy.cameras.names, choice)
    report = choose(folders, choice)[1]
    if report.left_out:
        link.notice(f"left out by choice: {len(report.left_out)} of {len(report.left_out) + len(episodes)}")
    for words in (words for data in folders for words in left_out(data)):
        link.notice(words, "warning")
    if args.best == "rollout":
        require_simulated(episodes[0].rig)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LearningError(
            f"run {folder}", f"the folder cannot be written ({error.strerror})",
            way_out="Name another folder with --out, or make this one writable",
        ) from error  # fmt: skip
    return TrainingRun(
        folder,
        settings(args, episodes, report),
        series_of(episodes, policy, folder),
        link,
        quiet=args.hub is None,
        save_every_s=args.save_every,
    )


def estimate(training: TrainingRun) -> dict[str, Any]:
    """Return what a run would cost; it is spoiled by this."""
    budget, config = training.config.budget, training.config
    stages = {
        name: budget.tokenizer if name == "tokenizer" else budget.planner for name in training.config.stages
    }
    windows = (training.train_windows, training.held_windows)
    return measure(training.policy, training.settings, *windows, stages, config.seed)


def series_of(episodes: list[Loaded], policy: PolicyConfig, folder: Path) -> Series:
    """Return the episodes end to end, with the pictures that the policy sees."""
    series = join([episode.arrays for episode in episodes])
    return with_pictures(series, sources_of(episodes), policy.cameras, folder.absolute().parent)


def resumed_run(args: argparse.Namespace, folder: Path, link: ChildLink) -> TrainingRun:
    """Return a run that goes on where it was stopped, with the settings and episodes it was started with.

    Raises:
        LearningError: If it is finished, or its files are not what they were.
        UsageError: If another number of steps is asked for.
    """
    config = checkpoint.read_config(folder)
    if config.finished:
        raise LearningError(f"run {folder}", "it is finished", way_out="Start a new run with another --out")
    if args.steps is not None and args.steps != config.budget.steps:
        raise UsageError(
            "--steps", f"the run was started for {config.budget.steps} steps, and its schedule depends on that",
            way_out="Leave --steps out, or start a new run",
        )  # fmt: skip
    episodes = load_again(config)
    series = series_of(episodes, config.settings, folder)
    saved = checkpoint.read_trainer(folder)
    return TrainingRun(folder, config, series, link, args.hub is None, saved, save_every_s=args.save_every)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Train; returns the run's folder, steps and losses."""
    check(args)
    torch.set_num_threads(1)
    yield_to_control()
    link = ChildLink("train", args.hub, args.run_id)
    started = time.monotonic()
    try:
        if args.estimate:
            with tempfile.TemporaryDirectory(prefix="touchstone-estimate-") as scratch:
                result = estimate(new_run(args, Path(scratch) / "run", link))
            link.send("result", **result)
            return result
        folder = args.out or runs_folder() / time.strftime(f"{args.policy}-%Y%m%d-%H%M%S")
        training = resumed_run(args, folder, link) if args.resume else new_run(args, folder, link)
        config = training.config
        link.ready(run=str(folder), episodes=len(config.episodes), windows=len(training.train_windows))
        if args.ray is not None:
            result = train_on_ray(training, args, link)
            link.send("result", **msgspec.to_builtins(result))
            return result
        finished = training.run()
        result = {"run": str(folder), **training.result(), "episodes": len(config.episodes)}
        if finished and isinstance(training.policy, RdpPolicy):
            result["touch_response"] = touch_response(training.policy, training.series)
            result["touch_share"] = touch_share(training.policy, training.series)
        result["seconds"] = round(time.monotonic() - started, 1)
        link.send("result", **msgspec.to_builtins(result))
        return result
    finally:
        link.close()
