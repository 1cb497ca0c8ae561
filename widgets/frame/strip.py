"""The status strip: always there, in the colour of the state, and saying the state in words."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.status import Status, StatusModel
from widgets.theme.tokens import Theme

DASH = "–"
ROOM_FOR_HAND = 1400  # px; a narrower strip leaves the input to the bar above it


def clock_text(seconds: float | None) -> str:
    """Return a duration as minutes and seconds with one decimal: "00:12.3"."""
    if seconds is None:
        return f"{DASH}{DASH}:{DASH}{DASH}"
    whole, tenths = divmod(int(seconds * 10), 10)
    return f"{whole // 60:02d}:{whole % 60:02d}.{tenths}"


def disk_text(seconds: float | None) -> str:
    """Return recording time that is left: "41 min", "5.2 h"."""
    if seconds is None:
        return DASH
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds >= 36000 else f"{seconds / 3600:.1f} h"


def fields(status: Status) -> list[tuple[str, str, str]]:
    """Return (label, value, widest value) of the numbers in the strip; the widest keeps the room."""
    kept = (
        DASH
        if status.kept is None
        else f"{status.kept} of {status.plan}"
        if status.plan
        else str(status.kept)
    )
    latency = DASH if status.latency_ms is None else f"{min(status.latency_ms, 9999):.0f} ms"
    return [
        ("time", clock_text(status.seconds), "00:00.0"),
        ("kept", kept, "000 of 000"),
        ("disk", disk_text(status.disk_s), "000 min"),
        ("dropped", DASH if status.dropped is None else str(status.dropped), "0000"),
        ("latency", latency, "0000 ms"),
    ]


def is_measured(status: Status) -> bool:
    """Tell whether any number is known: a row of dashes tells nobody anything."""
    numbers = (status.seconds, status.kept, status.disk_s, status.dropped, status.latency_ms)
    return any(number is not None for number in numbers)


class StatusStrip(QWidget):
    """Paints the status; nothing in it moves when a value changes."""

    def __init__(self, model: StatusModel, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._status = model.value
        self.setFixedHeight(theme.px("strip"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        model.changed.connect(self._on_changed)
        self.setAccessibleName("status")

    @property
    def words(self) -> str:
        """What the strip says of the state."""
        return self._status.words

    @property
    def hint(self) -> str:
        """What the strip says beside the state: what the governor changes, else what to do."""
        governor = self._status.governor
        return f"Safety governor: {governor}." if governor else self._status.hint

    @property
    def ground(self) -> QColor:
        """The colour that the strip has now."""
        return self._theme.state(self._status.state)[0]

    def _on_changed(self, status: Status) -> None:
        self._status = status
        self.setAccessibleDescription(f"{status.words}. {self.hint}")
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as it gets."""
        return QSize(800, self._theme.px("strip"))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw state, hint and numbers."""
        with QPainter(self) as painter:  # ended even if drawing fails: an open painter takes the window down
            self._draw(painter)

    def _draw(self, painter: QPainter) -> None:
        ground, text = self._theme.state(self._status.state)
        painter.fillRect(self.rect(), ground)
        right = self._paint_numbers(painter, text)
        left = self._theme.grid(2)
        font = self._theme.font("state", bold=True)
        painter.setFont(font)
        painter.setPen(text)
        width = QFontMetrics(font).horizontalAdvance(self._status.words)
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(QRectF(left, 0, width + 4, self.height()), middle, self._status.words)
        hint_font = self._theme.font("text")
        painter.setFont(hint_font)
        start = left + width + self._theme.grid(3)
        room = right - start - self._theme.grid(2)
        if room > self._theme.grid(8):
            words = QFontMetrics(hint_font)
            area = QRectF(start, 0, room, self.height())
            wrapped = middle | Qt.TextFlag.TextWordWrap
            if (
                words.boundingRect(0, 0, int(room), 1000, int(wrapped), self.hint).height()
                > self.height() - 4
            ):
                shown = words.elidedText(self.hint, Qt.TextElideMode.ElideRight, int(room * 1.8))
            else:
                shown = self.hint
            painter.drawText(area, int(wrapped), shown)

    def _paint_numbers(self, painter: QPainter, text: QColor) -> float:
        label_font, number_font = self._theme.font("small"), self._theme.number_font("large", bold=True)
        labels, numbers = QFontMetrics(label_font), QFontMetrics(number_font)
        x = float(self.width() - self._theme.grid(2))
        height = self.height()
        shown = fields(self._status) if is_measured(self._status) else []
        if self._status.hand and self.width() >= ROOM_FOR_HAND:
            shown.insert(0, ("input", self._status.hand, "Keyboard 00"))
        for label, value, widest in reversed(shown):
            width = max(numbers.horizontalAdvance(widest), labels.horizontalAdvance(label))
            x -= width
            painter.setPen(text)
            painter.setFont(label_font)
            painter.drawText(
                QRectF(x, 8, width, 18), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, label
            )
            painter.setFont(number_font)
            area = QRectF(x, 26, width + 4, height - 32)
            painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, value)
            x -= self._theme.grid(3)
        return x
