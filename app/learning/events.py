"""Role `tensorboard`: write the curves of runs as event files that TensorBoard opens. Free of torch.

The package tensorboardX writes them (extra `tensorboard`): TensorBoard's own writer comes with a server of its own.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from app.core.errors import LearningError, UsageError
from app.learning.comparing import list_comparisons, read_comparison
from app.learning.runs import CONFIG, LOSSES, RunRow, read_run

STAGES = ("tokenizer", "planner")
# column of the curves: how its tag begins
TAGS = {"loss": "loss", "val_loss": "validation_loss", "lr": "learning_rate"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tensorboard`."""
    parser.add_argument(
        "runs", type=Path, nargs="+", metavar="RUN", help="folders of runs, also of one that trains"
    )
    parser.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help="one folder per run is made in it"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Write; returns for each run its folder and how many values there are."""
    return {"runs": write_runs(args.runs, args.out), "open": f"tensorboard --logdir {args.out}"}


def write_runs(runs: list[Path], out: Path) -> dict[str, dict[str, Any]]:
    """Write the event files of runs; returns for each name folder and number of values.

    Raises:
        UsageError: If two runs have one name, or the folder of one is there already.
        LearningError: If a folder is no run, or tensorboardX is not installed.
    """
    writer = _writer()
    names = [run.resolve().name for run in runs]
    for run, name in zip(runs, names, strict=True):
        if names.count(name) > 1:
            raise UsageError(
                f"run {run}", f"another one is named {name} too", way_out="Write them to two folders"
            )
        if (out / name).exists():
            raise UsageError(f"--out {out}", f"{out / name} exists already", way_out="Choose another folder")
        if not (run / LOSSES).is_file():
            raise LearningError(
                f"run {run}", f"there is no {LOSSES} in it", way_out="Give the folder of a run"
            )
    rows = [read_run(run.resolve()) for run in runs]
    return {
        row.name: {"folder": str(out / row.name), "values": _write(writer, row, out / row.name)}
        for row in rows
    }


def _writer() -> Any:
    try:
        return importlib.import_module("tensorboardX").SummaryWriter
    except ImportError as error:
        raise LearningError(
            "event files of TensorBoard", f"the package tensorboardX is not installed ({error})",
            way_out='Install it with `.venv/bin/pip install ".[tensorboard]"`',
        ) from error  # fmt: skip


def _write(writer: Any, row: RunRow, folder: Path) -> int:
    run, values = Path(row.path), 0
    lines = list(_lines(run))
    # counted back from the last line, as if the run had not been interrupted
    began_s = (run / LOSSES).stat().st_mtime - max((line["seconds"] for _, line in lines), default=0.0)
    with writer(logdir=str(folder)) as events:
        events.add_text("settings", _settings(run), 0, walltime=began_s)
        for stage, line in lines:
            for column, tag in TAGS.items():
                if math.isfinite(line[column]):
                    at_s = began_s + line["seconds"]
                    events.add_scalar(f"{tag}/{stage}", line[column], int(line["step"]), walltime=at_s)
                    values += 1
        values += _write_comparisons(events, run)
    return values


def _lines(run: Path) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield stage and numbers of each line of the curves; lines that make no sense are left out.

    In the file each stage, and what was resumed, begins its seconds anew; here they go on.
    """
    before_s = last_s = 0.0
    with (run / LOSSES).open(newline="", errors="replace") as stream:
        for line in csv.DictReader(stream):
            try:
                numbers = {name: float(line[name]) for name in (*TAGS, "step", "seconds")}
            except (KeyError, TypeError, ValueError):
                continue  # the last one of a run that trains may be half written
            if numbers["seconds"] < last_s:
                before_s += last_s
            last_s = numbers["seconds"]
            yield line["stage"], {**numbers, "seconds": before_s + last_s}


def _write_comparisons(events: Any, run: Path) -> int:
    """Write how far predicted actions are from recorded ones, by dimension, in deviations of the training data."""
    values = 0
    for stage, step in list_comparisons(run, STAGES):
        found = read_comparison(run, stage, step)
        if found is None:
            continue
        for name, error in zip(found.names, found.errors, strict=True):
            if error is not None:
                events.add_scalar(f"action_error_{stage}/{name}", error, step)
                values += 1
    return values


def _settings(run: Path) -> str:
    """Return the settings of a run as text that TensorBoard shows as it is."""
    try:
        text = msgspec.json.format((run / CONFIG).read_bytes(), indent=2).decode()
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return "The settings of this run cannot be read."
    return "".join(f"    {line}\n" for line in text.splitlines())
