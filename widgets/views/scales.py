"""How long a newton and a millimetre are drawn: in steps that follow what is felt, the same in every view. No Qt.

The full scale goes up at once when it is exceeded, and down only after a while well below the next smaller step, so
that arrows do not breathe. The legend tells the present scale.
"""

from __future__ import annotations

from dataclasses import dataclass

FORCE_STEPS_N = (5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
FIELD_STEPS_MM = (0.2, 0.5, 1.0, 2.0, 5.0)
FORCE_LENGTH_M = 0.12  # a force at full scale is drawn this long
FIELD_LENGTH_M = 0.004  # a displacement at full scale, before a small finger is enlarged
CALM = 0.8  # share of the next smaller step below which the scale may go down
CALM_S = 3.0


class Range:
    """One full scale.

    Args:
        steps: Full scales to choose from, rising.
        start: Index of the one to begin with: also the smallest that is ever used.
    """

    def __init__(self, steps: tuple[float, ...], start: int) -> None:
        self._steps, self._least, self._index = steps, start, start
        self._calm_since_s: float | None = None

    @property
    def full(self) -> float:
        """The present full scale."""
        return self._steps[self._index]

    def follow(self, value: float, now_s: float) -> float:
        """Take in the largest value that is to be drawn now, and return the full scale."""
        while value > self.full and self._index < len(self._steps) - 1:
            self._index += 1
            self._calm_since_s = None
        if self._index > self._least and value < CALM * self._steps[self._index - 1]:
            if self._calm_since_s is None:
                self._calm_since_s = now_s
            elif now_s - self._calm_since_s >= CALM_S:
                self._index -= 1
                self._calm_since_s = None
        else:
            self._calm_since_s = None
        return self.full


@dataclass(frozen=True)
class Scales:
    """What is drawn how long.

    Attributes:
        force_n: Full scale of forces, drawn FORCE_LENGTH_M long.
        field_mm: Full scale of displacements, drawn FIELD_LENGTH_M long.
    """

    force_n: float = 20.0
    field_mm: float = 0.5

    @property
    def metres_per_newton(self) -> float:
        """Drawn length of one newton, m."""
        return FORCE_LENGTH_M / self.force_n

    @property
    def field_gain(self) -> float:
        """Drawn length of a displacement over its true one."""
        return FIELD_LENGTH_M * 1e3 / self.field_mm


def round_share(full: float, most: float = 1.0) -> float:
    """Return the largest 1, 2 or 5 times a power of ten that is at most `most` times `full`: for scale bars."""
    limit = full * most * (1.0 + 1e-9)
    steps = [mantissa * 10.0**power for power in range(-4, 5) for mantissa in (1.0, 2.0, 5.0)]
    return max((step for step in steps if step <= limit), default=steps[0])
