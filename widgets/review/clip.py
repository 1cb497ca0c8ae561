"""The episode that is open in Review: what the reader said of it, and the newest pictures asked for.

At most one question per picture is on its way; while it is, only the newest wanted time is remembered.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.core.errors import WireError
from app.review.arrays import unpack
from widgets.bridge.letters import Answer
from app.core.episodes import EpisodeRow
from widgets.parts.library import Library

POINTS = 1200


class Clip(QObject):
    """One open episode.

    Signals:
        opened(): `item` changed; curves and pictures follow.
        curve(str, object): Name ("force" or "touch") and (t_ns (n,), min (n, columns), max (n, columns)).
        picture(str, object, bytes): Topic, its time in ns, the JPEG.
        field(object): Marker displacements (N, 3), mm, tool frame.
        labels(dict): The labels as they are now, with `can_undo` and `can_redo`.
        failed(str): The reader could not answer; a sentence for the person.
    """

    opened = Signal()
    curve = Signal(str, object)
    picture = Signal(str, object, bytes)
    field = Signal(object)
    labels = Signal(dict)
    failed = Signal(str)

    def __init__(self, library: Library, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._library = library
        self._busy: set[str] = set()
        self._wanted: dict[str, int] = {}
        self.folder = Path()
        self.item: EpisodeRow | None = None
        self.markers_m = np.zeros((0, 3))
        self.times: dict[str, np.ndarray] = {}

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
    def wrench(self) -> str:
        """Topic of the first wrench, empty if there is none."""
        return self._first("/wrench")

    @property
    def field_topic(self) -> str:
        """Topic of the first touch field, empty if there is none."""
        return self._first("/field")

    def _first(self, signal: str) -> str:
        topics = self.item.topics if self.item is not None else ()
        return next((topic for topic in sorted(topics) if topic.endswith(signal)), "")

    def open(self, folder: Path, item: EpisodeRow | None) -> None:
        """Open an episode of a folder, or none."""
        self.folder, self.item = folder, item
        self._wanted.clear()
        self.times.clear()
        self.markers_m = np.zeros((0, 3))
        self.opened.emit()
        if item is None or item.broken:
            return
        self._ask("labels", self._take_labels)
        self._ask("describe", self._take_description)
        for topic in self.cameras:
            self._ask("times", partial(self._take_times, topic), topic=topic)
        if self.wrench:
            self._ask(
                "series",
                partial(self._take_curve, "force"),
                topic=self.wrench,
                columns=[0, 1, 2],
                points=POINTS,
            )
        if self.field_topic:
            self._ask("touch", partial(self._take_curve, "touch"), topic=self.field_topic, points=POINTS)

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
        rig = result["attributes"].get("rig") or {}
        name = self.field_topic.partition("/")[0]
        touches = {touch["name"]: touch for touch in rig.get("touches") or ()}
        flat = touches.get(name, {}).get("markers_m") or rig.get("markers_m") or []
        self.markers_m = np.asarray(flat, dtype=float).reshape(-1, 3)

    def _take_times(self, topic: str, result: dict[str, Any]) -> None:
        self.times[topic] = unpack(result["t_ns"])

    def _take_curve(self, name: str, result: dict[str, Any]) -> None:
        self.curve.emit(name, (unpack(result["t"]), unpack(result["min"]), unpack(result["max"])))

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
            elif self.item is not None and self.item.uuid == uuid:
                self.labels.emit(answer.result)

        self._library.change(self.folder, name, done, episode=uuid, **arguments)

    def look(self, t_ns: int) -> None:
        """Ask for the pictures and the marker field at a time."""
        if self.item is None or self.item.broken:
            return
        for topic in self.cameras:
            self._want(topic, t_ns)
        if self.field_topic:
            self._want(self.field_topic, t_ns)

    def _want(self, topic: str, t_ns: int) -> None:
        self._wanted[topic] = t_ns
        if topic not in self._busy:
            self._fetch(topic)

    def _fetch(self, topic: str) -> None:
        t_ns = self._wanted.pop(topic, None)
        if t_ns is None or self.item is None:
            return
        self._busy.add(topic)
        name = "field" if topic == self.field_topic else "frame"
        self._library.ask(
            self.folder, name, partial(self._on_fetched, topic, self.item.uuid), episode=self.item.uuid,
            topic=topic, t_ns=t_ns,
        )  # fmt: skip

    def _on_fetched(self, topic: str, uuid: str, answer: Answer) -> None:
        self._busy.discard(topic)
        if self.item is not None and self.item.uuid == uuid:
            if not answer.ok:
                self.failed.emit(answer.error)
            elif topic == self.field_topic:
                self.field.emit(unpack(answer.result["data"]))
            else:
                self.picture.emit(topic, answer.result["t_ns"], answer.result["jpeg"])
        self._fetch(topic)

    def neighbour_ns(self, t_ns: int, steps: int) -> int:
        """Return the time of the picture that lies `steps` after the one shown at `t_ns`."""
        times = self.times.get(self.cameras[0]) if self.cameras else None
        if times is None or len(times) == 0:
            return t_ns
        shown = int(np.abs(times - t_ns).argmin())
        return int(times[min(max(shown + steps, 0), len(times) - 1)])
