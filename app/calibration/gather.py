"""Takes views while somebody moves the arm or the board: when both are still, and a view adds something."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from app.calibration.board import Sighting
from app.calibration.views import Collection, View, shift_px
from app.core.geometry import pose_to_matrix, quat_to_matrix

STILL_S = 0.25  # for so long before and after a picture, tool and board must have stood still
STILL_M, STILL_DEG = 0.0005, 0.1
STILL_PX = 0.6  # mean shift of the corners between pictures
HISTORY_S = 3.0


@dataclass(frozen=True)
class Look:
    """What was seen in one picture.

    Attributes:
        sighting: The board, None if it is not there.
        still: Tool and board stand still.
        taken: It was added to the collection.
        words: Why it was not taken, for the person; empty if it was.
    """

    sighting: Sighting | None
    still: bool
    taken: bool
    words: str


class Poses:
    """The tool's newest poses, to be asked at the time of a picture."""

    def __init__(self) -> None:
        self._poses: deque[tuple[int, np.ndarray]] = deque()

    def feed(self, times_ns: tuple[int, ...], poses: np.ndarray) -> None:
        """Take in poses (n, 7)."""
        for t_ns, pose in zip(times_ns, poses, strict=True):
            self._poses.append((int(t_ns), np.array(pose, dtype=np.float64)))
        while self._poses and self._poses[-1][0] - self._poses[0][0] > HISTORY_S * 1e9:
            self._poses.popleft()

    def at(self, t_ns: int) -> tuple[np.ndarray, bool] | None:
        """Return the pose (4, 4) nearest to a time, and whether the tool stood still about it; None if unknown."""
        near = [(abs(t - t_ns), pose) for t, pose in self._poses if abs(t - t_ns) <= STILL_S * 1e9]
        if not near:
            return None
        _, pose = min(near, key=lambda item: item[0])
        travel = max(float(np.linalg.norm(other[:3] - pose[:3])) for _, other in near)
        cosines = [
            float(np.trace(quat_to_matrix(pose[3:]).T @ quat_to_matrix(other[3:]))) for _, other in near
        ]
        turn = float(np.degrees(np.arccos(np.clip((min(cosines) - 1.0) / 2.0, -1.0, 1.0))))
        return pose_to_matrix(pose), travel < STILL_M and turn < STILL_DEG


class Gatherer:
    """Fills a collection from a camera's pictures and the tool's poses.

    Attributes:
        automatic: Take every view that is still and new.
    """

    def __init__(self, collection: Collection, automatic: bool = True) -> None:
        self.collection = collection
        self.poses = Poses()
        self.automatic = automatic
        self.wanted = False
        self._before: Sighting | None = None

    def picture(self, gray: np.ndarray, t_ns: int) -> Look:
        """Look at one grey picture (H, W) uint8 of session time `t_ns`."""
        sighting = self.collection.finder.find(gray)
        before, self._before = self._before, sighting
        if sighting is None:
            return Look(None, False, False, "The board is not seen, or too little of it.")
        found = self.poses.at(t_ns)
        if found is None:
            return Look(sighting, False, False, "The arm's pose is not known at present.")
        tool, tool_still = found
        still = tool_still and before is not None and shift_px(before, sighting) < STILL_PX
        if not still:
            return Look(sighting, False, False, "Hold still …")
        if not self.wanted and not self.automatic:
            return Look(sighting, True, False, "Still. V takes this view.")
        if not self.wanted and not self.collection.is_new(sighting):
            return Look(sighting, True, False, "This view is known already: move on.")
        self.wanted = False
        self.collection.views.append(View(sighting, tool, f"view {len(self.collection.views) + 1}"))
        return Look(sighting, True, True, "")
