"""From the device's clock to the session clock: which session time it was when the device made a sample.

Every governor period pairs the device's newest time with the session time. A sample that took longer to make (a
picture) gets the session time of the period at which it was taken, whatever stalls came since. The map never decreases.
"""

from __future__ import annotations

from bisect import bisect_right

MOST_PAIRS = 1024  # 4 s of governor periods: the longest that a picture may take to arrive


class SessionStamps:
    """The recent pairs of device and session time, in nanoseconds."""

    def __init__(self) -> None:
        self._device: list[int] = []
        self._session: list[int] = []

    def note(self, device_ns: int, session_ns: int) -> None:
        """Pair the newest device time with the present session time; a device time that goes back starts anew."""
        if self._device and device_ns < self._device[-1]:
            self._device.clear()
            self._session.clear()
        self._device.append(device_ns)
        self._session.append(session_ns)
        if len(self._device) > 2 * MOST_PAIRS:
            del self._device[:MOST_PAIRS], self._session[:MOST_PAIRS]

    def of(self, device_ns: int) -> int:
        """Return the session time of a device time that is not newer than the newest pair.

        Between two pairs the clocks are taken to run alike, but never past the later pair; before the first pair, too.

        Raises:
            IndexError: If nothing was noted yet.
        """
        if device_ns >= self._device[-1]:
            return self._session[-1]
        later = bisect_right(self._device, device_ns)
        if later == 0:
            return self._session[0] - (self._device[0] - device_ns)
        passed = device_ns - self._device[later - 1]
        return min(self._session[later - 1] + passed, self._session[later])
