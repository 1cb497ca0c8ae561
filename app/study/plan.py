"""The plan of a study: which cells there are, from which stages they come, and everything that was decided beforehand.

It is written to `plan.json` and `plan.md` before the first rollout. A folder with another plan is refused.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

import msgspec

from app.core.errors import TouchstoneError

PLAN_SCHEMA_VERSION = 1
PLAN, PLAN_TEXT = "plan.json", "plan.md"
OUT, BEST = "{out}", "{best:"
MOST_NAMED = 6

Kind = Literal["collect", "train", "deploy"]
Group = Literal["table", "control"]


class StudyError(TouchstoneError):
    """A study cannot go on as asked."""


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One child process.

    Attributes:
        name: Unique; also the name of its result file.
        role, words: The public command line. `{out}` is the folder of the study, `{best:STAGE}` the demonstration of
            a collect stage with the best score.
        folder: What it writes, relative to the folder of the study.
        needs: Stages that must be finished before.
        seconds: What it is expected to take on one core.
    """

    name: str
    role: Kind
    words: tuple[str, ...]
    folder: str
    needs: tuple[str, ...]
    seconds: float


class Cell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of the table: a method under a condition, over all its training seeds.

    Attributes:
        stages: The deploy stages whose scores it holds; empty if it cannot be run.
        absent: Why it cannot be run; empty if it can.
    """

    task: str
    group: Group
    method: str
    condition: str
    stages: tuple[str, ...]
    absent: str = ""


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that is decided before the first rollout."""

    schema_version: int
    form: str
    software: str
    tasks: tuple[str, ...]
    conditions: tuple[str, ...]
    demonstrations: int
    demonstration_seed: int
    training_steps: int
    training_seeds: tuple[int, ...]
    rollouts: int
    rollout_seed: int
    control_rollouts: int
    cameras: tuple[str, ...]
    rules: tuple[str, ...]
    stages: tuple[Stage, ...]
    cells: tuple[Cell, ...]

    def stage(self, name: str) -> Stage:
        """Return a stage by name."""
        return next(stage for stage in self.stages if stage.name == name)


def replace_file(path: Path, text: str) -> None:
    """Write a file as a whole: after a crash it is the old one or the new one."""
    part = path.with_name(f".{path.name}.part")
    with part.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(part, path)


def differences(mine: Any, theirs: Any, name: str = "") -> list[str]:
    """Return in words where two plans differ, as built-in values; lists of one length are compared item by item."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        keys = dict.fromkeys([*mine, *theirs])
        parts = [
            differences(mine.get(key), theirs.get(key), f"{name}.{key}" if name else key) for key in keys
        ]
        return [words for part in parts for words in part]
    if isinstance(mine, list | tuple) and isinstance(theirs, list | tuple) and len(mine) == len(theirs):
        both = enumerate(zip(mine, theirs, strict=True))
        return [
            words for index, (one, other) in both for words in differences(one, other, f"{name}[{index}]")
        ]
    if isinstance(mine, list | tuple) and isinstance(theirs, list | tuple):
        return [f"{name}: {len(theirs)} there, {len(mine)} asked for"]
    return [] if mine == theirs else [f"{name}: {theirs!r} there, {mine!r} asked for"]


def read_plan(folder: Path) -> Plan | None:
    """Return the plan of a folder, None if it has none.

    Raises:
        StudyError: If it cannot be read.
    """
    path = folder / PLAN
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Plan)
    except (msgspec.DecodeError, OSError, UnicodeDecodeError) as error:
        raise StudyError(
            f"plan {path}", f"it cannot be read ({error})", way_out="Use another --out"
        ) from error


def settle(folder: Path, plan: Plan, text: str) -> None:
    """Write the plan, or see that the folder has the same one.

    Raises:
        StudyError: If the folder has another plan, saying what differs; or if it cannot be written.
    """
    there = read_plan(folder)
    if there is not None:
        found = differences(msgspec.to_builtins(plan), msgspec.to_builtins(there))
        if found:
            more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
            raise StudyError(
                f"study {folder}", f"it has another plan: {'; '.join(found[:MOST_NAMED])}{more}",
                way_out="Go on with the words it was started with, or use another --out",
            )  # fmt: skip
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(folder / PLAN_TEXT, text)
        replace_file(folder / PLAN, msgspec.json.format(msgspec.json.encode(plan), indent=2).decode())
    except OSError as error:
        raise StudyError(
            f"study {folder}", f"it cannot be written ({error.strerror})", way_out="Use another --out"
        ) from error
