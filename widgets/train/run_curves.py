"""The curves of one run in memory: read from its folder, or growing while it trains. Used by the workspace Train."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.learning.config import STAGES
from app.learning.curves import read_curves
from app.learning.runs import LOSSES, LossRow

LEAST = 1e-9
FIRST_ROOM = 256


class Trace:
    """Points (step, value) in the order of steps, in an array that grows by doubling."""

    def __init__(self, points: np.ndarray | None = None) -> None:
        self._room = np.empty((FIRST_ROOM, 2)) if points is None else np.array(points, dtype=float)
        self._count = 0 if points is None else len(points)

    def __len__(self) -> int:
        return self._count

    @property
    def x(self) -> np.ndarray:
        """Steps (N,)."""
        return self._room[: self._count, 0]

    @property
    def y(self) -> np.ndarray:
        """Values (N,)."""
        return self._room[: self._count, 1]

    def add(self, step: float, value: float) -> None:
        """Append a point."""
        if self._count == len(self._room):
            self._room = np.concatenate([self._room, np.empty((max(FIRST_ROOM, self._count), 2))])
        self._room[self._count] = step, value
        self._count += 1

    def cut(self, step: float) -> None:
        """Drop the points of `step` and later."""
        self._count = int(np.searchsorted(self.x, step))


class RunCurves:
    """Training and validation losses of each stage.

    Args:
        policy: Name of its policy, which says what stages it has.
        stages: Losses (N, 3) by stage, as `read_curves` returns them.
    """

    def __init__(self, name: str, policy: str = "rdp", stages: dict[str, np.ndarray] | None = None) -> None:
        self.name = name
        self.stages = STAGES if policy == "rdp" else STAGES[1:]
        known = stages or {}
        empty = np.empty((0, 3))
        self._train = {stage: Trace(train_points(known.get(stage, empty))) for stage in STAGES}
        self._valid = {stage: Trace(valid_points(known.get(stage, empty))) for stage in STAGES}

    def add(self, row: LossRow) -> None:
        """Append a row; of an unknown stage it is left out, of an old step it replaces what came later."""
        if row.stage not in self._train:
            return
        train, valid = self._train[row.stage], self._valid[row.stage]
        if len(train) and train.x[-1] >= row.step:
            train.cut(row.step)
            valid.cut(row.step)
        if row.loss > 0:
            train.add(row.step, max(row.loss, LEAST))
        measured = row.val_loss is not None and row.val_loss > 0
        if measured and row.val_loss is not None and (not len(valid) or valid.y[-1] != row.val_loss):
            valid.add(row.step, max(row.val_loss, LEAST))

    def train(self, stage: str) -> tuple[np.ndarray, np.ndarray]:
        """Return steps and training losses of a stage."""
        return self._train[stage].x, self._train[stage].y

    def validation(self, stage: str) -> tuple[np.ndarray, np.ndarray]:
        """Return steps and validation losses of a stage, each measurement once."""
        return self._valid[stage].x, self._valid[stage].y

    def newest(self) -> tuple[float | None, float | None]:
        """Return the newest training and validation loss of the stage that came last; None where there is none."""
        stage = next((stage for stage in reversed(STAGES) if len(self._train[stage])), STAGES[0])
        traces = (self._train[stage], self._valid[stage])
        train, valid = (float(trace.y[-1]) if len(trace) else None for trace in traces)
        return train, valid


def train_points(rows: np.ndarray) -> np.ndarray:
    """Return steps and training losses (M, 2) of rows (N, 3): those that a logarithmic axis can show."""
    shown = rows[rows[:, 1] > 0][:, :2]
    return np.column_stack([shown[:, 0], np.maximum(shown[:, 1], LEAST)])


def valid_points(rows: np.ndarray) -> np.ndarray:
    """Return steps and validation losses (M, 2) of rows (N, 3): each measurement where it is told first."""
    told = rows[rows[:, 2] > 0][:, (0, 2)]
    fresh = np.ones(len(told), dtype=bool)
    fresh[1:] = told[1:, 1] != told[:-1, 1]
    return np.column_stack([told[fresh, 0], np.maximum(told[fresh, 1], LEAST)])


class CurveStore:
    """Curves of runs on disk, read again only when their file has changed."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[tuple[int, int], RunCurves]] = {}

    def of(self, run: Path, policy: str) -> RunCurves:
        """Return the curves of a run; empty ones if it has none."""
        try:
            status = (run / LOSSES).stat()
            stamp = (status.st_size, status.st_mtime_ns)
        except OSError:
            stamp = (0, 0)
        known = self._known.get(run)
        if known is not None and known[0] == stamp:
            return known[1]
        curves = RunCurves(run.name, policy, read_curves(run))
        self._known[run] = (stamp, curves)
        return curves
