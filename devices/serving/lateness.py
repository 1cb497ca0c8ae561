"""Late set-points in words: told when they keep coming late, and never for what this server's own stall made late."""

from __future__ import annotations

MANY = 10  # in a row: 100 ms of a hand's set-points
FAR_NS = 10_000_000_000


class Lateness:
    """Counts the set-points that came too late since the last good one."""

    def __init__(self) -> None:
        self._late = 0
        self._own_ns = 0

    def excuse(self, now_ns: int) -> None:
        """This server itself stood still until now: what was made before could not be taken in time."""
        self._own_ns = now_ns

    def taken(self) -> None:
        """A set-point came in time."""
        self._late = 0

    def refused(self, source: str, stamp_ns: int, now_ns: int, allowed_ms: float) -> str:
        """Return what to tell the person of a set-point that was refused for its age; empty for nothing."""
        if 0 <= self._own_ns - stamp_ns < FAR_NS:
            return ""
        self._late += 1
        if self._late != MANY:
            return ""
        age_ms = (now_ns - stamp_ns) * 1e-6
        if age_ms < 0 or now_ns - stamp_ns > FAR_NS:
            return (
                f"The set-points of {source} carry times that are not of this rig's clock, and are refused."
            )
        return (
            f"The set-points of {source} come {age_ms:.0f} ms after they were made, and are refused "
            f"({allowed_ms:g} ms are allowed): the link or one of the machines is too slow."
        )
