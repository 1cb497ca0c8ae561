"""Brings everything that belongs to one time together: the pictures of all cameras, touch, tool and commands.

One time is being gathered; of the times wanted meanwhile only the newest waits. So pictures are skipped, never queued,
and what is shown is never older than what was shown before it was wanted. Used by the viewer of Review.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from app.core.errors import WireError
from app.review.arrays import unpack
from widgets.bridge.letters import Answer
from widgets.review.clip import Clip
from widgets.review.pictures import PictureStore
from widgets.review.recorded import Paths, RecordedLive, at_pose
from widgets.views.live import Live

AHEAD = 24
SHOWN_NS = (
    33_000_000  # a picture is shown at least this long: at a high speed only every so many is looked at
)
QUIET_NS = 40_000_000  # without a new picture touch and curves follow at this interval
BESIDE = (1, -1, 2, -2)  # what is likely to be stepped to


@dataclass(frozen=True)
class Shown:
    """One camera at a moment: number and time of its picture, and the state as it is seen in it."""

    topic: str
    index: int
    t_ns: int
    image: QImage | None
    live: Live


@dataclass(frozen=True)
class Moment:
    """Everything at one time of the episode."""

    t_ns: int
    pictures: tuple[Shown, ...]
    live: Live


class Scrub(QObject):
    """Gathers moments of the clip's episode.

    Signals:
        shown(object): A `Moment` is complete.
        failed(str): The reader could not answer; a sentence for the person.
    """

    shown = Signal(object)
    failed = Signal(str)

    def __init__(self, clip: Clip, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clip = clip
        self.pictures = PictureStore(self)
        self.recorded = RecordedLive()
        self._rate, self._serial = 0.0, 0
        self.open()
        self.pictures.ready.connect(lambda _topic, _index: self._try())
        self.pictures.failed.connect(self.failed)
        clip.ready.connect(self._on_ready)

    def open(self) -> None:
        """Forget the episode before; the clip holds another one."""
        self._serial += 1
        self._next: int | None = None
        self._wanted_ns: int | None = None
        self._target: int | None = None
        self._numbers: dict[str, int] = {}
        self._answer: dict[str, Any] | None = None
        self._is_ready = False
        self.paths = Paths.none()
        self.pictures.open(self._clip.ask_plain)

    def _on_ready(self) -> None:
        paths, self.recorded = self.paths, RecordedLive(self._clip.info)
        self.paths = paths
        self._is_ready = True
        self._begin_next()

    @property
    def paths(self) -> Paths:
        """Where the tool went in the whole take; set when it is known."""
        return self.recorded.paths

    @paths.setter
    def paths(self, paths: Paths) -> None:
        self.recorded.paths = paths

    def look(self, t_ns: int, rate: float = 0.0) -> None:
        """Want a time; `rate` is how fast the playhead moves (seconds per second, negative: backwards)."""
        self._next, self._wanted_ns, self._rate = t_ns, t_ns, rate
        if self._target is None:
            self._begin_next()

    def is_news(self, t_ns: int) -> bool:
        """Whether a camera has another picture at a time than at the one that was wanted last, or long has passed."""
        clip, last = self._clip, self._wanted_ns
        if not self._is_ready or last is None or abs(t_ns - last) > QUIET_NS:
            return True
        return any(
            self._number(topic, t_ns) != self._number(topic, last)
            for topic in clip.cameras if len(clip.times[topic])
        )  # fmt: skip

    def _begin_next(self) -> None:
        if self._next is None or not self._is_ready:
            return
        t_ns, self._next = self._next, None
        self._target, self._answer = t_ns, None
        clip = self._clip
        self._numbers = {topic: self._number(topic, t_ns) for topic in clip.cameras if len(clip.times[topic])}
        for topic, index in self._numbers.items():
            self.pictures.want(topic, index, self._ahead(topic, index), self._rate != 0.0)
        times = [int(clip.times[topic][index]) for topic, index in self._numbers.items()]
        clip.ask_plain(
            "moment", partial(self._on_answer, self._serial, t_ns), t_ns=t_ns,
            since_ns=self.recorded.since(t_ns), pictures_ns=times,
        )  # fmt: skip

    def _stride(self, topic: str) -> int:
        """Return how many pictures further the next one is looked at: all of them while it stands and up to ×1."""
        times = self._clip.times[topic]
        period = max(1.0, float(times[-1] - times[0]) / max(1, len(times) - 1))
        return max(1, round(abs(self._rate) * SHOWN_NS / period)) if abs(self._rate) > 1.0 else 1

    def _number(self, topic: str, t_ns: int) -> int:
        """Return the picture of a camera for a time: at a high speed one of those that were fetched ahead."""
        index = self._clip.nearest(topic, t_ns)
        return index - index % self._stride(topic)

    def _ahead(self, topic: str, index: int) -> list[int]:
        """Return which pictures will be wanted: those that the playhead meets at each tick, or the neighbours."""
        times = self._clip.times[topic]
        if self._rate == 0.0:
            found = [index + beside for beside in BESIDE]
        else:
            step = self._stride(topic) * (1 if self._rate > 0 else -1)
            found = [index + step * count for count in range(1, AHEAD + 1)]
        return [each for each in found if 0 <= each < len(times)]

    def _on_answer(self, serial: int, t_ns: int, answer: Answer) -> None:
        if serial != self._serial or t_ns != self._target:
            return
        if answer.ok:
            self._answer = answer.result
        else:
            self._target = None  # nothing to show of this time
            self.failed.emit(answer.error)
            self._begin_next()
            return
        self._try()

    def _try(self) -> None:
        if self._target is None or self._answer is None:
            return
        if not all(self.pictures.has(topic, index) for topic, index in self._numbers.items()):
            return
        t_ns, answer, self._target = self._target, self._answer, None
        try:
            live = self.recorded.at(answer)
            poses = unpack(answer["poses"])
        except WireError as error:
            self.failed.emit(error.sentence())
            live, poses = Live(), np.zeros((0, 7))
        pictures = tuple(self._picture(*each, live, poses) for each in enumerate(self._numbers))
        self.shown.emit(Moment(t_ns, pictures, live))
        self._begin_next()

    def _picture(self, number: int, topic: str, live: Live, poses: np.ndarray) -> Shown:
        index = self._numbers[topic]
        pose = poses[number] if number < len(poses) else None
        t_ns = int(self._clip.times[topic][index])
        return Shown(topic, index, t_ns, self.pictures.image(topic, index), at_pose(live, pose))
