"""The trajectory of a recorded episode, ready for open-loop replay."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.core.errors import EpisodeError
from recorders.reader import EpisodeFile

RATE_HZ = 50.0


def replay_rows(path: Path, lead_s: float, end_ns: int | None = None) -> np.ndarray:
    """Return rows (N, 9) at 50 Hz for `app.teleop.replay`: seconds from the take's start, pose, opening; base frame.

    The governor follows a target with the lag of one control period (first order), so the replayed target at time t is
    what was applied at t + `lead_s`: u = x + T·x' ≈ x(t + T).

    Raises:
        EpisodeError: If the file is broken or has no applied actions.
    """
    with EpisodeFile(path) as episode:
        times = episode.times_ns("arm/applied")
        applied = np.asarray(episode.data("arm/applied"), dtype=np.float64)
    if end_ns is not None:
        times, applied = times[times <= end_ns], applied[times <= end_ns]
    if len(times) < 2:
        raise EpisodeError(
            f"episode {path}", "it holds no applied motion", way_out="Move its trim, or leave it out"
        )
    seconds = (times - times[0]) * 1e-9
    first = np.concatenate([[True], np.diff(seconds) > 0])
    seconds, applied = seconds[first], applied[first]
    grid = np.arange(0.0, seconds[-1], 1.0 / RATE_HZ)
    ahead = np.minimum(grid + lead_s, seconds[-1])
    columns = [np.interp(ahead, seconds, applied[:, column]) for column in range(8)]
    rows = np.stack([grid, *columns], axis=1)
    rows[:, 4:8] /= np.linalg.norm(rows[:, 4:8], axis=1, keepdims=True)
    return rows
