"""Choose data: the episodes with outcome, score and quality; what is left out, and the rate of resampling."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QGridLayout,
    QHeaderView,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.core.episodes import EpisodeRow
from app.learning.choosing import DataChoice, kinds_of, sift
from app.learning.settings import GridConfig
from widgets.context import WindowContext
from widgets.parts.episodes import plural
from widgets.parts.key_button import KeyButton
from widgets.parts.table import ROW
from widgets.parts.text import add_field, form, label, pad, row
from widgets.train.data_card import sentence
from widgets.train.data_model import COLUMNS, STRETCHED, EpisodeModel

SIZE = (880, 640)
RATES_HZ = (100, 50, 25, 20, 10)
KINDS_PER_ROW = 5
ANY = -0.01
NS = 1_000_000_000


class DataDialog(QDialog):
    """The choice within the ticked folders.

    Signals:
        chosen(object): The `DataChoice` that the form stands for, at each change.
        rated(int): Another length of a tick, ns.
    """

    chosen = Signal(object)
    rated = Signal(int)

    def __init__(
        self, context: WindowContext, rows: list[EpisodeRow], choice: DataChoice, grid: GridConfig, parent: QWidget
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._theme, self._rows, self._grid = context.theme, rows, grid
        counts = kind_counts(rows)
        self.kinds = {kind: QCheckBox(f"{kind} ({count})") for kind, count in counts.items()}
        for kind in choice.without:  # asked for before, though no episode has it now
            self.kinds.setdefault(kind, QCheckBox(f"{kind} (0)"))
        self.score, self.rate = QDoubleSpinBox(), QComboBox()
        self.told, self.resampled = label("", "muted", wrap=True), label("", "small", wrap=True)
        self.model = EpisodeModel(context.theme, self)
        self.table = QTableView()
        self.shut = KeyButton("Close", "", context.theme)
        self.setWindowTitle("Choose data")
        self.resize(*SIZE)
        self._fill(choice)
        self._build()
        self._connect()
        self._on_edit()

    def _fill(self, choice: DataChoice) -> None:
        for kind, box in self.kinds.items():
            box.setChecked(kind in choice.without)
        scores = [item.score for item in self._rows if item.score is not None]
        self.score.setRange(ANY, max(1.0, *scores) if scores else 1.0)
        self.score.setSingleStep(0.05)
        self.score.setSpecialValueText("any")
        self.score.setValue(ANY if choice.least_score is None else choice.least_score)
        pad(self.score)
        periods = [NS // rate for rate in RATES_HZ]
        if self._grid.period_ns not in periods:
            periods.append(self._grid.period_ns)
        for period in periods:
            self.rate.addItem(f"{NS / period:g} Hz", period)
        self.rate.setCurrentIndex(periods.index(self._grid.period_ns))

    def _build(self) -> None:
        theme, side = self._theme, self._theme.grid(2)
        fields = form(theme)
        add_field(fields, "Leave out", self._kind_boxes())
        self.score.setAccessibleName("Least score")
        self.rate.setAccessibleName("Rate")
        add_field(fields, "Least score", row(self.score, label("Resampled to", "muted"), self.rate, 1))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(side, side, side, side)
        layout.setSpacing(theme.grid())
        layout.addLayout(fields)
        layout.addWidget(self.resampled)
        layout.addWidget(self._episodes(), 1)
        below = row(self.told, self.shut)
        below.setStretch(0, 1)
        layout.addLayout(below)

    def _kind_boxes(self) -> QWidget:
        place = QWidget()
        grid = QGridLayout(place)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(0)
        for number, box in enumerate(self.kinds.values()):
            grid.addWidget(box, number // KINDS_PER_ROW, number % KINDS_PER_ROW)
        unmeasured = sum(item.usable and not item.measures for item in self._rows)
        words = "" if self.kinds else "No episode is flagged."
        if unmeasured:
            words = f"{words} {unmeasured} not measured yet: Review measures what it shows.".strip()
        if words:
            grid.addWidget(label(words, "small"), grid.rowCount(), 0, 1, KINDS_PER_ROW)
        grid.setColumnStretch(KINDS_PER_ROW, 1)
        return place

    def _episodes(self) -> QTableView:
        table = self.table
        table.setModel(self.model)
        table.setAccessibleName("Episodes")
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        table.setSortingEnabled(True)
        table.setStyleSheet("QTableView::item { padding: 0 8px; }")
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(ROW)
        header = table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(STRETCHED, QHeaderView.ResizeMode.Stretch)
        header.setSortIndicator(0, Qt.SortOrder.DescendingOrder)
        for column, (_title, width) in enumerate(COLUMNS):
            if column != STRETCHED:
                header.resizeSection(column, width)
        return table

    def _connect(self) -> None:
        for box in self.kinds.values():
            box.toggled.connect(lambda _on: self._on_edit())
        self.score.valueChanged.connect(lambda _value: self._on_edit())
        self.rate.currentIndexChanged.connect(lambda _index: self._on_rate())
        self.shut.clicked.connect(self.accept)

    def choice(self) -> DataChoice:
        """Return what the form stands for."""
        without = tuple(kind for kind, box in self.kinds.items() if box.isChecked())
        least = self.score.value()
        return DataChoice(without, None if least < 0.0 else round(least, 4))

    def _on_edit(self) -> None:
        choice = self.choice()
        kept, report = sift(self._rows, choice)
        self.model.show(self._rows, report)
        lost = ", ".join(f"{count} {why}" for why, count in report.unusable.items())
        self.told.setText(sentence(kept, report) + (f" Never used: {lost}." if lost else ""))
        self._tell_rate()
        self.chosen.emit(choice)

    def _on_rate(self) -> None:
        self._tell_rate()
        self.rated.emit(int(self.rate.currentData()))

    def _tell_rate(self) -> None:
        period, grid = int(self.rate.currentData()), self._grid
        self.resampled.setText(
            f"At each tick the policy learns from the newest sample before it, and the mean wrench of the "
            f"{grid.filter_ns / 1e6:g} ms before. A chunk of {plural(grid.chunk, 'tick')} lasts "
            f"{grid.chunk * period / NS:.2f} s."
        )


def kind_counts(rows: list[EpisodeRow]) -> dict[str, int]:
    """Return how many kept successes have flags of each kind, sorted by kind."""
    kinds = [kind for item in rows if item.usable for kind in kinds_of(item)]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}
