"""The training runs of a folder, as the window lists them: what each is, how far it came, its curves. Without torch."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import msgspec

from app.learning.choosing import DataChoice
from app.learning.config import CHECKPOINT_SCHEMA_VERSION, RunConfig
from app.learning.fields import differences

CONFIG, LOSSES = "config.json", "losses.csv"


class RunRow(msgspec.Struct, frozen=True):
    """One run.

    Attributes:
        name: Name of its folder.
        path: Its folder.
        finished: All stages ran: it can be deployed.
        step, steps: Steps done and steps asked for, of all stages together.
        episodes: How many episodes it learns from.
        changed: When its settings were last written, seconds since the epoch.
        problem: Why it can neither be deployed nor resumed; empty for a sound one.
    """

    name: str
    path: str
    policy: str = ""
    rig: str = ""
    task: str = ""
    finished: bool = False
    step: int = 0
    steps: int = 0
    seed: int = 0
    episodes: int = 0
    changed: float = 0.0
    problem: str = ""

    @property
    def resumable(self) -> bool:
        """Whether `train --resume` can go on with it."""
        return not self.problem and not self.finished

    @property
    def state(self) -> str:
        """How far it came, in words."""
        if self.problem:
            return self.problem
        return "finished" if self.finished else f"stopped at {self.step} of {self.steps}"


class RunChoice(msgspec.Struct, frozen=True):
    """What a person chose for a run, to start another like it.

    Attributes:
        changes: The settings that are not the default.
        data: What was left out. folders: Of the episodes that were learned from, sorted.
    """

    policy: str
    steps: int
    seed: int
    best: str
    patience: int
    changes: dict[str, str]
    data: DataChoice = DataChoice()
    folders: tuple[str, ...] = ()


class LossRow(msgspec.Struct, frozen=True):
    """One line of a run's curves; `val_loss` is None where nothing was measured."""

    stage: str
    step: int
    loss: float
    val_loss: float | None


def list_runs(folder: Path) -> list[RunRow]:
    """Return the runs of a folder, the newest first; folders that hold no trace of a run are left out."""
    if not folder.is_dir():
        return []
    places = [place for place in folder.iterdir() if (place / CONFIG).is_file() or (place / LOSSES).is_file()]
    return sorted((read_run(place) for place in places), key=lambda row: (-row.changed, row.name))


def read_run(folder: Path) -> RunRow:
    """Return one run; a broken one says in `problem` what is wrong."""
    name, path = folder.name, str(folder)
    try:
        data = (folder / CONFIG).read_bytes()
        changed = (folder / CONFIG).stat().st_mtime
        version = msgspec.json.decode(data, type=_Versioned).schema_version
        if version != CHECKPOINT_SCHEMA_VERSION:
            return RunRow(name, path, changed=changed, problem=f"schema version {version} is not known here")
        config = msgspec.json.decode(data, type=RunConfig)
    except FileNotFoundError:
        return RunRow(name, path, problem="it ended before its first checkpoint")
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        return RunRow(name, path, problem=f"{CONFIG} cannot be read ({error})")
    done = config.step + (config.budget.tokenizer if config.stage == "planner" else 0)
    return RunRow(
        name, path, config.policy, config.rig, config.task, config.finished, done, config.budget.steps, config.seed,
        len(config.episodes), changed,
    )  # fmt: skip


def read_choice(folder: Path) -> RunChoice:
    """Return what was chosen for a run that `read_run` found sound."""
    config = msgspec.json.decode((folder / CONFIG).read_bytes(), type=RunConfig)
    folders = sorted({str(Path(source.file).parent.parent) for source in config.episodes})
    return RunChoice(
        config.policy, config.budget.steps, config.seed, config.keep.best, config.keep.patience,
        differences(config.settings, config.policy), config.data.choice, tuple(folders),
    )  # fmt: skip


class _Versioned(msgspec.Struct):
    schema_version: int


def read_losses(run: Path) -> list[LossRow]:
    """Return the curves of a run; empty if there are none. A last line that is being written is left out."""
    try:
        with (run / LOSSES).open(newline="") as stream:
            lines = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error):
        return []
    rows = []
    for line in lines:
        try:
            validation = float(line["val_loss"])
            row = LossRow(
                line["stage"],
                int(line["step"]),
                float(line["loss"]),
                None if math.isnan(validation) else validation,
            )
        except (KeyError, TypeError, ValueError):
            continue
        rows.append(row)
    return rows


def name_problem(folder: Path, name: str) -> str:
    """Return why a new run cannot have this name; empty if it can."""
    if not name:
        return "The run needs a name."
    if name in (".", "..") or any(sign in name for sign in '/\\:*?"<>|\0') or name != name.strip():
        return f"{name!r} cannot be the name of a folder."
    if (folder / name / CONFIG).exists():
        return f"There is a run {name!r} already: choose another name, or resume it."
    return ""
