"""What is doubtful about the open episode, each with its reason; a click goes to the place. And its measures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QStackedLayout, QWidget

from app.core.clock import NS_PER_S
from app.core.episodes import EpisodeRow
from app.quality.limits import MEASURES
from widgets.bridge.letters import Answer
from widgets.parts.empty import Empty
from widgets.parts.table import Table
from widgets.review.flag_lane import COLOURS, SIGNS
from widgets.theme.tokens import Theme

SIGN = 16
MARGIN = 72  # of a row: around sign and words
Ask = Callable[..., None]


class QualityPanel(QWidget):
    """Flags at the left, measures at the right.

    Signals:
        sought(object): The person points at a flag: its session time in ns.
        found(list, str): Another episode is shown, or its flags came: as the reader answers, and words without any.
    """

    sought = Signal(object)
    found = Signal(list, str)

    def __init__(self, theme: Theme, ask: Ask) -> None:
        super().__init__()
        self._theme, self._ask = theme, ask
        self._item: EpisodeRow | None = None
        self.flags: list[dict[str, Any]] = []
        self.list, self.empty = QListWidget(), Empty(theme)
        self.table = Table(theme, ("Measure", "Value"), 0, numbers=(1,), nothing="Not measured yet.")
        self._signs = {name: self._sign(name) for name in SIGNS}
        self._build()

    def _sign(self, severity: str) -> QIcon:
        picture = QPixmap(2 * SIGN, 2 * SIGN)
        picture.fill(Qt.GlobalColor.transparent)
        with QPainter(picture) as painter:
            font = self._theme.font("title", bold=True)
            font.setPixelSize(2 * SIGN - 6)
            painter.setFont(font)
            painter.setPen(self._theme.colour(COLOURS[severity]))
            painter.drawText(picture.rect(), Qt.AlignmentFlag.AlignCenter, SIGNS[severity])
        return QIcon(picture)

    def _build(self) -> None:
        self.list.setWordWrap(True)
        self.list.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.list.setIconSize(QSize(SIGN, SIGN))
        self.list.setAccessibleName("Flags")
        self.list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.viewport().installEventFilter(self)
        self.list.itemActivated.connect(self._on_flag)
        self.list.itemClicked.connect(self._on_flag)
        self.table.setAccessibleName("Measures")
        self.table.verticalHeader().setDefaultSectionSize(26)
        self.table.horizontalHeader().hide()
        place = QWidget()
        self._stack = QStackedLayout(place)
        self._stack.addWidget(self.list)
        self._stack.addWidget(self.empty)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, self._theme.grid(), 0, 0)
        layout.setSpacing(self._theme.grid())
        layout.addWidget(place, 3)
        layout.addWidget(self.table, 2)
        for part in (self.list, self.table):
            part.setMinimumWidth(120)
        self.setMinimumHeight(120)

    def open(self, item: EpisodeRow | None) -> None:
        """Show an episode, or none."""
        self._item = item
        self._show([], {}, {}, "" if item is None else "Loading …")
        self.refresh()

    def refresh(self) -> None:
        """Ask again: it may have been measured meanwhile."""
        if self._item is not None:
            self._ask("quality", partial(self._on_quality, self._item.uuid), episode=self._item.uuid)

    def _on_quality(self, uuid: str, answer: Answer) -> None:
        if self._item is None or self._item.uuid != uuid:
            return
        if not answer.ok:
            self._show([], {}, {}, answer.error)
            return
        result = answer.result
        words = "Nothing stands out." if result["measured"] else "Not measured yet; it happens by itself."
        self._show(result["flags"], result["measures"], result["missing"], words)

    def _show(
        self, flags: list[dict[str, Any]], measures: dict[str, float], missing: dict[str, str], words: str
    ) -> None:
        self.flags = flags
        self.list.clear()
        for flag in flags:
            self.list.addItem(self._row(flag))
        self.empty.say("", words)
        self._fit_rows()
        self._stack.setCurrentWidget(self.list if flags else self.empty)
        self.table.setRowCount(0)
        for name, about in MEASURES.items():
            if name in measures:
                text = f"{measures[name]:.{about.digits}f} {about.unit}".strip()
                self.table.put(self.table.rowCount(), (about.title, text), tip=about.help)
            elif name in missing:
                self.table.put(
                    self.table.rowCount(), (about.title, "–"), tip=f"{about.help} Here: {missing[name]}."
                )
        self.found.emit(flags, words)

    def point_at(self, t_ns: int) -> None:
        """Choose the worst flag that begins at a time."""
        at = [int(flag["start_ns"]) for flag in self.flags]
        if t_ns in at:
            self.list.setCurrentRow(at.index(t_ns))

    def _row(self, flag: dict[str, Any]) -> QListWidgetItem:
        start = self._item.start_ns if self._item is not None else 0
        at = f"{(flag['start_ns'] - start) / NS_PER_S:.1f} s   " if flag["start_ns"] else ""
        row = QListWidgetItem(self._signs[flag["severity"]], f"{at}{flag['text']}")
        row.setToolTip(f"{flag['text']}\nClick to go there." if flag["start_ns"] else flag["text"])
        row.setData(Qt.ItemDataRole.UserRole, flag["start_ns"])
        return row

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Give every sentence the lines it needs when the list has another width."""
        if event.type() is QEvent.Type.Resize:
            self._fit_rows()
        return super().eventFilter(watched, event)

    def _fit_rows(self) -> None:
        room = max(80, self.list.viewport().width() - SIGN - MARGIN)
        wrap = Qt.TextFlag.TextWordWrap
        for number in range(self.list.count()):
            row = self.list.item(number)
            box = self.list.fontMetrics().boundingRect(QRect(0, 0, room, 10_000), int(wrap), row.text())
            row.setSizeHint(QSize(room, box.height() + 12))

    def _on_flag(self, row: QListWidgetItem) -> None:
        t_ns = row.data(Qt.ItemDataRole.UserRole)
        if t_ns:
            self.sought.emit(int(t_ns))

    def sizeHint(self) -> QSize:
        """Return the height of the labels beside it: the panel fills what it gets."""
        return QSize(400, 160)
