"""The open episode: its pictures, touch and curves under one playhead, and the labels that lie on the time axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from app.core.episodes import EpisodeRow
from widgets.bridge.feed import summary
from widgets.context import WindowContext
from widgets.parts.library import Library
from widgets.parts.text import label
from widgets.review.clip import Clip
from widgets.review.labels_panel import NO_EPISODE
from widgets.review.phase_bulk import PhaseBulk
from widgets.review.phase_tools import PhaseTools
from widgets.review.player import Player
from widgets.review.recorded import Paths
from widgets.review.scrub import Moment, Scrub
from widgets.review.segments import (
    Mark,
    Subtask,
    marked,
    moved_mark,
    stretched,
    subtask_made,
    subtask_moved,
    subtask_renamed,
    unmarked,
)
from widgets.review.stage import Stage
from widgets.review.timeline import Timeline
from widgets.review.transport import Transport


class Viewer(QWidget):
    """Shows the episode that `clip` holds; `player` says at which time.

    Attributes:
        clip, player: The episode and the playhead.
        tools, bulk: Propose contact phases, for this episode and for many.
        listed: Returns the episodes that the list shows; the page sets it.
        scrub, stage: Gathers what belongs to the playhead's time, and shows it.
        phases: Phase marks (session time in ns, name) as they are now.
        subtasks: What is done from when to when (ns, ns, words), as it is now.
    """

    def __init__(self, context: WindowContext, library: Library) -> None:
        super().__init__()
        self.context = context
        theme = context.theme
        self.clip, self.player = Clip(library, self), Player(self)
        self.scrub, self.stage = Scrub(self.clip, self), Stage(context)
        self.timeline = Timeline(theme)
        self.transport = Transport(theme, self.player)
        self.tools = PhaseTools(context, self.clip, self.timeline)
        self.bulk = PhaseBulk(library, self)
        self.listed: Callable[[], Sequence[EpisodeRow]] = tuple
        self.heading, self.about = label("", "title"), label("", "muted")
        self.phases: list[Mark] = []
        self.subtasks: list[Subtask] = []
        self._was_playing = False
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
        below = QWidget()
        column = QVBoxLayout(below)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.grid())
        column.addWidget(self.transport)
        column.addWidget(self.timeline, 1)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(theme.grid())
        self.splitter.addWidget(self.stage)
        self.splitter.addWidget(below)
        self.splitter.setSizes([400, 460])
        self.splitter.setStretchFactor(0, 2)
        self.splitter.setStretchFactor(1, 3)
        layout.addLayout(top)
        layout.addWidget(self.splitter, 1)

    def _connect(self) -> None:
        self.clip.curve.connect(self.timeline.show_curve)
        self.clip.ready.connect(self._on_ready)
        self.clip.paths.connect(self._on_paths)
        self.scrub.shown.connect(self._on_shown)
        self.scrub.failed.connect(lambda text: self.context.notifications.error(text, "review"))
        QShortcut(QKeySequence("E"), self).activated.connect(self.stage.enlarge_next)
        self.clip.labels.connect(self._on_labels)
        self.clip.failed.connect(lambda text: self.context.notifications.error(text, "review"))
        self.player.moved.connect(self._on_moved)
        self.player.changed.connect(self._on_player_changed)
        self.transport.step_asked.connect(self._on_step)
        self.timeline.sought.connect(self.jump)
        self.timeline.trimmed.connect(self._on_trimmed)
        self.timeline.curve_asked.connect(self.clip.show_curve)
        self._connect_bands()

    def _connect_bands(self) -> None:
        phases, subtasks = self.timeline.phases, self.timeline.subtasks
        phases.moved.connect(self._on_phase_moved)
        subtasks.made.connect(self._on_subtask_made)
        subtasks.renamed.connect(self._on_subtask_renamed)
        subtasks.moved.connect(self._on_subtask_moved)
        QShortcut(QKeySequence("N"), self).activated.connect(self._write_subtask)
        QShortcut(QKeySequence(","), self).activated.connect(lambda: self.step_flag(-1))
        QShortcut(QKeySequence("."), self).activated.connect(lambda: self.step_flag(1))
        self.tools.bulk_asked.connect(
            lambda thresholds: self.bulk.start(self.clip.folder, self.listed(), thresholds)
        )
        self.bulk.told.connect(lambda text: self.context.notifications.info(text, "review"))
        self.bulk.failed.connect(lambda text: self.context.notifications.error(text, "review"))
        self.bulk.written.connect(self.clip.ask_labels)

    def show_episode(self, item: EpisodeRow | None) -> None:
        """Show another episode (`clip` holds it already), or none."""
        self.transport.allow(NO_EPISODE if item is None else "This file is broken." if item.broken else "")
        self.scrub.open()
        if item is None or item.broken:
            return
        name = "Episode" if item.seed is None else f"Seed {item.seed}"
        self.heading.setText(f"{name} · {item.task}" if item.task else name)
        self.about.setText(" · ".join(facts_of(item)))
        self.about.setToolTip(f"{item.uuid}\n{item.path}")
        self.stage.open(self.clip.cameras, "Loading …")
        self.timeline.offer("force", self.clip.wrenches)
        self.timeline.offer("touch", self.clip.fields)
        self.timeline.open(item.start_ns, item.end_ns)
        self.timeline.show_flags(item.flags)
        self.player.open(item.start_ns, item.end_ns)
        self._on_moved(item.start_ns)

    def jump(self, t_ns: int) -> None:
        """Stand still at a time: a person, a flag or a finding points there."""
        self.player.pause()
        self.player.seek(t_ns)

    def step_flag(self, step: int) -> None:
        """Go to the next flag (1) or the one before (-1); at the last one nothing moves."""
        t_ns = None if self.clip.item is None else self.timeline.next_flag(self.player.t_ns, step)
        if t_ns is not None:
            self.timeline.flag_asked.emit(t_ns)

    def _on_moved(self, t_ns: int) -> None:
        self.transport.show_time(t_ns - self.player.start_ns, self.player.end_ns - self.player.start_ns)
        if not self.player.playing:
            self.timeline.show_head(t_ns)
            self.scrub.look(t_ns)
        elif self.scrub.is_news(t_ns) or t_ns in (self.player.start_ns, self.player.end_ns):
            self.scrub.look(t_ns, self.player.rate)

    def _on_player_changed(self) -> None:
        was_playing, self._was_playing = self._was_playing, self.player.playing
        if was_playing and not self.player.playing and self.clip.item is not None:
            self._on_moved(self.player.t_ns)  # what took turns while it played is shown whole

    def _on_step(self, steps: int) -> None:
        self.player.pause()
        self.player.seek(self.clip.neighbour_ns(self.player.t_ns, steps))

    def _on_ready(self) -> None:
        if self.clip.info is not None and self.clip.item is not None:
            self.stage.describe(self.clip.info, self.clip.item.created)

    def _on_paths(self, paths: Paths) -> None:
        self.scrub.paths = paths
        self.stage.show_paths(paths)

    def _on_shown(self, moment: Moment) -> None:
        if self.player.playing:
            self.timeline.show_head(moment.t_ns)
        for touch in moment.live.touches:
            if touch.wrench is not None and f"{touch.name}/wrench" == self.clip.curve_topic("force"):
                self.timeline.show_values("force", [*touch.wrench[:3], touch.force_n or 0.0])
            if touch.displacement is not None and f"{touch.name}/field" == self.clip.curve_topic("touch"):
                self.timeline.show_values(
                    "touch", [float(each) for each in summary(touch.displacement[None])[0]]
                )
        self.stage.show_moment(moment, self.player.start_ns, whole=not self.player.playing)

    def _on_labels(self, result: dict[str, Any]) -> None:
        labels = result["labels"]
        self.timeline.show_trim(labels["trim_start_ns"], labels["trim_end_ns"])
        self.phases = [(int(t_ns), str(name)) for t_ns, name in labels["phases"]]
        self.subtasks = [(int(start), int(end), str(text)) for start, end, text in labels["subtasks"]]
        self.timeline.show_phases(self.phases)
        self.timeline.show_subtasks(self.subtasks)

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
        """Let a phase begin at the playhead; empty takes the phase there away."""
        at = self.player.t_ns
        self.clip.change(phases=marked(self.phases, at, name) if name else unmarked(self.phases, at))

    def _on_phase_moved(self, index: int, _side: str, seconds: float) -> None:
        self.clip.change(phases=moved_mark(self.phases, index, self.timeline.to_ns(seconds)))

    def _write_subtask(self) -> None:
        if self.clip.item is not None:
            self.timeline.subtasks.write_at(self.timeline.seconds(self.player.t_ns))

    def _on_subtask_made(self, seconds: float, text: str) -> None:
        t_ns, end_ns = self.timeline.to_ns(seconds), self.player.end_ns
        self.clip.change(
            subtasks=subtask_made(self.subtasks, t_ns, text, stretched(self.phases, end_ns), end_ns)
        )

    def _on_subtask_renamed(self, index: int, text: str) -> None:
        self.clip.change(subtasks=subtask_renamed(self.subtasks, index, text))

    def _on_subtask_moved(self, index: int, side: str, seconds: float) -> None:
        self.clip.change(subtasks=subtask_moved(self.subtasks, index, side, self.timeline.to_ns(seconds)))


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
