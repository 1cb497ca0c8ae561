"""The workspace Review: see, feel and judge what was recorded; nothing in an episode file is ever changed."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedLayout, QVBoxLayout, QWidget

from widgets.context import WindowContext
from widgets.page import Page
from widgets.parts.empty import Empty
from widgets.parts.episodes import EpisodeItem
from widgets.parts.library import Library
from widgets.parts.picture import Picture
from widgets.parts.strip import tell_strip
from widgets.parts.text import label
from widgets.review.clip import Clip
from widgets.review.episode_list import NOTHING, EpisodeList
from widgets.review.export_dialog import ExportDialog
from widgets.review.import_dialog import ImportDialog
from widgets.review.labels_panel import NO_EPISODE, LabelsPanel
from widgets.review.player import Player
from widgets.review.timeline import Timeline
from widgets.review.touch_view import TouchView
from widgets.review.transport import Transport

LIST_WIDTH = 328
REFRESH_MS = 400


class ReviewPage(Page):
    """List at the left; pictures, touch, curves and labels of the selected episode at the right."""

    title = "Review"
    icon = "review"
    key = 2
    key_help = (
        ("", "Play"),
        ("K or Space", "Play, pause"),
        ("J  L", "Backwards, forwards; again: faster"),
        ("←  →", "One picture back, on (with Shift: ten)"),
        ("Home  End", "Start, end"),
        ("−  +", "Slower, faster"),
        ("", "Judge"),
        ("S  F  D", "Success, failure, discard"),
        ("1  2  3  4", "Mark a phase: approach, contact, slide, release"),
        ("Backspace", "Take the last phase mark away"),
        ("I  O  Shift+X", "Trim: in, out, whole take"),
        ("Ctrl+Z  Ctrl+Shift+Z", "Undo, redo"),
        ("", "List"),
        ("PgUp  PgDn", "Previous, next episode"),
        ("/", "Search"),
        ("Ctrl+E", "Export"),
    )

    def __init__(self, context: WindowContext) -> None:
        super().__init__(context)
        theme = context.theme
        self.library = Library.of(context)
        self.clip, self.player = Clip(self.library, self), Player(self)
        self.list = EpisodeList(context, self.library)
        self.cameras = [Picture(theme, name) for name in ("Scene", "Wrist")]
        self.touch = TouchView(theme)
        self.timeline = Timeline(theme)
        self.transport = Transport(theme, self.player)
        self.panel = LabelsPanel(theme)
        self.heading, self.about = label("", "title"), label("", "muted")
        self.empty = Empty(theme)
        self.exporting, self.importing = (
            ExportDialog(context, self),
            ImportDialog(context, self.library, self),
        )
        self._phases: list[tuple[int, str]] = []
        self._refresh = QTimer(self)
        self._refresh.setSingleShot(True)
        self._refresh.setInterval(REFRESH_MS)
        self._build()
        self._connect()
        self._show_episode(None)

    def _build(self) -> None:
        theme = self.context.theme
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setHandleWidth(theme.grid(2))
        self.list.setMinimumWidth(280)
        right = QWidget()
        self._stack = QStackedLayout(right)
        self._stack.addWidget(self._build_viewer())
        self._stack.addWidget(self.empty)
        self._splitter.addWidget(self.list)
        self._splitter.addWidget(right)
        self._splitter.setStretchFactor(1, 1)
        self._splitter.setSizes([LIST_WIDTH, 1000])
        layout = QVBoxLayout(self)
        side = theme.grid(2)
        layout.setContentsMargins(side, side, side, side)
        layout.addWidget(self._splitter)

    def _build_viewer(self) -> QWidget:
        theme = self.context.theme
        viewer = QWidget()
        layout = QVBoxLayout(viewer)
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
        layout.addWidget(self.panel)
        return viewer

    def _connect(self) -> None:
        self.list.chosen.connect(self._on_chosen)
        self.list.listed.connect(self._on_listed)
        self.list.export_button.clicked.connect(self._on_export)
        self.list.import_button.clicked.connect(lambda: self.importing.open_for(self.list.folder))
        self.clip.curve.connect(self.timeline.show_curve)
        self.clip.picture.connect(self._on_picture)
        self.clip.field.connect(self._on_field)
        self.clip.labels.connect(self._on_labels)
        self.clip.failed.connect(lambda text: self.context.notifications.error(text, "review"))
        self.player.moved.connect(self._on_moved)
        self.transport.step_asked.connect(self._on_step)
        self.timeline.sought.connect(self._on_sought)
        self.timeline.trimmed.connect(self._on_trimmed)
        self.panel.changed.connect(lambda change: self.clip.change(**change))
        self.panel.undo_asked.connect(self.clip.undo)
        self.panel.redo_asked.connect(self.clip.redo)
        self.panel.trim_asked.connect(self._on_trim_asked)
        self.panel.phase_asked.connect(self._on_phase_asked)
        self.library.changed.connect(lambda _folder: self._refresh.start())
        self._refresh.timeout.connect(self.list.refresh)

    def appear(self) -> None:
        """List the folder again: something may have been recorded."""
        self.list.refresh()
        tell_strip(self.context, "REVIEW", "Nothing moves. Labels are kept beside the episode files.")

    def vanish(self) -> None:
        """Stop playing."""
        self.player.pause()

    def save_state(self) -> dict[str, object]:
        """Return the folder and the width of the list."""
        return {"folder": self.list.folder_name, "sizes": self._splitter.sizes()}

    def restore_state(self, state: dict[str, object]) -> None:
        """Take over folder and width."""
        self.list.choose_folder(str(state.get("folder", "")))
        sizes = state.get("sizes")
        if isinstance(sizes, list) and len(sizes) == 2 and all(sizes):
            self._splitter.setSizes([int(size) for size in sizes])

    def keyPressEvent(self, event: Any) -> None:
        """Page through the list."""
        steps = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}.get(event.key())
        if steps is None:
            super().keyPressEvent(event)
        else:
            self.list.step(steps)

    def _on_listed(self, count: int) -> None:
        if count == 0:
            self.empty.say("Nothing to review yet", NOTHING[self.list.folder_name])
        elif self.clip.item is None:
            self.empty.say("Choose an episode", "It is shown here with its pictures, force and touch.")

    def _on_export(self) -> None:
        here = self.list
        self.exporting.open_for(here.folder, here.model.items, here.shown(), here.current())

    def _on_chosen(self, item: EpisodeItem | None) -> None:
        known = self.clip.item
        if item is not None and known is not None and item.uuid == known.uuid:
            return  # the list was read again
        self.player.pause()
        self.clip.open(self.list.folder, item)
        self._show_episode(item)

    def _show_episode(self, item: EpisodeItem | None) -> None:
        self.panel.open(item)
        self.transport.allow(NO_EPISODE if item is None else "This file is broken." if item.broken else "")
        self._stack.setCurrentIndex(1 if item is None or item.broken else 0)
        for camera in self.cameras:
            camera.clear("Loading …" if item is not None else "")
        self.touch.show_field(np.zeros((0, 3)), None)
        if item is None:
            return
        if item.broken:
            self.empty.say("This episode cannot be read", item.broken)
            return
        name = "Episode" if item.seed is None else f"Seed {item.seed}"
        self.heading.setText(f"{name} · {item.task}" if item.task else name)
        self.about.setText(" · ".join(self._facts(item)))
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

    @staticmethod
    def _facts(item: EpisodeItem) -> list[str]:
        facts = [item.operator, item.created[:16].replace("T", " ")]
        if item.score is not None:
            facts.append(f"score {item.score:.2f}")
        if item.peak_force_n is not None:
            facts.append(f"peak {item.peak_force_n:.1f} N")
        if item.recovered:
            facts.append("recovered after a crash")
        if item.dropped:
            facts.append(f"{item.dropped} samples dropped")
        marked = {f"{flag.topic} {flag.kind}" for flag in item.flags if flag.kind != "gap"}
        facts.extend(sorted(marked))
        if item.provenance:
            facts.append(str(item.provenance.get("kind", "derived")))
        return [fact for fact in facts if fact]

    def _on_moved(self, t_ns: int) -> None:
        self.timeline.show_head(t_ns)
        self.transport.show_time(t_ns - self.player.start_ns, self.player.end_ns - self.player.start_ns)
        self.clip.look(t_ns)

    def _on_sought(self, t_ns: int) -> None:
        self.player.pause()
        self.player.seek(t_ns)

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
        self.panel.show_labels(result)
        labels = result["labels"]
        self.timeline.show_trim(labels["trim_start_ns"], labels["trim_end_ns"])
        self.timeline.show_phases(tuple((int(t_ns), str(name)) for t_ns, name in labels["phases"]))
        self._phases = [(int(t_ns), str(name)) for t_ns, name in labels["phases"]]

    def _on_trimmed(self, start_ns: int | None, end_ns: int | None) -> None:
        self.clip.change(trim_start_ns=start_ns, trim_end_ns=end_ns)

    def _on_trim_asked(self, side: str) -> None:
        start, end = self.timeline.trim()
        at = self.player.t_ns
        if side == "clear":
            start = end = None
        elif side == "start":
            start = at if at > self.player.start_ns else None
        else:
            end = at if at < self.player.end_ns else None
        self.clip.change(trim_start_ns=start, trim_end_ns=end)

    def _on_phase_asked(self, name: str) -> None:
        marks = list(self._phases)
        if not name:
            marks = marks[:-1]
        else:
            marks = sorted([mark for mark in marks if mark[1] != name] + [(self.player.t_ns, name)])
        self.clip.change(phases=marks)
