"""Starts a run on a Ray cluster and follows it: progress from the run's folder, a stop by a file in it.

Ray Train's `TorchTrainer` starts the workers, joins them for `DistributedDataParallel`, and starts them again after a
failure. Used by `app/learning/train.py`.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from app.core.errors import LearningError, UsageError
from app.core.link.child import ChildLink
from app.learning import checkpoint
from app.learning.cluster.link import STOP
from app.learning.run import TrainingRun
from app.learning.runs import read_losses

ROOT = Path(__file__).resolve().parents[3]
STORAGE = ".ray"  # in the folder of the run: what Ray itself writes down
JOIN_LIMIT_S = 7200  # the others wait while rank 0 makes rollouts


def train_on_ray(training: TrainingRun, args: argparse.Namespace, link: ChildLink) -> dict[str, Any]:
    """Train a run that was prepared here on a cluster; returns its result.

    Raises:
        LearningError: If Ray is missing, the cluster cannot be reached, or the run failed too often.
        UsageError: If a resumed run was started with another number of workers.
    """
    config = training.config
    if args.workers != config.parts:
        raise UsageError(
            "--workers", f"the run was started with {config.parts}", options=[str(config.parts)],
            way_out="Give that number, or resume it without --ray",
        )  # fmt: skip
    ray = connect(args.ray, args.workers)
    try:
        folder = training.folder.absolute()
        (folder / STOP).unlink(missing_ok=True)
        words = {
            "run": str(folder), "config": msgspec.json.encode(config).decode(), "save_every_s": args.save_every,
        }  # fmt: skip
        _follow(_trainer(words, args.workers, args.retries, folder), folder, config.budget.steps, link)
        done = checkpoint.read_config(folder)
        rows = read_losses(folder)
        last = rows[-1] if rows else None
        return {
            "run": str(training.folder), "finished": done.finished, "loss": None if last is None else last.loss,
            "steps": done.step + (done.budget.tokenizer if done.stage == "planner" else 0),
            "workers": args.workers, "episodes": len(done.episodes), "kept": msgspec.to_builtins(done.kept),
        }  # fmt: skip
    finally:
        ray.shutdown()
        (training.folder / STOP).unlink(missing_ok=True)


def connect(address: str, workers: int) -> ModuleType:
    """Return Ray, connected to a cluster; `local` makes one here.

    Raises:
        LearningError: With the way out.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        ray = importlib.import_module("ray")
        importlib.import_module("ray.train.torch")
    except ImportError as error:
        raise LearningError(
            "Ray",
            f"it is not installed here ({error})",
            way_out="pip install 'touchstone[ray]', on every node too",
        ) from error
    variables = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    here = {"num_cpus": workers, "include_dashboard": False} if address == "local" else {}
    try:
        with own_signals():
            ray.init(address=address, runtime_env={"env_vars": variables}, log_to_driver=False, **here)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise LearningError(
            f"Ray cluster {address}", f"it cannot be joined ({str(error).splitlines()[0]})",
            way_out="Give HOST:PORT of a running cluster of this Ray version, `auto`, or `local`",
        ) from error  # fmt: skip
    return ray


@contextmanager
def own_signals() -> Iterator[None]:
    """Put the handlers of SIGTERM and SIGINT back afterwards: a driver of Ray sets its own, which exits at once."""
    ours = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)


def _trainer(words: dict[str, Any], workers: int, retries: int, folder: Path) -> Any:
    train, torch = importlib.import_module("ray.train"), importlib.import_module("ray.train.torch")
    worker = importlib.import_module("app.learning.cluster.worker")
    return torch.TorchTrainer(
        worker.train_worker,
        train_loop_config=words,
        torch_config=torch.TorchConfig(backend="gloo", timeout_s=JOIN_LIMIT_S),
        scaling_config=train.ScalingConfig(num_workers=workers),
        run_config=train.RunConfig(
            name=folder.name, storage_path=str(folder / STORAGE), failure_config=train.FailureConfig(retries)
        ),
    )


def _follow(trainer: Any, folder: Path, steps: int, link: ChildLink) -> None:
    """Wait for the cluster; tells how far it is, and hands a stop on.

    Raises:
        LearningError: In the words of the failure that ended the run.
    """
    failures: list[BaseException] = []

    def fit() -> None:
        try:
            trainer.fit()
        except Exception as error:  # noqa: BLE001 - what Ray raises has no common class below this one
            failures.append(error)

    thread = threading.Thread(target=fit, name="ray-fit", daemon=True)
    thread.start()
    told = 0
    while thread.is_alive():
        asked = any(intent.get("name") == "stop" for intent in link.poll(200))
        if asked or link.stopping:
            (folder / STOP).touch()
        rows = read_losses(folder)
        if len(rows) != told and rows:
            told, row = len(rows), rows[-1]
            link.progress(
                stage=row.stage, step=row.step, steps=steps, loss=row.loss, val_loss=row.val_loss,
                text=f"{row.stage} {row.step}, loss {row.loss:.4f}",
            )  # fmt: skip
    if failures:
        cause = " ".join(str(failures[0]).split())[-300:]
        raise LearningError(
            f"run {folder} on Ray", f"it failed: {cause}", way_out="Go on from its checkpoint with --resume"
        )
