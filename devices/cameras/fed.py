"""What every camera does alike: its pictures come from a `Feed`, the thread that owns the camera."""

from __future__ import annotations

from devices.interface import Notice, Sample
from devices.parts.feed import Feed


class FedCamera:
    """The part of a camera that only hands on what its feed has. Subclasses set `_feed` when they open."""

    _feed: Feed

    def collect(self) -> list[Sample]:
        """Return the newest pictures, if some came since the last call."""
        return self._feed.collect()

    def latest(self) -> list[Sample]:
        """Return the newest pictures."""
        return self._feed.latest()

    def tare(self) -> None:
        """Nothing: a picture has no zero."""

    def notices(self) -> list[Notice]:
        """Return stalls, losses and returns."""
        return self._feed.notices()

    def close(self) -> None:
        """Release the camera."""
        self._feed.close()
