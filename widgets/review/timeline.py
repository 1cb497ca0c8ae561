"""Force and touch over the time of an episode, with playhead, trim handles, phases and subtasks on the same axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QGraphicsItem, QGridLayout, QVBoxLayout, QWidget

from app.core.episodes import Flag
from widgets.parts.plot import Plot, envelope, pen
from widgets.parts.readout import Readout
from widgets.review.band import Lane, Stretch
from widgets.review.flag_lane import FlagLane, FlagMark
from widgets.review.segments import stretched
from widgets.theme.tokens import Theme

FORCES = (("Fx", "force.x", Qt.PenStyle.SolidLine), ("Fy", "force.y", Qt.PenStyle.DashLine),
          ("Fz", "force.z", Qt.PenStyle.DotLine), ("|F|", "gripper", Qt.PenStyle.SolidLine))  # fmt: skip
TOUCHES = (("mean", "touch.mean", Qt.PenStyle.SolidLine), ("shear", "touch.shear", Qt.PenStyle.DashLine))
SECOND = 1e-9
PHASE_HINT = "1 to 4: a phase begins at the playhead. P: propose."
SUBTASK_HINT = "N or double click: say what is done here."
LEAST_MARK = 0.004  # width of a flag's mark, of the axis
MOST_NAMED = 4  # flags with words; all are shaded
TITLE_FITS = 76  # pixels of a plot's height
SHORTEST_S = 0.1  # of the axis: a take may have been cut off at once


class Timeline(QWidget):
    """Two plots with one time axis, in seconds since the start of the take.

    Signals:
        sought(object): The person points at a time (ns, session clock).
        curve_asked(str, str): "force" or "touch", and the topic that the person wants to see.
        flag_asked(object): The person points at a flag, which begins there (ns, session clock).
        trimmed(object, object): The person moved a trim handle: start and end (ns), None where nothing is cut.
    """

    sought = Signal(object)
    flag_asked = Signal(object)
    curve_asked = Signal(str, str)
    trimmed = Signal(object, object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._start_ns = self._end_ns = 0
        self.force, self.touch = Plot(theme, "Force  N"), Plot(theme, "Touch  mm", second_ticks=True)
        self._curves = {
            "force": self._add_curves(self.force, FORCES),
            "touch": self._add_curves(self.touch, TOUCHES),
        }
        self._data: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._readouts = {
            name: Readout(theme, [(word, theme.signal(signal), style) for word, signal, style in entries])
            for name, entries in (("force", FORCES), ("touch", TOUCHES))
        }
        self._heads = [self._add_head(plot) for plot in (self.force, self.touch)]
        self._handles = {
            side: [self._add_handle(plot, side) for plot in self._plots] for side in ("start", "end")
        }
        self._shades = {side: [self._add_shade(plot) for plot in self._plots] for side in ("start", "end")}
        self._marks: list[Any] = []
        self.phases = Lane(theme, "Phases", self.axis, joined=True, hint=PHASE_HINT)
        self.proposed = Lane(theme, "Proposed", self.axis, dashed=True)
        self.subtasks = Lane(theme, "Subtasks", self.axis, written=True, hint=SUBTASK_HINT)
        self.flags = FlagLane(theme, self.axis)
        self._pointed = [self._add_region(plot) for plot in self._plots]
        self.choosers = {name: QComboBox() for name in ("force", "touch")}
        self._flags: list[Any] = []
        self._build()

    @property
    def _plots(self) -> tuple[Plot, Plot]:
        return self.force, self.touch

    def _build(self) -> None:
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for number, lane in enumerate(self._lanes):
            layout.addWidget(lane, number, 0)
            lane.sought.connect(lambda seconds: self.sought.emit(self.to_ns(seconds)))
        self.flags.asked.connect(lambda seconds: self.flag_asked.emit(self.to_ns(seconds)))
        self.flags.pointed.connect(self._show_pointed)
        self.proposed.hide()
        for number, (plot, name) in enumerate(
            ((self.force, "force"), (self.touch, "touch")), len(self._lanes)
        ):
            layout.addWidget(plot, number, 0)
            plot.setMinimumHeight(52)
            layout.addLayout(self._build_side(name), number, 1)
            layout.setRowStretch(number, 3 if name == "force" else 2)
        self.force.plotItem.vb.sigRangeChanged.connect(lambda *_: self._move_lanes())
        self.force.plotItem.vb.sigResized.connect(lambda *_: self._move_lanes())
        self.touch.setXLink(self.force)
        self.force.getAxis("bottom").setStyle(showValues=False)
        self.force.getAxis("bottom").setHeight(4)
        for plot in self._plots:
            plot.plotItem.setMouseEnabled(x=True, y=False)
            for side in ("left", "bottom"):
                plot.plotItem.getAxis(side).setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
            plot.scene().sigMouseClicked.connect(lambda event, plot=plot: self._on_click(plot, event))

    def _build_side(self, name: str) -> QVBoxLayout:
        column, chooser = QVBoxLayout(), self.choosers[name]
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(0)
        chooser.setAccessibleName(f"{name} of")
        chooser.setToolTip("Which sensor's curve is shown")
        chooser.activated.connect(
            lambda _index: self.curve_asked.emit(name, str(self.choosers[name].currentData()))
        )
        column.addWidget(chooser)
        column.addWidget(self._readouts[name], 1)
        return column

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the titles of the axes out where they do not fit."""
        super().resizeEvent(event)
        for plot in self._plots:
            plot.plotItem.getAxis("left").showLabel(plot.height() >= TITLE_FITS)

    @property
    def _lanes(self) -> tuple[FlagLane | Lane, ...]:
        return self.flags, self.phases, self.proposed, self.subtasks

    def _move_lanes(self) -> None:
        for lane in self._lanes:
            lane.update()

    def axis(self) -> tuple[float, float, float, float]:
        """Return the time axis as seconds and pixels: low, high, left, right."""
        box = self.force.plotItem.vb
        low, high = box.viewRange()[0]
        place = box.sceneBoundingRect()
        return low, high, place.left(), place.right()

    def offer(self, name: str, topics: list[str]) -> None:
        """Let the person choose among the sensors of an episode; a single one needs no choice."""
        chooser = self.choosers[name]
        chooser.clear()
        for topic in topics:
            chooser.addItem(topic.split("/")[0], topic)
        chooser.setVisible(len(topics) > 1)

    def _add_curves(self, plot: Plot, names: tuple[tuple[str, str, Qt.PenStyle], ...]) -> list[Any]:
        curves = [plot.curve(self._theme.signal(signal), 1.5, style) for _name, signal, style in names]
        for each in curves:  # drawn once, not with every step of the playhead
            each.curve.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        return curves

    def _add_head(self, plot: Plot) -> Any:
        head = pg.InfiniteLine(0.0, 90, pen(self._theme.colour("text"), 2.0), movable=True)
        head.setHoverPen(pen(self._theme.colour("accent"), 3.0))
        head.setZValue(40)
        head.sigDragged.connect(lambda line: self.sought.emit(self.to_ns(line.value())))
        plot.addItem(head)
        return head

    def _add_handle(self, plot: Plot, side: str) -> Any:
        words = {"start": "▸ in", "end": "out ◂"}[side] if plot is self.force else None
        anchors = [(0.0, 0.0)] * 2 if side == "start" else [(1.0, 0.0)] * 2
        handle = pg.InfiniteLine(
            0.0, 90, pen(self._theme.colour("warning"), 3.0), movable=True, label=words,
            labelOpts={"position": 0.98, "color": self._theme.colour("warning"), "anchors": anchors},
        )  # fmt: skip
        handle.setHoverPen(pen(self._theme.colour("accent"), 5.0))
        handle.setZValue(30)
        handle.setCursor(Qt.CursorShape.SizeHorCursor)
        handle.sigDragged.connect(lambda line: self._on_handle_dragged(side, line.value()))
        handle.sigPositionChangeFinished.connect(self._on_handle_released)
        plot.addItem(handle)
        return handle

    def _add_shade(self, plot: Plot) -> Any:
        shade = pg.LinearRegionItem((0.0, 0.0), movable=False, brush=self._theme.colour("ground", 0.75))
        for line in shade.lines:
            line.setPen(pen(self._theme.colour("line", 0.0)))
        shade.setZValue(20)
        plot.addItem(shade)
        return shade

    def _add_region(self, plot: Plot) -> Any:
        """Return the shade of the flag that the mouse is over, hidden."""
        region = pg.LinearRegionItem((0.0, 0.0), movable=False, brush=self._theme.colour("accent", 0.22))
        for line in region.lines:
            line.setPen(pen(self._theme.colour("accent"), 1.0))
        region.setZValue(6)
        region.hide()
        plot.addItem(region, ignoreBounds=True)
        return region

    def _show_pointed(self, mark: FlagMark | None) -> None:
        for region in self._pointed:
            if mark is not None:
                region.setRegion((mark.start, max(mark.end, mark.start)))
            region.setVisible(mark is not None)

    def open(self, start_ns: int, end_ns: int) -> None:
        """Show an empty axis for an episode of this span."""
        self._start_ns, self._end_ns = start_ns, max(end_ns, start_ns + 1)
        self._data.clear()
        for curves in self._curves.values():
            for curve in curves:
                curve.setData([], [])
        length = max(self.seconds(self._end_ns), SHORTEST_S)
        margin = 0.01 * length
        for plot in (self.force, self.touch):  # limits before range: a range is cut to the limits of before
            plot.plotItem.vb.setLimits(xMin=-margin, xMax=length + margin)
        self.force.setXRange(-margin, length + margin, padding=0)
        self.show_trim(None, None)
        self.show_phases(())
        self.show_subtasks(())
        self.show_head(start_ns)

    def seconds(self, t_ns: int) -> float:
        """Return a session time as seconds since the start of the take."""
        return (t_ns - self._start_ns) * SECOND

    def to_ns(self, seconds: float) -> int:
        """Return the session time of seconds since the start of the take, within the take."""
        return min(max(self._start_ns + round(seconds / SECOND), self._start_ns), self._end_ns)

    def show_curve(self, name: str, curve: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
        """Draw an envelope: t_ns (n,), min and max (n, columns)."""
        times, low, high = curve
        seconds = (times - self._start_ns) * SECOND
        for column, line in enumerate(self._curves[name][: low.shape[1]]):
            line.setData(*envelope(seconds, low[:, column], high[:, column]))
        self._data[name] = (times, (low + high) / 2.0)
        self.show_head(self.to_ns(self._heads[0].value()))

    def show_head(self, t_ns: int) -> None:
        """Draw the playhead."""
        for head in self._heads:
            head.setValue(self.seconds(t_ns))
        for lane in self._lanes:
            lane.show_head(self.seconds(t_ns))
        for name in self._curves:
            self.show_values(name, self._values_at(name, t_ns))

    def show_values(self, name: str, values: Sequence[float]) -> None:
        """Show the values of "force" or "touch" at the playhead: of the curve, until the samples come."""
        unit, decimals = {"force": ("N", 1), "touch": ("mm", 2)}[name]
        words = [f"{value:z.{decimals}f} {unit}" for value in values]
        self._readouts[name].show_values(words or [""] * len(self._curves[name]))

    def _values_at(self, name: str, t_ns: int) -> list[float]:
        times, values = self._data.get(name, (np.zeros(0), np.zeros((0, 0))))
        if len(times) == 0:
            return []
        return [float(value) for value in values[min(int(np.searchsorted(times, t_ns)), len(times) - 1)]]

    def show_trim(self, start_ns: int | None, end_ns: int | None) -> None:
        """Draw what is cut off; the handles stand at the ends where nothing is."""
        length = self.seconds(self._end_ns)
        low = 0.0 if start_ns is None else self.seconds(start_ns)
        high = length if end_ns is None else self.seconds(end_ns)
        for side, value in (("start", low), ("end", high)):
            for handle in self._handles[side]:
                handle.blockSignals(True)
                handle.setValue(value)
                handle.blockSignals(False)
        self._shade(low, high)

    def _shade(self, low: float, high: float) -> None:
        length = self.seconds(self._end_ns)
        for shade in self._shades["start"]:
            shade.setRegion((-0.01 * length, low) if low > 0 else (-1.0, -1.0))
        for shade in self._shades["end"]:
            shade.setRegion((high, 1.01 * length) if high < length else (length + 1.0, length + 1.0))

    def trim(self) -> tuple[int | None, int | None]:
        """Return where the handles stand (ns), None at an end of the take."""
        start = self.to_ns(self._handles["start"][0].value())
        end = self.to_ns(self._handles["end"][0].value())
        return (None if start <= self._start_ns else start), (None if end >= self._end_ns else end)

    def _on_handle_dragged(self, side: str, value: float) -> None:
        shortest = 0.05
        low, high = self._handles["start"][0].value(), self._handles["end"][0].value()
        if side == "start":
            value = min(max(value, 0.0), high - shortest)
        else:
            value = max(min(value, self.seconds(self._end_ns)), low + shortest)
        for handle in self._handles[side]:
            handle.setValue(value)
        self._shade(self._handles["start"][0].value(), self._handles["end"][0].value())
        self.sought.emit(self.to_ns(value))

    def _on_handle_released(self) -> None:
        self.trimmed.emit(*self.trim())

    def show_phases(self, phases: Sequence[tuple[int, str]]) -> None:
        """Draw phases from their marks (session time in ns, name): a lane, and a thin line where each begins."""
        self.phases.show_stretches(self._stretches(stretched(phases, self._end_ns)))
        for plot, mark in self._marks:
            plot.removeItem(mark)
        self._marks = []
        for t_ns, _name in phases:
            for plot in self._plots:
                line = pen(self._theme.colour("text", 0.55), 1.0, Qt.PenStyle.DashLine)
                mark = pg.InfiniteLine(self.seconds(t_ns), 90, line)
                plot.addItem(mark)
                self._marks.append((plot, mark))

    def show_subtasks(self, subtasks: Sequence[tuple[int, int, str]]) -> None:
        """Draw what is done from when to when (ns, ns, words)."""
        self.subtasks.show_stretches(self._stretches(subtasks))

    def show_proposed(self, phases: Sequence[tuple[int, int, str]] | None) -> None:
        """Draw proposed phases (ns, ns, name); None takes their lane away."""
        self.proposed.setVisible(phases is not None)
        self.proposed.show_stretches(self._stretches(phases or ()))

    def _stretches(self, found: Sequence[tuple[int, int, str]]) -> list[Stretch]:
        return [
            Stretch(self.seconds(int(start)), self.seconds(int(end)), str(name)) for start, end, name in found
        ]

    def show_quality(self, flags: Sequence[Mapping[str, Any]], words: str) -> None:
        """Mark what is doubtful where it lies (flags as the reader answers them); `words` where nothing is."""
        self.flags.show_marks(
            [
                FlagMark(self.seconds(each["start_ns"]), self.seconds(each["end_ns"]), each["severity"], each["text"])
                for each in flags if each["start_ns"]
            ],
            words,
        )  # fmt: skip

    def next_flag(self, t_ns: int, step: int) -> int | None:
        """Return where the next flag begins after a time (step 1), or the one before (-1); None without one."""
        found = self.flags.neighbour(self.seconds(t_ns), step)
        return None if found is None else self.to_ns(found)

    def show_flags(self, flags: tuple[Flag, ...]) -> None:
        """Shade the parts in which a stream stalled, was stuck or lost samples; the upper plot names it."""
        for plot, mark in self._flags:
            plot.removeItem(mark)
        self._flags = []
        least = LEAST_MARK * self.seconds(self._end_ns)
        for number, flag in enumerate(flags):
            begin, end = self.seconds(flag.start_ns), self.seconds(flag.end_ns)
            for plot in self._plots:
                brush = self._theme.colour("warning", 0.25)
                mark = pg.LinearRegionItem((begin, max(end, begin + least)), movable=False, brush=brush)
                mark.setZValue(5)
                for line in mark.lines:
                    line.setPen(pen(self._theme.colour("warning", 0.0)))
                if plot is self.force and number < MOST_NAMED:
                    words = f"{flag.topic} {flag.kind}"
                    side = 1 if begin > 0.8 * self.seconds(self._end_ns) else 0  # away from the right edge
                    style = {"color": self._theme.colour("warning"), "anchors": [(side, 0)] * 2,
                             "fill": self._theme.colour("well", 0.8)}  # fmt: skip
                    pg.InfLineLabel(mark.lines[0], words, position=0.82 - 0.16 * number, **style)
                plot.addItem(mark)
                self._flags.append((plot, mark))

    def _on_click(self, plot: Plot, event: Any) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.sought.emit(self.to_ns(plot.plotItem.vb.mapSceneToView(event.scenePos()).x()))
