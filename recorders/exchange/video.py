"""Pictures into an mp4 at a constant rate and out of it by number. Used for LeRobot sets.

H.264, yuv420p, a key frame every second picture, no reordering: picture i has the time i / rate exactly, so that a
reader that seeks by time gets the row's own picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from app.core.errors import EpisodeError
from recorders.exchange.extras import need

CODEC = "h264"
GOP = 2
OPTIONS = {"crf": "18", "preset": "veryfast", "g": str(GOP), "bf": "0", "sc_threshold": "0"}


class VideoWriter:
    """One mp4 that pictures are added to."""

    def __init__(self, path: Path, rate: int, height: int, width: int) -> None:
        av = need("av", "LeRobot sets")
        if height % 2 or width % 2:
            raise EpisodeError(
                f"video {path.name}", f"{width}×{height} pictures cannot be coded; both must be even"
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.count = path, 0
        self._frame_of = av.VideoFrame.from_ndarray
        self._container = av.open(str(path), "w", format="mp4", options={"movflags": "faststart"})
        self._stream = self._container.add_stream("libx264", rate=rate, options=OPTIONS)
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuv420p"
        self._stream.codec_context.time_base = Fraction(1, rate)
        self._stream.codec_context.thread_count = 1

    def add(self, picture: np.ndarray) -> None:
        """Add one RGB picture (height, width, 3) uint8."""
        frame = self._frame_of(np.ascontiguousarray(picture), format="rgb24")
        frame.pts, frame.time_base = self.count, self._stream.codec_context.time_base
        self._mux(frame)
        self.count += 1

    def close(self) -> None:
        """Write what the encoder holds back, and close."""
        if self._container is not None:
            self._mux(None)
            self._container.close()
            self._container = None

    def _mux(self, frame: Any) -> None:
        for packet in self._stream.encode(frame):
            self._container.mux(packet)


def read_pictures(path: Path, first: int, count: int, rate: float, where: str) -> Iterator[np.ndarray]:
    """Yield `count` pictures RGB (height, width, 3) from number `first` on, by their times.

    Raises:
        EpisodeError: If one is missing, or the file cannot be decoded.
    """
    av = need("av", "LeRobot sets")
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            stream.thread_count = 1
            container.seek(max(0, int(first / rate / stream.time_base)), stream=stream)
            wanted = first
            for frame in container.decode(stream):
                number = round(float(frame.pts * stream.time_base) * rate)
                if number < wanted:
                    continue
                if number > wanted:
                    break
                yield frame.to_ndarray(format="rgb24")
                wanted += 1
                if wanted == first + count:
                    return
    except (av.error.FFmpegError, ValueError, IndexError, TypeError, OSError) as error:
        raise EpisodeError(where, f"the video {path.name} cannot be read ({error})") from error
    raise EpisodeError(
        where, f"the video {path.name} has no picture {wanted} where {first} to {first + count - 1} are due"
    )
