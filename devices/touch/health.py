"""Says when a touch sensor is not to be believed: saturated, stuck, blind, or with a zero that has moved.

Each watch takes a condition and a time, and gives a sentence when something begins or ends, so that the person is told
once and not 1,000 times a second.
"""

from __future__ import annotations

import numpy as np

NS = 1e-9
RELEASE = 0.9  # of the limit: where saturation counts as over


class Lasting:
    """A condition that counts only when it has lasted.

    Args:
        after_s: How long it must hold.

    Attributes:
        on: It has lasted, and holds still.
    """

    def __init__(self, after_s: float) -> None:
        self._after_ns = after_s / NS
        self._since_ns: int | None = None
        self.on = False

    def update(self, holds: bool, t_ns: int) -> bool | None:
        """Take in whether it holds at `t_ns`; returns True when it begins to count, False when it ends, else None."""
        if not holds:
            self._since_ns = None
            was, self.on = self.on, False
            return False if was else None
        self._since_ns = t_ns if self._since_ns is None else self._since_ns
        if self.on or t_ns - self._since_ns < self._after_ns:
            return None
        self.on = True
        return True


class Stuck:
    """Notices a reading that repeats exactly: a living sensor has noise."""

    def __init__(self, after_s: float) -> None:
        self._lasting = Lasting(after_s)
        self._last: np.ndarray | None = None

    @property
    def on(self) -> bool:
        """Whether the reading is stuck."""
        return self._lasting.on

    def update(self, reading: np.ndarray, t_ns: int) -> str:
        """Take in one reading; returns what to say, or nothing."""
        same = self._last is not None and np.array_equal(reading, self._last)
        self._last = reading.copy()
        change = self._lasting.update(same, t_ns)
        if change is None:
            return ""
        return (
            "its reading does not change any more: it is stuck." if change else "its reading changes again."
        )


class Saturation:
    """Notices values at the end of their range.

    Args:
        limits: Largest absolute value (n,) of each.
        labels: Their names, with the unit after a blank.
    """

    def __init__(self, limits: np.ndarray, labels: tuple[str, ...]) -> None:
        self._limits, self._labels = np.asarray(limits, dtype=np.float64), labels
        self._over = np.zeros(len(self._limits), dtype=bool)

    @property
    def on(self) -> bool:
        """Whether any value is at its limit."""
        return bool(self._over.any())

    def update(self, values: np.ndarray) -> str:
        """Take in one reading (n,); returns what to say, or nothing."""
        size = np.abs(values)
        over = size >= self._limits * np.where(self._over, RELEASE, 1.0)
        fresh = over & ~self._over
        ended = self.on and not over.any()
        self._over = over
        if fresh.any():
            names = ", ".join(
                f"{label.split()[0]} {value:+.3g} {label.split()[1]}"
                for label, value, new in zip(self._labels, values, fresh, strict=True)
                if new
            )
            return f"it is at the end of its range ({names}): more is not measured."
        return "it is back in its range." if ended else ""


def drift(old: np.ndarray, new: np.ndarray, limit: float, seconds: float) -> str:
    """Return what to say when the zero moved by more than `limit` between two tares, or nothing.

    Args:
        old, new: The zeros (3,), N.
        seconds: Time between the two.
    """
    moved = float(np.sqrt(np.square(new - old).sum()))
    if moved <= limit:
        return ""
    return f"its zero moved by {moved:.1f} N in {seconds / 60:.1f} min: warm it up, or look for a pull on its cable."
