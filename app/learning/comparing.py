"""What a policy would do beside what was recorded, as files of a run: written while it trains, drawn by the window.

`comparison/STAGE-STEP.json` holds one episode, by preference a held-out one, in chunks end to end. Each chunk is drawn
from the recorded observation at its start and is not corrected until it ends (open loop). Free of torch.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec

FOLDER = "comparison"
MAX_BYTES = 32 << 20
_NAME = re.compile(r"(tokenizer|planner)-(\d{1,12})\.json")


class ComparedChunk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One chunk of actions.

    Attributes:
        start: Its first tick, counted from the start of the episode.
        recorded, predicted: Actions (ticks, dimensions) in their own units; ticks past the end are left out.
    """

    start: int
    recorded: tuple[tuple[float, ...], ...]
    predicted: tuple[tuple[float, ...], ...]


class Comparison(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Predicted and recorded actions of one episode after `step` steps of a stage.

    Attributes:
        episode: Its uuid. held_out: Whether it is none of those that are trained on.
        names: Of the action's dimensions, in order.
        period_ns: Length of a tick.
        errors: For each dimension the root mean square difference, in standard deviations of the training data; None
            for one that never varies there.
        chunks: In the order of time.
    """

    stage: str
    step: int
    episode: str
    held_out: bool
    names: tuple[str, ...]
    period_ns: int
    errors: tuple[float | None, ...]
    chunks: tuple[ComparedChunk, ...]

    def problem(self) -> str:
        """Return what does not fit together; empty for a sound one."""
        width = len(self.names)
        if width == 0 or self.period_ns <= 0 or len(self.errors) != width:
            return "names, errors and period do not fit"
        for chunk in self.chunks:
            if len(chunk.recorded) != len(chunk.predicted) or chunk.start < 0:
                return "a chunk has sides of unlike length"
            if any(len(row) != width for row in (*chunk.recorded, *chunk.predicted)):
                return "an action has another number of dimensions than names"
        return ""


def place_of(run: Path, stage: str, step: int) -> Path:
    """Return the file of one comparison."""
    return run / FOLDER / f"{stage}-{step:09d}.json"


def list_comparisons(run: Path, stages: tuple[str, ...]) -> list[tuple[str, int]]:
    """Return stage and step of all comparisons of a run, in the order in which they were made.

    Args:
        stages: Names of the stages, in order; of others nothing is listed.
    """
    try:
        matches = [_NAME.fullmatch(entry.name) for entry in (run / FOLDER).iterdir()]
    except OSError:
        return []
    found = [(match[1], int(match[2])) for match in matches if match is not None and match[1] in stages]
    return sorted(found, key=lambda entry: (stages.index(entry[0]), entry[1]))


def read_comparison(run: Path, stage: str, step: int) -> Comparison | None:
    """Return a comparison; None for one that is missing, broken or does not fit together."""
    path = place_of(run, stage, step)
    try:
        if path.stat().st_size > MAX_BYTES:
            return None
        found = msgspec.json.decode(path.read_bytes(), type=Comparison)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return None if found.problem() else found


def write_comparison(run: Path, comparison: Comparison) -> None:
    """Write a comparison as a whole."""
    path = place_of(run, comparison.stage, comparison.step)
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(msgspec.json.encode(comparison))
    os.replace(part, path)


def forget_after(run: Path, stages: tuple[str, ...], stage: str, step: int) -> None:
    """Remove the comparisons that were made after `step` of `stage`: a resumed run makes them again."""
    for entry in list_comparisons(run, stages):
        if (stages.index(entry[0]), entry[1]) > (stages.index(stage), step):
            place_of(run, *entry).unlink(missing_ok=True)
