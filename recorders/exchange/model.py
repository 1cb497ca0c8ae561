"""The two shapes that every format is written from and read into.

`GridEpisode` is one episode of ours on a grid, for the exporters; `Found` is one episode of a foreign set, from the
importers. Pictures are read one at a time in both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from recorders.exchange.about import EpisodeAbout, SetAbout

# Columns of ours in every format that are no recorded stream.
TIME_COLUMN, PHASE_COLUMN, CAPTURE_PREFIX = "session_time_ns", "phase", "capture_ns_"
OWN_COLUMNS = (TIME_COLUMN, PHASE_COLUMN)


@dataclass(frozen=True)
class Camera:
    """The pictures of one camera on the grid.

    Attributes:
        key: Its name in the set.
        shape: (height, width, 3).
        capture_ns: Session time (T,) at which each picture was taken.
        read: Returns the picture at a tick, RGB (height, width, 3) uint8.
    """

    key: str
    shape: tuple[int, int, int]
    capture_ns: np.ndarray
    read: Callable[[int], np.ndarray]


@dataclass(frozen=True)
class GridEpisode:
    """One episode of T ticks.

    Attributes:
        t_ns: Session time (T,) of each tick, int64.
        state: (T, S) float64, the streams of the set's part "state".
        action: (T, A) float64.
        columns: Other streams, (T, D) in their recorded type, by key.
        phase: (T,) int64, index into the set's names of phases, −1 for none.
        reward: (T,) float64: 0, and at the last tick the score, or 1 for a success without one.
    """

    about: EpisodeAbout
    t_ns: np.ndarray
    state: np.ndarray
    action: np.ndarray
    columns: dict[str, np.ndarray]
    cameras: tuple[Camera, ...]
    phase: np.ndarray
    reward: np.ndarray

    def __len__(self) -> int:
        return len(self.t_ns)


@dataclass(frozen=True)
class Pictures:
    """The pictures of one camera of a foreign episode.

    Attributes:
        count: How many there are.
        read: Returns one as JPEG bytes, or as RGB (height, width, 3) uint8.
        capture_ns: Session time of each, if the set says so.
    """

    count: int
    read: Callable[[int], bytes | np.ndarray]
    capture_ns: np.ndarray | None = None


@dataclass
class Found:
    """One episode of a foreign set, as it was found.

    Attributes:
        where: Name for messages: file and episode.
        index: Its number in the set.
        rate_hz: Of its rows.
        t_ns: Session time of each row, if the set says so.
        state: (T, S) or None.
        action: (T, A) or None.
        columns: Everything else, (T, D) by name.
        pictures: By name of the camera.
        labels: Names of the values of "state" and "action" and of columns, where the set has them.
        about: What our own exporter wrote of it, if it did.
    """

    where: str
    index: int
    format: str
    rate_hz: float
    t_ns: np.ndarray | None = None
    state: np.ndarray | None = None
    action: np.ndarray | None = None
    columns: dict[str, np.ndarray] = field(default_factory=dict)
    pictures: dict[str, Pictures] = field(default_factory=dict)
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    instruction: str = ""
    task: str = ""
    outcome: str = ""
    about: EpisodeAbout | None = None
    set_about: SetAbout | None = None

    def capture_of(self, camera: str) -> np.ndarray | None:
        """Take the capture times of a camera out of the columns, where an exporter of ours put them."""
        found = self.columns.pop(CAPTURE_PREFIX + camera, None)
        return None if found is None else found.reshape(-1).astype(np.int64)

    def take_own_columns(self) -> None:
        """Take the columns that our exporters add out of the others."""
        if (times := self.columns.pop(TIME_COLUMN, None)) is not None:
            self.t_ns = times.reshape(-1).astype(np.int64)
        self.columns.pop(PHASE_COLUMN, None)
