"""The open episode: its pictures, touch and curves under one playhead, and the labels that lie on the time axis."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from widgets.context import WindowContext
from app.core.episodes import EpisodeRow
from widgets.parts.library import Library
from widgets.parts.picture import Picture
from widgets.parts.text import label
from widgets.review.clip import Clip
from widgets.review.labels_panel import NO_EPISODE
from widgets.review.player import Player
from widgets.review.timeline import Timeline
from widgets.review.touch_view import TouchView
from widgets.review.transport import Transport


class Viewer(QWidget):
    """Shows the episode that `clip` holds; `player` says at which time.

    Attributes:
        clip, player: The episode and the playhead.
        phases: Phase marks (session time in ns, name) as they are now.
    """

    def __init__(self, context: WindowContext, library: Library) -> None:
        super().__init__()
        self.context = context
        theme = context.theme
        self.clip, self.player = Clip(library, self), Player(self)
        self.cameras = [Picture(theme, name) for name in ("Scene", "Wrist")]
        self.touch = TouchView(theme)
        self.timeline = Timeline(theme)
        self.transport = Transport(theme, self.player)
        self.heading, self.about = label("", "title"), label("", "muted")
        self.phases: list[tuple[int, str]] = []
        self._build()
        self._connect()

    def _build(self) -> None:
        theme = self.context.theme
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.grid())
        top = QHBoxLayout()
        top.addWidget(self.heading)
        top.addStretch(1)
        top.addWidget(self.about)
        pictures = QHBoxLayout()
        pictures.setSpacing(theme.grid())
        for camera in self.cameras:
            pictures.addWidget(camera, 4)
        pictures.addWidget(self.touch, 3)
        layout.addLayout(top)
        layout.addLayout(pictures, 6)
        layout.addWidget(self.transport)
        layout.addWidget(self.timeline, 5)

    def _connect(self) -> None:
        self.clip.curve.connect(self.timeline.show_curve)
        self.clip.picture.connect(self._on_picture)
        self.clip.field.connect(self._on_field)
        self.clip.labels.connect(self._on_labels)
        self.clip.failed.connect(lambda text: self.context.notifications.error(text, "review"))
        self.player.moved.connect(self._on_moved)
        self.transport.step_asked.connect(self._on_step)
        self.timeline.sought.connect(self._on_sought)
        self.timeline.trimmed.connect(self._on_trimmed)

    def show_episode(self, item: EpisodeRow | None) -> None:
        """Show another episode (`clip` holds it already), or none."""
        self.transport.allow(NO_EPISODE if item is None else "This file is broken." if item.broken else "")
        for camera in self.cameras:
            camera.clear("Loading …" if item is not None else "")
        self.touch.show_field(np.zeros((0, 3)), None)
        if item is None or item.broken:
            return
        name = "Episode" if item.seed is None else f"Seed {item.seed}"
        self.heading.setText(f"{name} · {item.task}" if item.task else name)
        self.about.setText(" · ".join(facts_of(item)))
        self.about.setToolTip(f"{item.uuid}\n{item.path}")
        for camera, topic in zip(self.cameras, [*self.clip.cameras, "", ""], strict=False):
            camera.caption = topic.split("/")[0].capitalize()
            if not topic:
                camera.clear(
                    "This episode has no second camera"
                    if self.clip.cameras
                    else "This episode has no picture"
                )
        self.timeline.open(item.start_ns, item.end_ns)
        self.timeline.show_flags(item.flags)
        self.player.open(item.start_ns, item.end_ns)
        self._on_moved(item.start_ns)

    def jump(self, t_ns: int) -> None:
        """Stand still at a time: a person, a flag or a finding points there."""
        self.player.pause()
        self.player.seek(t_ns)

    def _on_moved(self, t_ns: int) -> None:
        self.timeline.show_head(t_ns)
        self.transport.show_time(t_ns - self.player.start_ns, self.player.end_ns - self.player.start_ns)
        self.clip.look(t_ns)

    def _on_sought(self, t_ns: int) -> None:
        self.jump(t_ns)

    def _on_step(self, steps: int) -> None:
        self.player.pause()
        self.player.seek(self.clip.neighbour_ns(self.player.t_ns, steps))

    def _on_picture(self, topic: str, t_ns: int, jpeg: bytes) -> None:
        index = self.clip.cameras.index(topic) if topic in self.clip.cameras else -1
        if 0 <= index < len(self.cameras):
            self.cameras[index].show_jpeg(jpeg, f"{self.timeline.seconds(t_ns):.2f} s")

    def _on_field(self, field_mm: np.ndarray) -> None:
        self.touch.show_field(self.clip.markers_m, field_mm)

    def _on_labels(self, result: dict[str, Any]) -> None:
        labels = result["labels"]
        self.timeline.show_trim(labels["trim_start_ns"], labels["trim_end_ns"])
        self.phases = [(int(t_ns), str(name)) for t_ns, name in labels["phases"]]
        self.timeline.show_phases(tuple(self.phases))

    def _on_trimmed(self, start_ns: int | None, end_ns: int | None) -> None:
        self.clip.change(trim_start_ns=start_ns, trim_end_ns=end_ns)

    def trim_here(self, side: str) -> None:
        """Set "start" or "end" of the trim at the playhead, or "clear" both."""
        start, end = self.timeline.trim()
        at = self.player.t_ns
        if side == "clear":
            start = end = None
        elif side == "start":
            start = at if at > self.player.start_ns else None
        else:
            end = at if at < self.player.end_ns else None
        self.clip.change(trim_start_ns=start, trim_end_ns=end)

    def mark_phase(self, name: str) -> None:
        """Mark a phase at the playhead; empty takes the last mark away."""
        marks = list(self.phases)
        if not name:
            marks = marks[:-1]
        else:
            marks = sorted([mark for mark in marks if mark[1] != name] + [(self.player.t_ns, name)])
        self.clip.change(phases=marks)


def facts_of(item: EpisodeRow) -> list[str]:
    """Return what the heading says of an episode besides its name."""
    facts = [item.operator, item.created[:16].replace("T", " ")]
    if item.score is not None:
        facts.append(f"score {item.score:.2f}")
    if item.peak_force_n is not None:
        facts.append(f"peak {item.peak_force_n:.1f} N")
    if item.recovered:
        facts.append("recovered after a crash")
    if item.dropped:
        facts.append(f"{item.dropped} samples dropped")
    facts.extend(sorted({f"{flag.topic} {flag.kind}" for flag in item.flags if flag.kind != "gap"}))
    if item.provenance:
        facts.append(str(item.provenance.get("kind", "derived")))
    return [fact for fact in facts if fact]
