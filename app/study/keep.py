"""What a stage gave, on disk: one JSON file per finished stage, written as a whole. Read again when a study goes on."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec

from app.core.link.hub import MAIN
from app.study.plan import StudyError, replace_file

RESULTS = "results"
CODE = ("app", "devices", "recorders")


class Outcome(msgspec.Struct, frozen=True):
    """Result of one stage.

    Attributes:
        result: The JSON keys that the role gave.
        seconds: What it took, from start to end of its process (of the last one, if it was interrupted).
        program: Digest of the program that ran it.
        error: Why it failed; empty if it did not. A failed stage is tried again by the next run.
    """

    stage: str
    result: dict[str, Any]
    seconds: float
    program: str
    error: str = ""


def program_digest(root: Path = MAIN.parent) -> str:
    """Return 12 hexadecimal digits that change with any line of the program."""
    value = hashlib.sha256()
    for path in sorted(path for name in CODE for path in (root / name).rglob("*.py")):
        value.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return value.hexdigest()[:12]


def store(folder: Path, outcome: Outcome) -> None:
    """Write an outcome."""
    (folder / RESULTS).mkdir(parents=True, exist_ok=True)
    text = msgspec.json.format(msgspec.json.encode(outcome), indent=2).decode()
    replace_file(folder / RESULTS / f"{outcome.stage}.json", text)


def read_all(folder: Path) -> dict[str, Outcome]:
    """Return the outcomes of a study by stage, failed ones included.

    Raises:
        StudyError: If one cannot be read.
    """
    found = {}
    for path in sorted((folder / RESULTS).glob("*.json")):
        try:
            outcome = msgspec.json.decode(path.read_bytes(), type=Outcome)
        except (msgspec.DecodeError, UnicodeDecodeError, OSError) as error:
            raise StudyError(
                f"result {path}", f"it cannot be read ({error})", way_out="Remove it; its stage is run again"
            ) from error
        found[outcome.stage] = outcome
    return found


def is_finished_run(folder: Path) -> bool | None:
    """Return whether a training run is finished; None if there is no run that could be resumed."""
    try:
        config = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError):
        return None
    return bool(config.get("finished")) if isinstance(config, dict) else None
