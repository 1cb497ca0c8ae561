"""Open-loop replay of a trajectory, and the operator that does nothing: augmentation and baselines need both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from app.core.drive.controller import Action, Start
from app.core.errors import EpisodeError
from app.core.wire.messages import SampleHeader, Source

COLUMNS = 9  # time from the start in s, pose (7,), gripper opening in m


def save_trajectory(path: Path, rows: np.ndarray) -> None:
    """Write a trajectory (N, 9): seconds, x y z qw qx qy qz, opening; base frame."""
    np.save(path, np.asarray(rows, dtype=np.float64), allow_pickle=False)


def load_trajectory(path: Path) -> np.ndarray:
    """Return a trajectory (N, 9).

    Raises:
        EpisodeError: If the file is missing or holds no such array of finite numbers with increasing times.
    """
    try:
        rows = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise EpisodeError(f"trajectory {path}", f"it cannot be read ({error})") from error
    good = rows.ndim == 2 and rows.shape[1] == COLUMNS and len(rows) > 1 and np.isfinite(rows).all()
    if not good or (np.diff(rows[:, 0]) <= 0).any():
        raise EpisodeError(
            f"trajectory {path}", f"it is no table of {COLUMNS} finite columns with increasing times"
        )
    return np.asarray(rows)


class ReplayController:
    """Plays the trajectory that `begin` names in `meta["trajectory"]`, by time, whatever happens."""

    source: Source = "replay"
    rate_hz = 50.0
    topics = ("arm/pose",)

    def __init__(self) -> None:
        self._rows = np.zeros((0, COLUMNS))
        self._start_ns = 0

    def begin(self, start: Start) -> None:
        """Load the trajectory."""
        self._rows, self._start_ns = load_trajectory(Path(str(start.meta["trajectory"]))), start.now_ns

    def receive(self, header: SampleHeader, buffer: memoryview) -> None:
        """Nothing is looked at: the loop is open."""

    def act(self, now_ns: int) -> Action:
        """Return the newest row at this time; done after the last."""
        t_s = (now_ns - self._start_ns) * 1e-9
        index = int(np.searchsorted(self._rows[:, 0], t_s + 1e-9, side="right")) - 1
        row = self._rows[max(index, 0)]
        return Action(row[1:8], float(row[8]), done=t_s > self._rows[-1, 0])

    def state(self) -> dict[str, Any]:
        """Return nothing."""
        return {}


class IdleController:
    """Holds still for as long as the episode lasts: what a task scores when nothing is done."""

    source: Source = "replay"
    rate_hz = 50.0
    topics = ("arm/pose",)

    def begin(self, start: Start) -> None:
        """Nothing to forget."""

    def receive(self, header: SampleHeader, buffer: memoryview) -> None:
        """Nothing is looked at."""

    def act(self, now_ns: int) -> Action:
        """Return an explicit hold."""
        return Action(None)

    def state(self) -> dict[str, Any]:
        """Return nothing."""
        return {}
