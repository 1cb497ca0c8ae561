"""Joint speeds and twist of arms that report none. Used by drivers of arms."""

from __future__ import annotations

from collections import deque

import numpy as np

from app.core.geometry import rotation_error

SPEED_S = 0.05  # speeds are differences of poses over this time


class Speeds:
    """Joint speeds and twist from poses: the difference to the oldest of the last 50 ms."""

    def __init__(self) -> None:
        self._recent: deque[tuple[int, np.ndarray, np.ndarray]] = deque()

    def of(self, t_ns: int, joints: np.ndarray, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Take in angles (J,) and a pose (7,); return speeds (J,), rad/s, and twist (6,), m/s and rad/s."""
        while self._recent and t_ns - self._recent[0][0] > SPEED_S * 1e9:
            self._recent.popleft()
        self._recent.append((t_ns, joints, pose))
        then_ns, before, there = self._recent[0]
        seconds = (t_ns - then_ns) * 1e-9
        if seconds <= 0.0:
            return np.zeros(len(joints)), np.zeros(6)
        turned = rotation_error(pose[3:], there[3:])
        return (joints - before) / seconds, np.concatenate([pose[:3] - there[:3], turned]) / seconds
