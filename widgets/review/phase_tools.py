"""Panel that proposes contact phases: thresholds as lines in the curve and as numbers, proposals at once as a lane."""

from __future__ import annotations

from functools import partial
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QVBoxLayout, QWidget

from app.core.errors import EpisodeError
from app.review.phase_settings import read_thresholds, write_thresholds
from widgets.bridge.letters import Answer
from widgets.context import WindowContext
from widgets.parts.key_button import KeyButton
from widgets.parts.plot import pen
from widgets.parts.text import label, row
from widgets.review.clip import Clip
from widgets.review.labels_panel import NO_EPISODE
from widgets.review.timeline import Timeline

LINES = (
    ("enter", "contact from", Qt.PenStyle.SolidLine),
    ("leave", "until", Qt.PenStyle.DotLine),
)
SAVE_MS = 600
CLOSED = "Propose first."
NO_TOUCH = "This episode has neither a wrench nor a touch field."


class ThresholdLines(QObject):
    """Two lines across a plot, which can be dragged.

    Signals:
        dragged(str, float): "enter" or "leave", and its value.
    """

    dragged = Signal(str, float)

    def __init__(self, context: WindowContext, parent: QObject) -> None:
        super().__init__(parent)
        theme = context.theme
        self._plot: Any = None
        self.lines: dict[str, Any] = {}
        for name, words, style in LINES:
            line = pg.InfiniteLine(
                0.0, 0, pen(theme.colour("accent"), 1.5, style), movable=True, label=words,
                labelOpts={"position": 0.5 if name == "enter" else 0.3, "color": theme.colour("text"),
                           "anchors": [(0.5, 1.1 if name == "enter" else -0.1)] * 2, "fill": theme.colour("well", 0.7)},
            )  # fmt: skip
            line.label.setFont(theme.font("small"))
            line.setHoverPen(pen(theme.colour("accent"), 4.0))
            line.setZValue(35)
            line.setCursor(Qt.CursorShape.SizeVerCursor)
            line.sigDragged.connect(partial(self._on_dragged, name))
            self.lines[name] = line

    def _on_dragged(self, name: str, line: Any) -> None:
        self.dragged.emit(name, max(0.0, float(line.value())))

    def show_in(self, plot: Any) -> None:
        """Draw the lines in this plot, or nowhere (None)."""
        if plot is self._plot:
            return
        for line in self.lines.values():
            if self._plot is not None:
                self._plot.removeItem(line)
            if plot is not None:
                plot.addItem(line, ignoreBounds=True)
        self._plot = plot

    def show_values(self, values: dict[str, float], unit: str) -> None:
        """Put the lines where the thresholds are."""
        for name, words in (("enter", "contact from"), ("leave", "until")):
            self.lines[name].setValue(values[name])
            self.lines[name].label.setText(f"{words} {values[name]:.3g} {unit}")


class PhaseTools(QWidget):
    """The panel; proposals and lines are drawn while it is open.

    Signals:
        opened(bool): Proposals are shown now, or no more.
        bulk_asked(dict): Propose for all unlabelled episodes with these thresholds.

    Attributes:
        proposed: The proposals that are shown: (start_ns, end_ns, name).
        thresholds: What they were made with.
    """

    opened = Signal(bool)
    bulk_asked = Signal(dict)

    def __init__(self, context: WindowContext, clip: Clip, timeline: Timeline) -> None:
        super().__init__()
        self._context, self._clip, self._timeline = context, clip, timeline
        theme = context.theme
        self.proposed: list[tuple[int, int, str]] = []
        self.thresholds: dict[str, float] = {}
        self._unit, self._topic = "N", ""
        self._is_busy = self._is_due = False
        self.is_open = False
        self.lines = ThresholdLines(context, self)
        self.boxes = {
            "enter": self._box("Contact from", 0.0, 100.0, "Strength at which a contact begins"),
            "leave": self._box("until", 0.0, 100.0, "Strength below which it ends"),
            "slide_m_s": self._box(
                "Slide from", 0.0, 1000.0, "Speed along the pad from which a contact is a slide"
            ),
        }
        self.boxes["slide_m_s"].setSuffix(" mm/s")
        self.boxes["slide_m_s"].setDecimals(0)
        self.propose = KeyButton(
            "Propose", "P", theme, tip="Show proposed phases and their thresholds; again: take them away"
        )
        self.propose.setCheckable(True)
        self.accept = KeyButton(
            "Accept", "Shift+P", theme, caption="⇧P", tip="Write the proposed phases as labels; can be undone"
        )
        self.every = KeyButton(
            "All unlabelled",
            "",
            theme,
            tip="Propose and write for every listed episode without phases, as one step",
        )
        self.words = label("", "muted")
        self._save = QTimer(self)
        self._save.setSingleShot(True)
        self._save.setInterval(SAVE_MS)
        self._build()
        self._connect()

    def _box(self, name: str, low: float, high: float, tip: str) -> QDoubleSpinBox:
        box = QDoubleSpinBox()
        box.setRange(low, high)
        box.setDecimals(2)
        box.setSingleStep(0.1)
        box.setKeyboardTracking(False)
        box.setAccessibleName(name)
        box.setToolTip(tip)
        box.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)  # the lines are dragged, the wheel steps
        box.setFixedWidth(88)
        return box

    def _build(self) -> None:
        numbers: list[QWidget] = []
        for box in self.boxes.values():
            numbers += [label(box.accessibleName(), "muted"), box]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(self._context.theme.grid())
        layout.addLayout(row(*numbers, 1))
        layout.addLayout(row(self.propose, self.accept, self.every, 1))
        layout.addWidget(self.words)
        layout.addStretch(1)

    def _connect(self) -> None:
        for name, box in self.boxes.items():
            scale = 1e-3 if name == "slide_m_s" else 1.0
            box.valueChanged.connect(lambda value, name=name, scale=scale: self.choose(name, value * scale))
        self.lines.dragged.connect(self.choose)
        self.accept.clicked.connect(self.write)
        self.every.clicked.connect(lambda: self.bulk_asked.emit(dict(self.thresholds)))
        self.propose.clicked.connect(self.toggle)
        self._save.timeout.connect(self._remember)
        self._clip.opened.connect(self._on_opened)
        self._clip.ready.connect(self._on_ready)

    def toggle(self) -> None:
        """Show proposals, or take them away."""
        self.is_open = not self.is_open
        self.propose.setChecked(self.is_open)
        if self.is_open:
            self._on_ready()
        else:
            self.lines.show_in(None)
            self._timeline.show_proposed(None)
        self._tell()
        self.opened.emit(self.is_open)

    def _tell(self) -> None:
        """Say what is proposed, and allow what can be done."""
        hindrance = "" if self._topic else NO_TOUCH if self._clip.item is not None else NO_EPISODE
        self.propose.allow(hindrance)
        self.every.allow(hindrance or ("" if self.is_open else CLOSED))
        nothing = "" if self.proposed else "No contact was found with these thresholds."
        self.accept.allow(hindrance or (nothing if self.is_open else CLOSED))
        for box in self.boxes.values():
            box.setEnabled(self.is_open and not hindrance)
        if self.is_open and not hindrance:
            spans: dict[str, float] = {}
            for start, end, name in self.proposed:
                spans[name] = spans.get(name, 0.0) + (end - start) * 1e-9
            hindrance = nothing or " · ".join(f"{name} {span:.2f} s" for name, span in spans.items())
        self.words.setText(hindrance)

    def _on_opened(self) -> None:
        self.proposed, self._topic = [], ""
        self._tell()
        if self.is_open:
            self._timeline.show_proposed(())

    def _on_ready(self) -> None:
        """Propose for the episode that is open now."""
        topics = [*self._clip.wrenches, *self._clip.fields]
        self._topic = topics[0] if topics else ""
        self._tell()
        if not self.is_open or not topics:
            return
        plot = self._timeline.force if self._topic.endswith("/wrench") else self._timeline.touch
        self.lines.show_in(plot)
        try:
            self.thresholds = read_thresholds(self._context.project.root, self._topic)
        except EpisodeError as error:
            self._context.notifications.error(error.sentence(), "review")
            self.thresholds = {}
        self._propose()

    def choose(self, name: str, value: float) -> None:
        """Take over a threshold, and propose again; the lower one stays below the upper one."""
        if name not in self.thresholds or abs(self.thresholds[name] - value) < 1e-9:
            return
        self.thresholds[name] = value
        if name == "enter" and self.thresholds["leave"] > value:
            self.thresholds["leave"] = value
        if name == "leave" and self.thresholds["enter"] < value:
            self.thresholds["enter"] = value
        self._show_thresholds()
        self._save.start()
        self._propose()

    def _remember(self) -> None:
        try:
            write_thresholds(self._context.project.root, self._topic, self.thresholds)
        except EpisodeError as error:
            self._context.notifications.error(error.sentence(), "review")

    def _propose(self) -> None:
        """Ask for proposals; while one question is on its way, the newest thresholds alone wait."""
        if self._is_busy:
            self._is_due = True
            return
        self._is_busy, self._is_due = True, False
        item = self._clip.item
        uuid = "" if item is None else item.uuid
        self._clip.ask_plain(
            "phases", partial(self._on_phases, uuid), topic=self._topic, thresholds=self.thresholds
        )

    def _on_phases(self, uuid: str, answer: Answer) -> None:
        self._is_busy = False
        item = self._clip.item
        if self._is_due or item is None or item.uuid != uuid:
            if self.is_open and item is not None:
                self._propose()
            return
        if not answer.ok:
            self._clip.failed.emit(answer.error)
            return
        self.proposed = [(int(start), int(end), str(name)) for start, end, name in answer.result["phases"]]
        self.thresholds = {name: float(value) for name, value in answer.result["thresholds"].items()}
        self._unit = str(answer.result["unit"])
        if self.is_open:
            self._show_thresholds()
            self._timeline.show_proposed(self.proposed)
            self._tell()

    def _show_thresholds(self) -> None:
        for name, box in self.boxes.items():
            box.blockSignals(True)
            if name != "slide_m_s":
                box.setSuffix(f" {self._unit}")
                box.setSingleStep(0.1 if self._unit == "N" else 0.01)
            box.setValue(self.thresholds[name] * (1e3 if name == "slide_m_s" else 1.0))
            box.blockSignals(False)
        self.lines.show_values(self.thresholds, self._unit)

    def write(self) -> None:
        """Write the proposed phases as labels."""
        if self.is_open and self.proposed:
            self._clip.change(phases=[[start, name] for start, _end, name in self.proposed])
