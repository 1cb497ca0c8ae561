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
NEWEST = ("commanded", "applied", "gripper", "stain", "score")  # of these the last sample is enough
FOLLOWED = ("pose", "wrench", "field")  # from these slip and over-force are judged, as they are live


class MomentAnswers:
    """Commands of the scrubber; the shelf keeps the file open for the next one."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

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
        streams = {}
        for topic in file.topics:
            signal = topic.split("/")[1]
            if signal in NEWEST or signal in FOLLOWED:
                streams[topic] = _window(file, topic, since_ns if signal in FOLLOWED else t_ns, t_ns)
        return {"t_ns": t_ns, "streams": streams, "poses": pack(_poses(file, pictures_ns or []))}


def _window(file: EpisodeFile, topic: str, since_ns: int, t_ns: int) -> dict[str, Any]:
    times = file.times_ns(topic)
    last = int(np.searchsorted(times, t_ns, side="right"))
    first = min(int(np.searchsorted(times, since_ns, side="right")), max(last - 1, 0))
    return {"t_ns": pack(times[first:last]), "data": pack(file.samples(topic, first, last))}


def _poses(file: EpisodeFile, pictures_ns: list[int]) -> np.ndarray:
    if "arm/pose" not in file.topics or not len(file.times_ns("arm/pose")):
        return np.zeros((0, 7))
    times = file.times_ns("arm/pose")
    found = [file.sample("arm/pose", nearest(times, int(t_ns))) for t_ns in pictures_ns]
    return np.asarray(found, dtype=np.float64).reshape(-1, 7)
