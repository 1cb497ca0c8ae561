"""The episode that is open in Review: what the reader said of it. Its pictures come through `widgets.review.scrub`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.core.episodes import EpisodeRow
from app.core.errors import WireError
from app.core.wire.messages import ServerInfo
from app.review.arrays import unpack
from widgets.bridge.letters import Answer, Callback
from widgets.parts.library import Library
from widgets.review.recorded import Paths, info_of

POINTS = 1200


class Clip(QObject):
    """One open episode.

    Signals:
        opened(): `item` changed; curves and pictures follow.
        ready(): `info` and the `times` of all cameras are known.
        paths(object): Where the tool went, `widgets.review.recorded.Paths`.
        curve(str, object): Name ("force" or "touch") and (t_ns (n,), min (n, columns), max (n, columns)).
        labels(dict): The labels as they are now, with `can_undo` and `can_redo`.
        stepped(str, dict): An undo or redo was asked of this uuid; what the reader said of it.
        failed(str): The reader could not answer; a sentence for the person.
    """

    opened = Signal()
    curve = Signal(str, object)
    ready = Signal()
    paths = Signal(object)
    labels = Signal(dict)
    stepped = Signal(str, dict)
    failed = Signal(str)

    def __init__(self, library: Library, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._library = library
        self.folder = Path()
        self.item: EpisodeRow | None = None
        self.info: ServerInfo | None = None
        self.times: dict[str, np.ndarray] = {}
        self._shown: dict[str, str] = {}

    @property
    def cameras(self) -> list[str]:
        """Topics of the colour pictures, the scene first; the picture of a gel, seen from inside, is none of them."""
        topics = self.item.topics if self.item is not None else ()
        gels = {topic.partition("/")[0] for topic in topics if topic.endswith("/field")}
        return sorted(
            (t for t in topics if t.endswith("/color") and t.partition("/")[0] not in gels),
            key=lambda t: (t.startswith("wrist"), t),
        )

    @property
    def wrenches(self) -> list[str]:
        """Topics of the wrenches."""
        return self._of("/wrench")

    @property
    def fields(self) -> list[str]:
        """Topics of the touch fields."""
        return self._of("/field")

    def _of(self, signal: str) -> list[str]:
        topics = self.item.topics if self.item is not None else ()
        return [topic for topic in sorted(topics) if topic.endswith(signal)]

    def open(self, folder: Path, item: EpisodeRow | None) -> None:
        """Open an episode of a folder, or none."""
        self.folder, self.item, self.info = folder, item, None
        self.times = {}
        self._shown.clear()
        self.opened.emit()
        if item is None or item.broken:
            return
        self._ask("labels", self._take_labels)
        self._ask("describe", self._take_description)
        for topic in self.cameras:
            self._ask("times", partial(self._take_times, topic), topic=topic)
        self._ask_paths()
        for name, topics in (("force", self.wrenches), ("touch", self.fields)):
            if topics:
                self.show_curve(name, topics[0])

    def show_curve(self, name: str, topic: str) -> None:
        """Ask for the curve "force" of a wrench or "touch" of a field."""
        self._shown[name] = topic
        take = partial(self._take_curve, name, topic)
        if name == "force":
            self._ask("series", take, topic=topic, columns=[0, 1, 2], points=POINTS, length=True)
        else:
            self._ask("touch", take, topic=topic, points=POINTS)

    def curve_topic(self, name: str) -> str:
        """Return of which topic the curve "force" or "touch" is; empty for none."""
        return self._shown.get(name, "")

    def _ask_paths(self) -> None:
        assert self.item is not None
        if any(topic.endswith("/applied") for topic in self.item.topics):
            self._ask("paths", lambda result: self.paths.emit(Paths.of(result)))

    def ask_plain(self, name: str, callback: Callback, **arguments: Any) -> None:
        """Ask the reader about the open episode; the answer comes as it is, whatever was opened meanwhile."""
        if self.item is not None:
            self._library.ask(self.folder, name, callback, episode=self.item.uuid, **arguments)

    def ask(self, name: str, take: Callable[[Any], None], **arguments: Any) -> None:
        """Ask the reader about the open episode; `take(result)` runs if it is still open and nothing went wrong."""
        if self.item is not None:
            self._ask(name, take, **arguments)

    def _ask(self, name: str, take: Callable[[Any], None], **arguments: Any) -> None:
        assert self.item is not None
        uuid = self.item.uuid

        def done(answer: Answer) -> None:
            if self.item is None or self.item.uuid != uuid:
                return  # another one was opened meanwhile
            if not answer.ok:
                self.failed.emit(answer.error)
                return
            try:
                take(answer.result)
            except WireError as error:
                self.failed.emit(error.sentence())

        self._library.ask(self.folder, name, done, episode=uuid, **arguments)

    def _take_labels(self, result: dict[str, Any]) -> None:
        self.labels.emit(result)

    def _take_description(self, result: dict[str, Any]) -> None:
        self.info = info_of(result)
        self._tell_ready()

    def _take_times(self, topic: str, result: dict[str, Any]) -> None:
        self.times[topic] = unpack(result["t_ns"])
        self._tell_ready()

    def _tell_ready(self) -> None:
        if self.info is not None and all(topic in self.times for topic in self.cameras):
            self.ready.emit()

    def _take_curve(self, name: str, topic: str, result: dict[str, Any]) -> None:
        if self._shown.get(name) == topic:
            self.curve.emit(name, (unpack(result["t"]), unpack(result["min"]), unpack(result["max"])))

    def ask_labels(self) -> None:
        """Ask for the labels again: another window, or a step over many episodes, may have changed them."""
        self.ask("labels", self._take_labels)

    def change(self, **change: Any) -> None:
        """Change labels (fields of `recorders.labels.Labels`) as one step that can be undone."""
        self._relabel("change", change=change)

    def undo(self) -> None:
        """Take the last change of the labels back."""
        self._relabel("undo")

    def redo(self) -> None:
        """Make an undone change again."""
        self._relabel("redo")

    def _relabel(self, name: str, **arguments: Any) -> None:
        if self.item is None:
            return
        uuid = self.item.uuid

        def done(answer: Answer) -> None:
            if not answer.ok:
                self.failed.emit(answer.error)
                return
            if name != "change":
                self.stepped.emit(uuid, answer.result)
            if self.item is not None and self.item.uuid == uuid == answer.result["episode"]:
                self.labels.emit(answer.result)

        self._library.change(self.folder, name, done, episode=uuid, **arguments)

    def read_labels(self) -> None:
        """Ask for the labels again: something else changed them."""
        if self.item is not None and not self.item.broken:
            self._ask("labels", self._take_labels)

    def nearest(self, topic: str, t_ns: int) -> int:
        """Return the number of a camera's picture nearest to a time; the earlier of two as near."""
        times = self.times[topic]
        after = int(np.searchsorted(times, t_ns))
        if after == 0 or after == len(times):
            return max(0, min(after, len(times) - 1))
        return after if times[after] - t_ns < t_ns - times[after - 1] else after - 1

    def neighbour_ns(self, t_ns: int, steps: int) -> int:
        """Return the time of the picture that lies `steps` after the one shown at `t_ns`, of the fastest camera."""
        known = [topic for topic in self.cameras if len(self.times.get(topic, ()))]
        if not known:
            return t_ns
        topic = max(known, key=lambda each: len(self.times[each]))
        times = self.times[topic]
        return int(times[min(max(self.nearest(topic, t_ns) + steps, 0), len(times) - 1)])
