"""The workspace Review: see, feel and judge what was recorded; nothing in an episode file is ever changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QScrollArea,
    QSplitter,
    QStackedLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.core.episodes import EpisodeRow
from widgets.bridge.letters import Callback
from widgets.context import WindowContext
from widgets.page import Page
from widgets.parts.library import Library
from widgets.parts.plan import Plan
from widgets.parts.sides import Sides
from widgets.parts.strip import tell_strip
from widgets.review.broken import BrokenOrNothing
from widgets.review.bulk_panel import BulkPanel
from widgets.review.episode_list import NOTHING, EpisodeList
from widgets.review.export_dialog import ExportDialog
from widgets.review.import_dialog import ImportDialog
from widgets.review.labels_panel import LabelsPanel
from widgets.review.life import Life
from widgets.review.quality_panel import QualityPanel
from widgets.review.quality_run import QualityRun
from widgets.review.statistics import StatisticsView
from widgets.review.viewer import Viewer
from widgets.review.watch_bar import WatchBar

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
        (",  .", "Flag before, next flag"),
        ("E", "Make the next view large (or double click)"),
        ("−  +", "Slower, faster"),
        ("", "Judge"),
        ("S  F  D", "Success, failure, discard"),
        ("1  2  3  4", "A phase begins here: approach, contact, slide, release"),
        ("Backspace", "Take the phase at the playhead away"),
        ("P  Shift+P", "Propose contact phases; accept them"),
        ("N", "Say in words what is done here (subtask)"),
        ("I  O  Shift+X", "Trim: in, out, whole take"),
        ("C  Shift+C", "Split at the playhead; join with the next part"),
        ("X  Del", "Reject; put into the trash"),
        ("Ctrl+Z  Ctrl+Shift+Z", "Undo, redo"),
        ("", "List"),
        ("PgUp  PgDn", "Previous, next episode"),
        ("Shift+click  Ctrl+A", "Select several: they are labelled together"),
        ("/  Ctrl+F", "Search; filter"),
        ("W", "Only those worth watching"),
        ("G", "Statistics of the folder"),
        ("Q", "Quality of the open episode, or its labels"),
        ("Ctrl+E", "Export"),
    )

    def __init__(self, context: WindowContext) -> None:
        super().__init__(context)
        theme = context.theme
        self.library = Library.of(context)
        self.viewer = Viewer(context, self.library)
        self.clip, self.player = self.viewer.clip, self.viewer.player
        self.list = EpisodeList(context, self.library)
        self.viewer.listed = self.list.shown
        self.panel, self.bulk = LabelsPanel(theme), BulkPanel(theme)
        self.life = Life(context, self.library, self.list)
        self.labelling = QStackedWidget()
        self.labelling.addWidget(self.panel)
        self.labelling.addWidget(self.bulk)
        self.quality = QualityPanel(theme, self._ask)
        sides = (("Labels", self.labelling), ("Quality", self.quality), ("Phases", self.viewer.tools))
        self.judging = Sides(theme, sides, "Q", self.panel.beside)
        self.statistics = StatisticsView(theme, Plan.of(context))
        self.measuring = QualityRun(context, self.library, self)
        self.watching = WatchBar(theme)
        self.empty = BrokenOrNothing(context, self.library)
        self.exporting, self.importing = (
            ExportDialog(context, self),
            ImportDialog(context, self.library, self),
        )
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
        left, right, judge = QWidget(), QWidget(), QWidget()
        beside = QVBoxLayout(left)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(theme.grid())
        beside.addWidget(self.list, 1)
        beside.addWidget(self.watching)
        column = QVBoxLayout(judge)
        column.setContentsMargins(0, 0, 0, 0)
        below = QScrollArea()
        below.setWidgetResizable(True)
        below.setFrameShape(QFrame.Shape.NoFrame)
        below.setMinimumHeight(96)
        below.setWidget(self.judging)
        self._judge = QSplitter(Qt.Orientation.Vertical)
        self._judge.setChildrenCollapsible(False)
        self._judge.setHandleWidth(theme.grid())
        self._judge.addWidget(self.viewer)
        self._judge.addWidget(below)
        self._judge.setStretchFactor(0, 1)
        self._judge.setSizes([600, self.judging.sizeHint().height()])
        column.addWidget(self._judge)
        self._stack = QStackedLayout(right)
        self._stack.addWidget(judge)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.statistics)
        self._splitter.addWidget(left)
        self._splitter.addWidget(right)
        self._splitter.setStretchFactor(1, 1)
        self._splitter.setSizes([LIST_WIDTH, 1000])
        layout = QVBoxLayout(self)
        side = theme.grid(2)
        layout.setContentsMargins(side, side, side, side)
        layout.addWidget(self._splitter)

    def _connect(self) -> None:
        self.list.chosen.connect(self._on_chosen)
        self.list.listed.connect(self._on_listed)
        self.list.export_button.clicked.connect(self._on_export)
        self.list.import_button.clicked.connect(lambda: self.importing.open_for(self.list.folder))
        self.clip.labels.connect(self.panel.show_labels)
        self.panel.changed.connect(lambda change: self.clip.change(**change))
        self.panel.undo_asked.connect(self.clip.undo)
        self.panel.redo_asked.connect(self.clip.redo)
        self.panel.trim_asked.connect(self.viewer.trim_here)
        self.panel.phase_asked.connect(self.viewer.mark_phase)
        self.library.changed.connect(lambda _folder: self._refresh.start())
        self._refresh.timeout.connect(self.list.refresh)
        self.viewer.tools.opened.connect(
            lambda is_open: self.judging.show_side("Phases" if is_open else "Labels")
        )
        self._connect_quality()
        self._connect_life()

    def _connect_life(self) -> None:
        self.list.marked.connect(self._on_marked)
        self.list.asked.connect(self.life.many)
        self.panel.life_asked.connect(self._on_life)
        self.bulk.asked.connect(self._on_bulk)
        self.bulk.export_asked.connect(self._on_export)
        self.clip.stepped.connect(self.life.stepped)
        self.life.changed.connect(self._on_changed)

    def _connect_quality(self) -> None:
        self.quality.sought.connect(self.viewer.jump)
        self.quality.found.connect(self._on_flags)
        self.viewer.timeline.flag_asked.connect(self._on_place)
        self.measuring.known.connect(self._on_measured)
        self.measuring.working.connect(self._on_measuring)
        self.watching.watching.connect(self.list.show_only)
        self.watching.place_asked.connect(self._on_place)
        self.watching.statistics_asked.connect(self._on_statistics)
        self.statistics.closed.connect(lambda: self.watching.statistics_button.setChecked(False))
        self.statistics.asked.connect(self.list.search.setText)
        self.statistics.export_asked.connect(self._on_table)

    def appear(self) -> None:
        """List the folder again: something may have been recorded."""
        self.list.refresh()
        self.tell()

    def tell(self) -> None:
        """Say that nothing moves here."""
        tell_strip(self.context, "REVIEW", "Nothing moves. Labels are kept beside the episode files.")

    def vanish(self) -> None:
        """Stop playing."""
        self.player.pause()

    def save_state(self) -> dict[str, object]:
        """Return the folder, what was watched, and how the splitters share the room."""
        sizes = {name: splitter.sizes() for name, splitter in self._splitters().items()}
        return {"folder": self.list.folder_name, "watched": self.watching.remembered(), **sizes}

    def _splitters(self) -> dict[str, QSplitter]:
        return {"sizes": self._splitter, "judge": self._judge, "viewer": self.viewer.splitter}

    def restore_state(self, state: dict[str, object]) -> None:
        """Take over folder and sizes."""
        self.list.choose_folder(str(state.get("folder", "")))
        self.watching.remember(state.get("watched"))
        for name, splitter in self._splitters().items():
            sizes = state.get(name)
            if isinstance(sizes, list) and len(sizes) == 2 and all(sizes):
                splitter.setSizes([int(size) for size in sizes])

    def keyPressEvent(self, event: Any) -> None:
        """Page through the list."""
        steps = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}.get(event.key())
        if steps is None:
            super().keyPressEvent(event)
        else:
            self.list.step(steps)

    def _on_listed(self, count: int) -> None:
        self.measuring.look(self.list.folder)
        if count == 0:
            self.empty.say("Nothing to review yet", NOTHING[self.list.folder_name])
        elif self.clip.item is None:
            self.empty.say("Choose an episode", "It is shown here with its pictures, force and touch.")

    def _ask(self, name: str, callback: Callback, **arguments: Any) -> None:
        self.library.ask(self.list.folder, name, callback, **arguments)

    def _on_measured(self) -> None:
        self.watching.show_watch(self.measuring.watch, self.measuring.measured)
        self.quality.refresh()
        self._count()

    def _on_measuring(self, text: str) -> None:
        self.watching.show_watch(self.measuring.watch, self.measuring.measured, text)
        if not text:
            self.list.refresh()  # the rows have measures now

    def _on_place(self, t_ns: int) -> None:
        self.judging.show_side("Quality")
        self.viewer.jump(t_ns)
        self.quality.point_at(t_ns)

    def _on_flags(self, flags: list[dict[str, Any]], words: str) -> None:
        self.judging.tell("Quality", str(len(flags)) if flags else "")
        self.viewer.timeline.show_quality(flags, words)

    def _on_statistics(self, on: bool) -> None:
        self._show_right(self.clip.item)
        if on:
            self.player.pause()
            self.statistics.wait_for(self.list.folder_name)
            self._count()

    def _count(self) -> None:
        if self.watching.statistics_button.isChecked() and self.list.folder.is_dir():
            self._ask("statistics", self.statistics.show_answer)

    def _on_table(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Table of all measures", "quality.csv", "CSV (*.csv)")
        if name:
            said = self.context.notifications
            job = self.measuring.export(self.list.folder, Path(name))
            job.result.connect(lambda _result: said.info(f"The table was written to {name}.", "review"))

    def _on_marked(self, items: list[EpisodeRow]) -> None:
        several = len(items) > 1
        self.labelling.setCurrentWidget(self.bulk if several else self.panel)
        self.panel.lead(not several)
        if several:
            self.bulk.show_items(items)
            self.judging.show_side("Labels")

    def _on_bulk(self, name: str, arguments: dict[str, Any]) -> None:
        self.life.many(name, [item.uuid for item in self.list.marked_items()], **arguments)

    def _on_life(self, name: str) -> None:
        item = self.clip.item
        if item is None:
            return
        if name == "split":
            self.life.one("split", item.uuid, t_ns=self.player.t_ns)
        elif name == "join":
            self.life.one("join", item.uuid)
        elif name == "accept":
            self.life.many("restore", [item.uuid], reject=True)
        else:
            self.life.many(name, [item.uuid])

    def _on_changed(self, uuids: list[str]) -> None:
        if self.clip.item is not None and self.clip.item.uuid in uuids:
            self.clip.read_labels()

    def _on_export(self) -> None:
        here = self.list
        marked = here.marked_items()
        chosen = marked if len(marked) > 1 else here.shown()
        self.exporting.open_for(here.folder, here.model.items, chosen, here.current(), len(marked) > 1)

    def _on_chosen(self, item: EpisodeRow | None) -> None:
        known = self.clip.item
        if item is not None and known is not None and (item.uuid, item.broken) == (known.uuid, known.broken):
            return  # the list was read again
        self.player.pause()
        self.clip.open(self.list.folder, item)
        self._show_episode(item)

    def _show_episode(self, item: EpisodeRow | None) -> None:
        self.panel.open(item)
        self.quality.open(item)
        self._show_right(item)
        if item is not None and item.broken:
            self.empty.show_broken(item)
        self.viewer.show_episode(item)
        self.watching.opened(item.uuid if item is not None else "")

    def _show_right(self, item: EpisodeRow | None) -> None:
        if item is None and self.list.model.items:
            self.empty.say("Choose an episode", "It is shown here with its pictures, force and touch.")
        if self.watching.statistics_button.isChecked():
            self._stack.setCurrentWidget(self.statistics)
        else:
            self._stack.setCurrentIndex(1 if item is None or item.broken else 0)
