"""How many set-points of the last second came late, and what follows. Used by `app.core.safety.governor`.

A set-point is late if it is older than `Limits.late_ms` when it arrives; the link's steady delay does not count. In any
second, a share of `late_warn` is told, and a share of `late_hold` ends motion until the next press. One late set-point
alone is told and ends nothing: at 50 Hz it would be 2 % already.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.core.safety.limits import Limits
from app.core.safety.reasons import Reason

WINDOW_NS = 1_000_000_000
MOST = 1000  # set-points that are kept; a source that sends faster is judged over a shorter time
SEVERAL = 2


@dataclass(frozen=True)
class Punctuality:
    """The set-points of the last second. Immutable.

    Attributes:
        arrivals: When each arrived, and whether it was late; oldest first.
        late: How many of them were late.
        reason: `NONE`, `LATE` (to be told) or `TOO_LATE` (motion ends; it stays).
    """

    arrivals: tuple[tuple[int, bool], ...] = ()
    late: int = 0
    reason: Reason = Reason.NONE

    def noted(self, stamp_ns: int, now_ns: int, limits: Limits) -> Punctuality:
        """Take in a set-point of `stamp_ns` that arrived now."""
        arrivals, late, first = self.arrivals, self.late, max(0, len(self.arrivals) + 1 - MOST)
        while first < len(arrivals) and now_ns - arrivals[first][0] >= WINDOW_NS:
            first += 1
        late -= sum(was_late for _, was_late in arrivals[:first])
        is_late = now_ns - stamp_ns > limits.late_ms * 1e6
        arrivals, late = (*arrivals[first:], (now_ns, is_late)), late + is_late
        share = late / len(arrivals)
        reason = Reason.NONE
        if self.reason is Reason.TOO_LATE or (late >= SEVERAL and share >= limits.late_hold):
            reason = Reason.TOO_LATE
        elif late and share >= limits.late_warn:
            reason = Reason.LATE
        return Punctuality(arrivals, late, reason)
