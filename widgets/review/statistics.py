"""The folder in numbers: counts against the plan, histograms, spread of starts, light, who and when, TQ and SACo."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from app.core.errors import WireError
from app.quality.charts import histogram, outcome_bars, spread_text, word_bars
from app.review.arrays import unpack
from widgets.bridge.letters import Answer
from widgets.parts.empty import Empty
from widgets.parts.episodes import plural
from widgets.parts.key_button import KeyButton
from widgets.parts.plan import Plan
from widgets.parts.text import label, row
from widgets.review.charts import Bars, Chart, Course, Points
from widgets.theme.tokens import Theme

OUTCOME_COLOURS = {"success": "good", "failure": "bad", "discarded": "muted"}
PLACES = (("Tool at the start", "start"), ("First contact", "contact"))
WIDE = 860  # from this width on three charts stand side by side
FEW = 5


class StatisticsView(QWidget):
    """Draws what the reader's `statistics` says of a folder.

    Signals:
        asked(str): A bar or point was clicked: a text for the search field.
        export_asked(): The table is wanted as a file.
        closed(): Back to the episode.
    """

    asked = Signal(str)
    export_asked = Signal()
    closed = Signal()

    def __init__(self, theme: Theme, plan: Plan) -> None:
        super().__init__()
        self._theme, self._plan = theme, plan
        self._words: dict[str, list[str]] = {}
        self._numbers: dict[str, np.ndarray] = {}
        self._whole: dict[str, Any] | None = None
        self._columns = 0
        self.title, self.about = label("", "title"), label("", "muted", wrap=True)
        self.csv = KeyButton("Table as CSV", "", theme, tip="Write all measures of all episodes to a file")
        self.back = KeyButton("Episode", "", theme, caption="G", tip="Back to the open episode")
        self.outcomes = Bars(theme, "Outcomes and plan")
        self.length, self.peak = Bars(theme, "Length", "s"), Bars(theme, "Peak force", "N")
        self.light = Bars(theme, "Light", "brightness of the first picture")
        self.people, self.days = Bars(theme, "Operators"), Bars(theme, "Days")
        self.place = QComboBox()
        self.spread = Points(theme, "Where it begins", "y  m", "x  m")
        self.course = Course(theme, "Quality and coverage")
        self.empty = Empty(theme)
        self._build()
        plan.changed.connect(self._draw)

    @property
    def charts(self) -> tuple[Chart, ...]:
        """All charts, in the order in which they stand."""
        return (
            self.outcomes,
            self.length,
            self.peak,
            self.spread,
            self.light,
            self.course,
            self.people,
            self.days,
        )

    def _build(self) -> None:
        for words, name in PLACES:
            self.place.addItem(words, name)
        self.place.setAccessibleName("Which position")
        self.place.currentIndexChanged.connect(self._draw_spread)
        self.spread.add_control(self.place)
        inner = QWidget()
        self._grid = QGridLayout(inner)
        self._grid.setContentsMargins(0, 0, self._theme.grid(), 0)
        self._grid.setSpacing(self._theme.grid(1.5))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(inner)
        place = QWidget()
        self._stack = QStackedLayout(place)
        self._stack.addWidget(area)
        self._stack.addWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(self._theme.grid())
        layout.addLayout(row(self.title, 1, self.csv, self.back))
        layout.addWidget(self.about)
        layout.addWidget(place, 1)
        for chart in self.charts:
            chart.asked.connect(self.asked)
        self.csv.clicked.connect(self.export_asked)
        self.back.clicked.connect(self.closed)
        self._arrange(2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put three charts side by side where there is room, two where there is less."""
        super().resizeEvent(event)
        self._arrange(3 if self.width() >= WIDE else 2)

    def _arrange(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        for number, chart in enumerate(self.charts):
            self._grid.addWidget(chart, number // columns, number % columns)
        for column in range(3):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)

    def wait_for(self, name: str) -> None:
        """Say that a folder is being counted."""
        self.title.setText(f"Statistics · {name}")
        if not self._words.get("uuid"):
            self._say("Counting …")

    def _say(self, heading: str, words: str = "") -> None:
        self.empty.say(heading, words)
        self._stack.setCurrentWidget(self.empty)

    def show_answer(self, answer: Answer) -> None:
        """Draw what the reader said."""
        if not answer.ok:
            self._say("The statistics cannot be read", answer.error)
            return
        try:
            self._numbers = {name: unpack(packed) for name, packed in answer.result["numbers"].items()}
        except WireError as error:
            self._say("The statistics cannot be read", error.sentence())
            return
        self._words, self._whole = answer.result["words"], answer.result["set"]
        self._unmeasured = int(answer.result["unmeasured"])
        self._draw()

    def clear(self) -> None:
        """Forget the folder."""
        self._words, self._numbers, self._whole = {}, {}, None

    def _draw(self) -> None:
        count = len(self._words.get("uuid", ()))
        self.csv.allow("" if count else "There is no episode.")
        if not count:
            self.about.setText("")
            self._say("No statistics yet", "They appear with the first recorded episode.")
            return
        self._stack.setCurrentIndex(0)
        self.about.setText(self._summary(count))
        bars = outcome_bars(self._words["outcome"], self._words["condition"])
        colours = [self._outcome_colour(bar.query) for bar in bars]
        kept = sum(outcome == "success" for outcome in self._words["outcome"])
        planned = self._plan.takes
        self.outcomes.show_bars(bars, colours, f"{kept} of {planned} planned successes" if planned else "")
        if planned:
            self.outcomes.mark_plan(planned)
        for chart, name, colour in (
            (self.length, "length_s", "sky"), (self.peak, "peak_n", "orange"), (self.light, "brightness", "purple"),
        ):  # fmt: skip
            chart.show_histogram(histogram(name, self._numbers[name]), colour)
        plain = self._theme.colour("blue")
        people = word_bars("operator", self._words["operator"])
        self.people.show_bars(people, [plain] * len(people))
        days = word_bars("date", [created[:10] for created in self._words["created"]], by_count=False)
        self.days.show_bars(days, [plain] * len(days))
        self._draw_spread()
        self._draw_course()

    def _outcome_colour(self, query: str) -> QColor:
        outcome = query.partition(":")[2].partition(" ")[0]
        return self._theme.colour(OUTCOME_COLOURS.get(outcome, "muted"))

    def _summary(self, count: int) -> str:
        parts = [plural(count, "episode")]
        if self._unmeasured:
            parts.append(f"{self._unmeasured} not measured yet")
        if count < FEW:
            parts.append("too few for the shape of a distribution")
        whole = self._whole
        if whole is not None and whole["course"]:
            tq = "unknown" if whole["tq"] is None else f"{whole['tq']:.2f}"
            parts.append(f"TQ {tq}")
            parts.append(plural(whole["cells"], "state-action cell"))
        return " · ".join(parts)

    def _draw_spread(self) -> None:
        if not self._numbers:
            return
        name = str(self.place.currentData())
        x, y = self._numbers[f"{name}_x_m"], self._numbers[f"{name}_y_m"]
        colours = [self._theme.colour(OUTCOME_COLOURS.get(each, "muted")) for each in self._words["outcome"]]
        self.spread.show_points(
            np.stack([x, y], axis=1), self._words["uuid"], self._names(), colours, spread_text(x, y)
        )

    def _names(self) -> list[str]:
        words = self._words
        return [
            f"{created[:16].replace('T', ' ')}, {operator or 'nobody named'}, {outcome or 'broken'}"
            for created, operator, outcome in zip(
                words["created"], words["operator"], words["outcome"], strict=True
            )
        ]

    def _draw_course(self) -> None:
        steps = self._whole["course"] if self._whole is not None else []
        tq, saco = (
            np.array([np.nan if step[name] is None else step[name] for step in steps], dtype=float)
            for name in ("tq", "saco")
        )
        uuids = [step["uuid"] for step in steps]
        words = [
            f"{step['created'][:16].replace('T', ' ')}: {step['new_share']:.0%} of its state-action cells were new"
            for step in steps
        ]
        note = (
            f"{self._whole['references']} Cells: {self._whole['bins']}. Return: {self._whole['returns']}."
            if self._whole
            else ""
        )
        self.course.show_course(tq, saco, uuids, words, note)
        self.course.setToolTip(note)
