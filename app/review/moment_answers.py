"""What the reader answers while somebody scrubs: many pictures at once, and everything that was known at one time.

Each method named `on_…` is a command of `resources/help/protocols.md`, "Reader". Arrays are packed as
`app.review.arrays` says. Times are session times in nanoseconds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from app.review.arrays import pack
from app.review.shelf import Shelf, nearest
from recorders.reader import EpisodeFile

MOST_PICTURES = 64
MOST_BYTES = 8 * 1024 * 1024
MOST_WINDOW_NS = 1_000_000_000
KEPT_BYTES = 96 * 1024 * 1024
NEWEST = ("commanded", "applied", "gripper", "stain", "score")  # of these the last sample is enough
FOLLOWED = ("pose", "wrench", "field")  # from these slip and over-force are judged, as they are live


class MomentAnswers:
    """Commands of the scrubber; the shelf keeps the file open for the next one."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self._kept = Kept()

    def on_frames(self, folder: Path, episode: str, topic: str, indices: list[int]) -> dict[str, Any]:
        """Return pictures by number, as many as fit into a message: {indices, jpegs}."""
        file = self.shelf.episode(folder, episode)
        jpegs: list[bytes] = []
        for index in indices[:MOST_PICTURES]:
            jpegs.append(file.picture(topic, int(index)))
            if sum(map(len, jpegs)) > MOST_BYTES:
                break
        return {"indices": [int(index) for index in indices[: len(jpegs)]], "jpegs": jpegs}

    def on_moment(
        self, folder: Path, episode: str, t_ns: int, since_ns: int, pictures_ns: list[int] | None = None
    ) -> dict[str, Any]:
        """Return what was known at a time: {t_ns, streams: topic → {t_ns, data}, poses}.

        `streams` holds the last sample of each command and score; of poses, wrenches and fields all samples after
        `since_ns` (a second at most), and the last one in any case. `poses` (k, 7) are the measured tool poses nearest
        to the times of pictures, if there are any.
        """
        file = self.shelf.episode(folder, episode)
        t_ns = int(t_ns)
        since_ns = max(int(since_ns), t_ns - MOST_WINDOW_NS)
        self._kept.open(file)
        streams = {}
        for topic in file.topics:
            signal = topic.split("/")[1]
            if signal in NEWEST or signal in FOLLOWED:
                streams[topic] = self._kept.window(topic, since_ns if signal in FOLLOWED else t_ns, t_ns)
        return {"t_ns": t_ns, "streams": streams, "poses": pack(self._kept.poses(pictures_ns or []))}


class Kept:
    """Streams of the episode that is looked at, in memory as far as there is room: a slice is quicker than a read."""

    def __init__(self) -> None:
        self._file: EpisodeFile | None = None
        self._data: dict[str, np.ndarray] = {}
        self._bytes = 0

    def open(self, file: EpisodeFile) -> None:
        """Forget the episode before."""
        if file is not self._file:
            self._file, self._data, self._bytes = file, {}, 0

    def samples(self, topic: str, first: int, last: int) -> np.ndarray:
        """Return samples `first` to before `last` of a stream."""
        assert self._file is not None
        if topic not in self._data:
            spec = self._file.spec(topic)
            size = len(self._file.times_ns(topic)) * int(np.prod(spec.shape)) * np.dtype(spec.dtype).itemsize
            if self._bytes + size > KEPT_BYTES:
                return self._file.samples(topic, first, last)
            self._data[topic] = self._file.data(topic)
            self._bytes += size
        return self._data[topic][first:last]

    def window(self, topic: str, since_ns: int, t_ns: int) -> dict[str, Any]:
        """Return the samples after `since_ns` up to `t_ns`, the last one in any case: {t_ns, data}."""
        assert self._file is not None
        times = self._file.times_ns(topic)
        last = int(np.searchsorted(times, t_ns, side="right"))
        first = min(int(np.searchsorted(times, since_ns, side="right")), max(last - 1, 0))
        return {"t_ns": pack(times[first:last]), "data": pack(self.samples(topic, first, last))}

    def poses(self, pictures_ns: list[int]) -> np.ndarray:
        """Return the measured tool poses (k, 7) nearest to some times."""
        assert self._file is not None
        if "arm/pose" not in self._file.topics or not len(self._file.times_ns("arm/pose")):
            return np.zeros((0, 7))
        times = self._file.times_ns("arm/pose")
        indices = [nearest(times, int(t_ns)) for t_ns in pictures_ns]
        found = [self.samples("arm/pose", index, index + 1)[0] for index in indices]
        return np.asarray(found, dtype=np.float64).reshape(-1, 7)
