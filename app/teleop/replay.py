"""Open-loop replay of a trajectory, and the operator that does nothing: augmentation and baselines need both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from app.core.drive.controller import Action, Start
from app.core.errors import EpisodeError
from app.core.wire.messages import ArmTarget, SampleHeader, Source

OF_ARM = 8  # pose (7,), gripper opening in m


def save_trajectory(path: Path, rows: np.ndarray) -> None:
    """Write a trajectory (N, 1 + arms·8): seconds, then x y z qw qx qy qz, opening of each arm; base frame."""
    np.save(path, np.asarray(rows, dtype=np.float64), allow_pickle=False)


def load_trajectory(path: Path) -> np.ndarray:
    """Return a trajectory (N, 1 + arms·8).

    Raises:
        EpisodeError: If the file is missing or holds no such array of finite numbers with increasing times.
    """
    try:
        rows = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise EpisodeError(f"trajectory {path}", f"it cannot be read ({error})") from error
    good = rows.ndim == 2 and rows.shape[1] > 1 and rows.shape[1] % OF_ARM == 1 and len(rows) > 1
    if not good or not np.isfinite(rows).all() or (np.diff(rows[:, 0]) <= 0).any():
        raise EpisodeError(
            f"trajectory {path}",
            f"it is no table of 1 + {OF_ARM} finite columns per arm with increasing times",
        )
    return np.asarray(rows)


class ReplayController:
    """Plays the trajectory that `begin` names in `meta["trajectory"]`, by time, whatever happens."""

    source: Source = "replay"
    rate_hz = 50.0
    topics = ("arm/pose",)

    def __init__(self) -> None:
        self._rows = np.zeros((0, 1 + OF_ARM))
        self._others: list[str] = []
        self._start_ns = 0

    def begin(self, start: Start) -> None:
        """Load the trajectory.

        Raises:
            EpisodeError: If it is of another number of arms than the rig has.
        """
        path = Path(str(start.meta["trajectory"]))
        self._rows, self._start_ns = load_trajectory(path), start.now_ns
        self._others = sorted(arm.name for arm in start.info.others)
        arms = self._rows.shape[1] // OF_ARM
        if arms != 1 + len(self._others):
            raise EpisodeError(
                f"trajectory {path}", f"it is of {arms} arm(s); rig {start.info.rig!r} has {1 + len(self._others)}",
                way_out="Replay it on the rig that it was recorded on",
            )  # fmt: skip

    def receive(self, header: SampleHeader, buffer: memoryview) -> None:
        """Nothing is looked at: the loop is open."""

    def act(self, now_ns: int) -> Action:
        """Return the newest row at this time; done after the last."""
        t_s = (now_ns - self._start_ns) * 1e-9
        index = int(np.searchsorted(self._rows[:, 0], t_s + 1e-9, side="right")) - 1
        row = self._rows[max(index, 0)]
        first, *others = np.split(row[1:], len(row) // OF_ARM)
        targets = tuple(
            ArmTarget(name, tuple(float(value) for value in own[:7]), float(own[7]))
            for name, own in zip(self._others, others, strict=True)
        )
        return Action(first[:7], float(first[7]), done=t_s > self._rows[-1, 0], others=targets)

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
