"""A checkpoint: one folder that holds all that a run is. Written by the trainer, read by the policy process and resume.

config.json            what it is, for which rig and task, from which data (`RunConfig`)
weights.safetensors    the policy to run: averaged weights, normalisers, touch embedding
last.safetensors       the same as it was at the end, where `weights` are an earlier, better state
trainer.safetensors    what an exact resume needs: raw weights, average, optimiser
losses.csv             the curves
comparison/            predicted beside recorded actions, as it was trained (`app.learning.comparing`)
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from app.core.errors import LearningError
from app.learning.bounds import check_bounds
from app.learning.config import CHECKPOINT_SCHEMA_VERSION, MARKER_VALUES, RunConfig
from app.learning.policies import POLICIES
from app.learning.policies.build import Policy, build_policy

MAX_CONFIG_BYTES, MAX_WEIGHTS_BYTES = 256 << 20, 8 << 30
CONFIG, WEIGHTS, TRAINER, LOSSES = "config.json", "weights.safetensors", "trainer.safetensors", "losses.csv"
LAST = "last.safetensors"


def replace_file(path: Path, data: bytes) -> None:
    """Write a file as a whole."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(part, path)


def _replace_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    part = path.with_name(f".{path.name}.part")
    save_file({name: value.detach().contiguous() for name, value in tensors.items()}, part)
    os.replace(part, path)


def write_run(run: Path, config: RunConfig, weights: dict[str, Tensor], trainer: dict[str, Tensor]) -> None:
    """Write a checkpoint, each file as a whole; a finished run needs no `trainer` and loses an older one."""
    run.mkdir(parents=True, exist_ok=True)
    if trainer:
        _replace_tensors(run / TRAINER, trainer)
    _replace_tensors(run / WEIGHTS, weights)
    replace_file(run / CONFIG, msgspec.json.format(msgspec.json.encode(config), indent=2))
    if not trainer:
        (run / TRAINER).unlink(missing_ok=True)


def write_last(run: Path, weights: dict[str, Tensor]) -> None:
    """Write the weights of the end of a run beside those that were kept."""
    _replace_tensors(run / LAST, weights)


def read_trainer(run: Path) -> dict[str, Tensor]:
    """Return what an exact resume needs.

    Raises:
        LearningError: If the file is missing or broken.
    """
    return _read_tensors(run / TRAINER)


def read_config(run: Path) -> RunConfig:
    """Return a run's settings.

    Raises:
        LearningError: If there is none, or it is broken, of another schema version, or of an unknown policy.
    """
    path = run / CONFIG
    if not path.is_file():
        raise LearningError(
            f"checkpoint {run}",
            f"it has no {CONFIG}",
            way_out="Give a folder that `train --out` wrote",
        )
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise LearningError(f"checkpoint {run}", f"{CONFIG} has more than {MAX_CONFIG_BYTES >> 20} MiB")
        version = msgspec.json.decode(path.read_bytes(), type=_Versioned).schema_version
        if version != CHECKPOINT_SCHEMA_VERSION:
            raise LearningError(
                f"checkpoint {run}", f"its schema version is {version}", options=[str(CHECKPOINT_SCHEMA_VERSION)],
                way_out="Train it again, or open it with the Touchstone version that wrote it",
            )  # fmt: skip
        config = msgspec.json.decode(path.read_bytes(), type=RunConfig)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OSError) as error:
        raise LearningError(
            f"checkpoint {run}", f"{CONFIG} cannot be read ({error})", way_out="Train it again"
        ) from error
    if config.policy not in POLICIES:
        raise LearningError(f"checkpoint {run}", f"its policy {config.policy!r} is unknown", options=POLICIES)
    check_bounds(config, f"checkpoint {run}")
    return config


class _Versioned(msgspec.Struct):
    schema_version: int


def load_policy(run: Path, config: RunConfig, last: bool = False) -> Policy:
    """Return the policy of a run, ready to act: with the weights that were kept, or with the last ones.

    Raises:
        LearningError: If its weights are missing, broken, of another shape, or not finite.
    """
    if not config.finished:
        raise LearningError(
            f"checkpoint {run}", f"its training was stopped in the {config.stage} stage, at step {config.step}",
            way_out="Finish it with `python main.py train … --resume`",
        )  # fmt: skip
    policy = build_policy(config.settings, config.markers * MARKER_VALUES, config.layout)
    path = run / LAST if last and (run / LAST).is_file() else run / WEIGHTS
    fill(policy, _read_tensors(path), str(path))
    policy.requires_grad_(False)
    return policy.eval()


def fill(policy: Policy, tensors: dict[str, Tensor], name: str) -> None:
    """Load a state into a policy.

    Raises:
        LearningError: If names or shapes do not fit, or a number is not finite.
    """
    for key, value in tensors.items():
        if not bool(torch.isfinite(value).all()):
            raise LearningError(
                f"weights {name}", f"{key} holds numbers that are not finite", way_out="Train it again"
            )
    try:
        policy.load_state_dict(tensors)
    except RuntimeError as error:
        cause = " ".join(str(error).split())[:200]
        raise LearningError(
            f"weights {name}", f"they do not fit {CONFIG} ({cause})", way_out="Train it again"
        ) from error


def _read_tensors(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise LearningError(
            f"checkpoint {path.parent}", f"it has no {path.name}", options=[CONFIG, WEIGHTS, TRAINER],
            way_out="Copy the whole folder, or train it again",
        )  # fmt: skip
    try:
        if path.stat().st_size > MAX_WEIGHTS_BYTES:
            raise LearningError(f"weights {path}", f"the file has more than {MAX_WEIGHTS_BYTES >> 30} GiB")
        return load_file(path)
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        raise LearningError(
            f"weights {path}", f"the file is broken ({error})", way_out="Train it again"
        ) from error


def require_rig(run: Path, config: RunConfig, rig: str, task: str, markers: int) -> None:
    """Refuse a rig that the policy was not trained on.

    Raises:
        LearningError: Naming both sides.
    """
    trained = f"rig {config.rig!r}, task {config.task!r}, {config.markers} touch markers"
    if (config.rig, config.task, config.markers) != (rig, task, markers):
        raise LearningError(
            f"checkpoint {run}",
            f"it was trained on {trained}; this is rig {rig!r}, task {task!r}, {markers} touch markers",
            way_out=f"Deploy it on {config.rig!r}, or train a policy on recordings of {rig!r}",
        )  # fmt: skip
