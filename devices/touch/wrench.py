"""Wrenches: into the tool frame, and tared. Used by the force-torque sensor and by arms that report one."""

from __future__ import annotations

import threading
from collections import deque

import numpy as np

LABELS = ("fx", "fy", "fz", "tx", "ty", "tz")
WITH_UNITS = ("fx N", "fy N", "fz N", "tx N·m", "ty N·m", "tz N·m")
TARE_S = 0.1


def carried(wrench: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Return a wrench (6,) of a sensor's frame in the frame in which the sensor has `pose` (4, 4).

    f' = R·f and t' = R·t + p × (R·f): the same load, its torque about the new origin.
    """
    force, torque = pose[:3, :3] @ wrench[:3], pose[:3, :3] @ wrench[3:]
    return np.concatenate([force, torque + np.cross(pose[:3, 3], force)])


class Tare:
    """A zero that is the mean of the last tenth of a second. Fed by one thread, tared by another.

    Args:
        rate_hz: How often it is fed.
    """

    def __init__(self, rate_hz: float) -> None:
        self._recent: deque[np.ndarray] = deque(maxlen=max(1, round(rate_hz * TARE_S)))
        self._lock = threading.Lock()
        self.zero = np.zeros(6)

    def feed(self, wrench: np.ndarray) -> np.ndarray:
        """Take in an untared wrench (6,) and return it tared."""
        with self._lock:
            self._recent.append(wrench)
            return wrench - self.zero

    def now(self) -> np.ndarray:
        """Make the recent mean the zero; returns the new zero (6,)."""
        with self._lock:
            if self._recent:
                self.zero = np.mean(self._recent, axis=0)
            return self.zero

    def forget(self) -> None:
        """Start anew with zero."""
        with self._lock:
            self._recent.clear()
            self.zero = np.zeros(6)
