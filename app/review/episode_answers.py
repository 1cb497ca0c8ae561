"""What the reader answers about one open episode: its streams, pictures, curves and paths.

Each method named `on_…` is a command of `resources/help/protocols.md`, "Reader". Arrays are packed as
`app.review.arrays` says. Times are session times in nanoseconds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from app.core.errors import EpisodeError
from app.review.arrays import pack
from app.review.curves import envelope, thin
from app.review.shelf import Shelf, nearest
from recorders.reader import EpisodeFile

PATH_POINTS = 2000


class EpisodeAnswers:
    """Commands that look into an episode file; the shelf keeps it open for the next one."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    def on_describe(self, folder: Path, episode: str) -> dict[str, Any]:
        """Return attributes and streams of an episode."""
        file = self.shelf.episode(folder, episode)
        streams = {topic: msgspec.to_builtins(file.spec(topic)) for topic in file.topics}
        return {
            "attributes": file.attributes,
            "streams": streams,
            "start_ns": file.start_ns,
            "end_ns": file.end_ns,
        }

    def on_series(
        self, folder: Path, episode: str, topic: str, columns: list[int] | None = None, points: int = 1000,
        start_ns: int | None = None, end_ns: int | None = None, length: bool = False,
    ) -> dict[str, Any]:  # fmt: skip
        """Return the envelope of a stream's columns: t (n,), min and max (n, columns), unit, labels.

        With `length` the length of the vector of these columns is a further, last column.
        """
        file = self.shelf.episode(folder, episode)
        spec = file.spec(topic)
        times, data = file.times_ns(topic), file.data(topic)
        data = data.reshape(len(data), -1)
        if columns is not None:
            data = data[:, [int(column) for column in columns]]
        first = 0 if start_ns is None else int(np.searchsorted(times, start_ns))
        last = len(times) if end_ns is None else int(np.searchsorted(times, end_ns, side="right"))
        part = data[first:last]
        if length:
            part = np.column_stack([part, np.linalg.norm(np.asarray(part, dtype=np.float64), axis=1)])
        curve = envelope(times[first:last], part, int(points))
        return {"t": pack(curve.t_ns), "min": pack(curve.low), "max": pack(curve.high), "unit": spec.unit,
                "labels": list(spec.labels)}  # fmt: skip

    def on_times(self, folder: Path, episode: str, topic: str) -> dict[str, Any]:
        """Return the session times (n,) of all samples of a stream, so that pictures can be stepped one by one."""
        return {"t_ns": pack(self.shelf.episode(folder, episode).times_ns(topic))}

    def on_frame(self, folder: Path, episode: str, topic: str, t_ns: int) -> dict[str, Any]:
        """Return the JPEG nearest to a time, with its own time and index."""
        file = self.shelf.episode(folder, episode)
        if file.spec(topic).encoding != "jpeg":
            jpegs = [each for each in file.topics if file.spec(each).encoding == "jpeg"]
            raise EpisodeError(
                f"episode {episode}", f"stream {topic!r} holds no colour pictures", options=jpegs
            )
        times = file.times_ns(topic)
        index = nearest(times, int(t_ns))
        return {"t_ns": int(times[index]), "index": index, "jpeg": file.picture(topic, index)}

    def on_field(self, folder: Path, episode: str, t_ns: int, topic: str = "") -> dict[str, Any]:
        """Return the marker field (N, 3) nearest to a time, in millimetres."""
        file = self.shelf.episode(folder, episode)
        topic = topic or _by_signal(file, "field")
        times = file.times_ns(topic)
        index = nearest(times, int(t_ns))
        return {"t_ns": int(times[index]), "data": pack(file.sample(topic, index))}

    def on_touch(self, folder: Path, episode: str, points: int = 1000, topic: str = "") -> dict[str, Any]:
        """Return how strong touch was: envelope of the markers' mean displacement and shear (x, y), mm."""
        file = self.shelf.episode(folder, episode)
        topic = topic or _by_signal(file, "field")
        field = np.asarray(file.data(topic), dtype=np.float64)
        lengths = np.linalg.norm(field, axis=2).mean(axis=1)
        shears = np.linalg.norm(field[:, :, :2], axis=2).mean(axis=1)
        curve = envelope(file.times_ns(topic), np.stack([lengths, shears], axis=1), int(points))
        return {"t": pack(curve.t_ns), "min": pack(curve.low), "max": pack(curve.high), "unit": "mm",
                "labels": ["mean", "shear"]}  # fmt: skip

    def on_thumbnail(self, folder: Path, episode: str) -> dict[str, Any]:
        """Return a small JPEG of the middle of the take."""
        file = self.shelf.episode(folder, episode)
        return {"jpeg": self.shelf.thumbnail(file, (file.start_ns + file.end_ns) // 2)}

    def on_paths(self, folder: Path, episode: str, points: int = PATH_POINTS) -> dict[str, Any]:
        """Return where the tool was sent and where it was: applied (n, 3) at t_ns, measured (m, 3) at measured_t_ns."""
        file = self.shelf.episode(folder, episode)
        answer: dict[str, Any] = {}
        applied = _by_signal(file, "applied")
        times, data = thin(file.times_ns(applied), file.data(applied)[:, :3], int(points))
        answer.update(t_ns=pack(times), applied=pack(data))
        pose = f"{applied.split('/')[0]}/pose"
        if pose in file.topics:
            times, data = thin(file.times_ns(pose), file.data(pose)[:, :3], int(points))
            answer.update(measured_t_ns=pack(times), measured=pack(data))
        return answer


def _by_signal(file: EpisodeFile, signal: str) -> str:
    for topic in file.topics:
        if topic.split("/")[1] == signal:
            return topic
    raise EpisodeError(f"episode {file.path}", f"it has no signal {signal!r}", options=file.topics)
