"""What must be true before a policy may drive, line by line. Used by the window; Qt-free."""

from __future__ import annotations

import shutil
from enum import StrEnum
from pathlib import Path

import msgspec

from app.learning.runs import RunRow

WEIGHTS = "weights.safetensors"
LEAST_FREE_BYTES = 1_000_000_000
GIGABYTE = 1e9


class Verdict(StrEnum):
    """How a line of the preflight went; `STOP` keeps the policy from driving."""

    GOOD = "good"
    NOTE = "note"
    STOP = "stop"


class Line(msgspec.Struct, frozen=True):
    """One line: what was looked at, how it is, and what to do about it."""

    name: str
    verdict: Verdict
    words: str


def preflight(run: RunRow | None, rig: str, rig_up: bool, owner: str, folder: Path) -> list[Line]:
    """Return the lines of the preflight, in the order in which a person would see to them.

    Args:
        run: The chosen run, None if there is none.
        rig: Name of the window's rig.
        rig_up: Whether it is served.
        owner: Which workspace moves the arm now ("" for none).
        folder: Where the rollouts will be recorded.
    """
    return [_checkpoint(run), _same_rig(run, rig), _served(rig, rig_up), _arm(owner), _disk(folder)]


def hindrance(lines: list[Line]) -> str:
    """Return why the policy may not drive, empty if it may."""
    return next((line.words for line in lines if line.verdict is Verdict.STOP), "")


def _checkpoint(run: RunRow | None) -> Line:
    name = "Checkpoint"
    if run is None:
        return Line(name, Verdict.STOP, "There is no run to deploy: train one in Train (Ctrl+4).")
    if run.problem:
        return Line(name, Verdict.STOP, f"{run.name} cannot be used: {run.problem}.")
    if not run.finished:
        return Line(name, Verdict.STOP, f"{run.name} was {run.state}: resume it in Train (Ctrl+4).")
    if not (Path(run.path) / WEIGHTS).is_file():
        return Line(
            name, Verdict.STOP, f"{run.name} lacks {WEIGHTS}: copy the whole folder, or train it again."
        )
    return Line(name, Verdict.GOOD, f"{run.steps} steps, {run.episodes} episodes")


def _same_rig(run: RunRow | None, rig: str) -> Line:
    name = "Same rig"
    if run is None or not run.rig:
        return Line(name, Verdict.NOTE, "not known yet")
    if run.rig != rig:
        return Line(
            name, Verdict.STOP, f"It was trained on {run.rig}; this window has {rig}: choose another run."
        )
    return Line(name, Verdict.GOOD, f"trained on {rig}")


def _served(rig: str, rig_up: bool) -> Line:
    if rig_up:
        return Line("Rig", Verdict.GOOD, f"{rig} is served")
    return Line("Rig", Verdict.NOTE, f"{rig} is not served: Go starts it")


def _arm(owner: str) -> Line:
    if owner in ("", "deploy"):
        return Line("Arm", Verdict.GOOD, "nobody else moves it")
    return Line("Arm", Verdict.NOTE, f"{owner.capitalize()} has it: Go ends that first")


def _disk(folder: Path) -> Line:
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Line(
            "Disk", Verdict.STOP, f"{folder} cannot be used ({error.strerror}): choose another project."
        )
    if free < LEAST_FREE_BYTES:
        return Line(
            "Disk", Verdict.STOP, f"Only {free / GIGABYTE:.1f} GB are free at {folder}: make room first."
        )
    return Line("Disk", Verdict.GOOD, f"{free / GIGABYTE:.0f} GB free")
