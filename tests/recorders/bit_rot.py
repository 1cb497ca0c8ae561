"""Flips single bits of a finished episode and says what reading makes of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

import numpy as np

from app.core.errors import EpisodeError
from app.review.recovering import recover_file
from recorders.reader import EpisodeFile

Seen = Literal["named", "refused", "harmless"]


class BitRot:
    """An episode whose bits are flipped one at a time; each is flipped back. A refused file is salvaged."""

    def __init__(self, path: Path) -> None:
        self.path, self.size = path, path.stat().st_size
        with EpisodeFile(path) as episode:
            self._truth = {topic: content(episode, topic) for topic in episode.topics}
            self._attributes = episode.attributes
        self.lost = 0  # refused files of which not every stream came back

    def flip(self, place: int, bit: int) -> Seen:
        """Flip one bit and read everything; what is read must be right, or be named as broken.

        Returns:
            named: the damaged streams were named, the others were read; refused: the file cannot be opened, and its
            streams were salvaged; harmless: the byte means nothing.
        """
        handle = os.open(self.path, os.O_RDWR)
        try:
            (byte,) = os.pread(handle, 1, place)
            os.pwrite(handle, bytes([byte ^ (1 << bit)]), place)
            return self._look(place)
        finally:
            os.pwrite(handle, bytes([byte]), place)
            os.close(handle)

    def _look(self, place: int) -> Seen:
        try:
            episode = EpisodeFile(self.path)
        except EpisodeError as error:
            told = error.sentence()
        else:
            return self._read(episode, place)
        assert "python main.py recover" in told, place
        self._recover()
        return "refused"

    def _read(self, episode: EpisodeFile, place: int) -> Seen:
        with episode:
            problems = episode.problems()
            if not problems:
                assert episode.attributes == self._attributes, place
            for topic in self._truth:
                if any(f"/{topic}" in problem or f"stream {topic}" in problem for problem in problems):
                    continue
                assert same(content(episode, topic), self._truth[topic]), (place, topic, problems)
        return "named" if problems else "harmless"

    def _recover(self) -> None:
        """Salvage the file as it is now; what comes back must be right, and what does not must be named."""
        out = self.path.with_name("salvaged.h5")
        try:
            found = recover_file(self.path, out)
            with EpisodeFile(out) as episode:
                assert episode.problems() == []
                for topic, truth in self._truth.items():
                    if topic not in found["lost"]:
                        assert same(content(episode, topic), truth), topic
            self.lost += bool(found["lost"])
        finally:
            out.unlink(missing_ok=True)


def content(episode: EpisodeFile, topic: str) -> dict[str, Any]:
    """Return everything that is read of a stream."""
    names = ("t_ns", "t_device_ns", "t_receive_ns", "seq")
    found: dict[str, Any] = {name: episode.column(topic, name) for name in names}
    if episode.spec(topic).encoding == "raw":
        found["data"] = episode.data(topic)
    else:
        found["pictures"] = [episode.picture(topic, index) for index in range(len(found["t_ns"]))]
    return found


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two readings of a stream agree in every byte."""
    return all(
        np.array_equal(one[name], other[name]) if name != "pictures" else one[name] == other[name]
        for name in other
    )
