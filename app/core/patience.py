"""How long something is waited for, on a machine that may stand still meanwhile. Used where processes wait for another.

After a halt (a suspended session, SIGSTOP, a starved core) every deadline by the clock has passed, although nobody had
the chance to answer. Here the time between two looks counts as one step at most, so those who wait give the others as
long as they had before.
"""

from __future__ import annotations

import time

STEP_S = 0.5


class Patience:
    """Time left for waiting.

    Args:
        seconds: How long is waited.
        step_s: What counts at most between two looks; looks should come more often than that.
    """

    def __init__(self, seconds: float, step_s: float = STEP_S) -> None:
        self._left, self._step_s, self._looked = seconds, step_s, time.monotonic()

    def left_s(self) -> float:
        """Count the time since the last look, and return what is left: 0 or less when patience is over."""
        now = time.monotonic()
        self._left -= min(now - self._looked, self._step_s)
        self._looked = now
        return self._left
