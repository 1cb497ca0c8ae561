"""The losses of a run as arrays: fast enough for runs of half a million steps. For the window; free of torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.learning.runs import LOSSES, read_losses

COLUMNS = ("stage", "step", "loss", "val_loss", "lr", "seconds")


def read_curves(run: Path) -> dict[str, np.ndarray]:
    """Return for each stage of `losses.csv` step, loss and validation loss (N, 3), the last NaN before the first.

    Nothing where there is no such file. A last line that is being written, and lines that make no sense, are left out.
    """
    try:
        lines = (run / LOSSES).read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    if not lines or tuple(lines[0].split(",")) != COLUMNS:
        return {}
    if lines[-1].count(",") < len(COLUMNS) - 1:
        lines.pop()
    by_stage: dict[str, list[str]] = {}
    for line in lines[1:]:
        stage, _, numbers = line.partition(",")
        by_stage.setdefault(stage, []).append(numbers)
    try:
        return {stage: _table(rows) for stage, rows in by_stage.items()}
    except ValueError:
        return _slowly(run)


def _table(rows: list[str]) -> np.ndarray:
    return np.loadtxt(rows, delimiter=",", usecols=(0, 1, 2), ndmin=2, comments=None)


def _slowly(run: Path) -> dict[str, np.ndarray]:
    """Return the same line by line, without the lines that cannot be read."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    for row in read_losses(run):
        validation = float("nan") if row.val_loss is None else row.val_loss
        found.setdefault(row.stage, []).append((row.step, row.loss, validation))
    return {stage: np.array(rows, dtype=float).reshape(-1, 3) for stage, rows in found.items()}
