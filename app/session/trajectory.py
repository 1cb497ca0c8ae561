"""The trajectory of a recorded episode, ready for open-loop replay."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.core.errors import EpisodeError
from recorders.reader import EpisodeFile

RATE_HZ = 50.0


def replay_rows(path: Path, lead_s: float, end_ns: int | None = None) -> np.ndarray:
    """Return rows (N, 1 + arms·8) at 50 Hz for `app.teleop.replay`: seconds from the take's start, then each arm's pose
    and opening, the first arm's first and the others' by name; base frame.

    The governor follows a target with the lag of one control period (first order), so the replayed target at time t is
    what was applied at t + `lead_s`: u = x + T·x' ≈ x(t + T).

    Raises:
        EpisodeError: If the file is broken or has no applied actions.
    """
    with EpisodeFile(path) as episode:
        topics = arms_first([topic for topic in episode.topics if topic.endswith("/applied")])
        motions = [_motion(episode, topic, end_ns) for topic in topics or ["arm/applied"]]
    if any(len(times) < 2 for times, _ in motions):
        raise EpisodeError(
            f"episode {path}", "it holds no applied motion", way_out="Move its trim, or leave it out"
        )
    start_ns = motions[0][0][0]
    grid = np.arange(0.0, (motions[0][0][-1] - start_ns) * 1e-9, 1.0 / RATE_HZ)
    return np.concatenate(
        [grid[:, None], *(_led(*motion, start_ns, grid + lead_s) for motion in motions)], axis=1
    )


def into_motion_s(path: Path, t_ns: int) -> float:
    """Return how many seconds after the beginning of a trajectory (`replay_rows`) a session time lies, at least 0.

    Raises:
        EpisodeError: If the file is broken.
    """
    with EpisodeFile(path) as episode:
        return max(0.0, (t_ns - int(episode.times_ns("arm/applied")[0])) * 1e-9)


def replayed_ns(path: Path, seconds: float) -> int | None:
    """Return when, in session time of a replayed take, the replay was `seconds` into its trajectory; None if never.

    The replay begins with its first command; before that the arm is held.

    Raises:
        EpisodeError: If the file is broken.
    """
    with EpisodeFile(path) as episode:
        topic = "arm/commanded" if "arm/commanded" in episode.topics else "arm/applied"
        t_ns = int(episode.times_ns(topic)[0]) + round(seconds * 1e9)
        return t_ns if episode.start_ns < t_ns < episode.end_ns else None


def arms_first(names: list[str]) -> list[str]:
    """Return names in the order in which a trajectory has its arms: `arm`, then the others by name."""
    return sorted(names, key=lambda name: (name.split("/")[0] != "arm", name))


def _motion(episode: EpisodeFile, topic: str, end_ns: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return times (N,) that rise, and what was applied to an arm (N, 8)."""
    times, applied = episode.times_ns(topic), np.asarray(episode.data(topic), dtype=np.float64)
    kept = np.concatenate([[True], np.diff(times) > 0])[: len(times)]
    if end_ns is not None:
        kept &= times <= end_ns
    return times[kept], applied[kept]


def _led(times: np.ndarray, applied: np.ndarray, start_ns: int, ahead: np.ndarray) -> np.ndarray:
    """Return what was applied at times (M,) s from the start, (M, 8): the last one after its end."""
    seconds = (times - start_ns) * 1e-9
    when = np.minimum(ahead, seconds[-1])
    rows = np.stack([np.interp(when, seconds, applied[:, column]) for column in range(8)], axis=1)
    rows[:, 3:7] /= np.linalg.norm(rows[:, 3:7], axis=1, keepdims=True)
    return rows
