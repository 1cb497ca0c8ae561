"""The lane of flags over the time axis: a sign where each one lies, its reason as a tip, a click that goes there.

Used by the time line of Review; what it shows is what the quality panel lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter

from widgets.review.lane import Axis, TimeLane
from widgets.theme.tokens import Theme

APART = 18.0  # pixels: signs nearer than this share one place
LINE = 3.0  # pixels: under the signs, from begin to end of a flag
MOST_TOLD = 6  # reasons in one tip
SIGNS = {"severe": "▲", "warning": "!", "info": "·"}
COLOURS = {"severe": "bad", "warning": "warning", "info": "muted"}
ORDER = tuple(SIGNS)  # the worst first
KEYS = "Keys: , goes to the flag before, . to the next."


@dataclass(frozen=True)
class FlagMark:
    """A flag on the axis, in seconds since the start of the take; `text` says why, with the numbers."""

    start: float
    end: float
    severity: str
    text: str


@dataclass(frozen=True)
class Place:
    """Flags whose signs would lie over each other.

    Attributes:
        pixel: Where their one sign is drawn.
        marks: The worst first.
    """

    pixel: float
    marks: tuple[FlagMark, ...]


class FlagLane(TimeLane):
    """One row of flags.

    Args:
        axis: Says where the time axis lies, in pixels of this widget.

    Signals:
        sought(float): The person points at a time where no flag is (s).
        asked(float): The person points at a flag that begins there (s).
        pointed(object): The mouse came over another flag (`FlagMark`), or left it (None).
    """

    asked = Signal(float)
    pointed = Signal(object)

    def __init__(self, theme: Theme, axis: Axis) -> None:
        super().__init__(theme, "Flags", axis)
        self.marks: tuple[FlagMark, ...] = ()
        self._words = ""
        self._pointed: FlagMark | None = None

    def show_marks(self, marks: Sequence[FlagMark], words: str) -> None:
        """Show the flags of an episode; `words` stand there when it has none."""
        self.marks = tuple(sorted(marks, key=lambda mark: (mark.start, ORDER.index(mark.severity))))
        self._words = words
        self._point(None)
        self.update()

    def neighbour(self, seconds: float, step: int) -> float | None:
        """Return where the next flag begins after a time (step 1), or the one before it (-1); None without one."""
        near = 1e-6  # a playhead that stands on a flag leaves it
        starts = [mark.start for mark in self.marks]
        if step > 0:
            return min((start for start in starts if start > seconds + near), default=None)
        return max((start for start in starts if start < seconds - near), default=None)

    def places(self) -> list[Place]:
        """Return where signs are drawn, from left to right: those that begin too near each other share a place."""
        groups: list[list[FlagMark]] = []
        for mark in self.marks:
            if groups and self.pixel(mark.start) - self.pixel(groups[-1][0].start) < APART:
                groups[-1].append(mark)
            else:
                groups.append([mark])
        worst = [sorted(group, key=lambda mark: ORDER.index(mark.severity)) for group in groups]
        return [
            Place(self.pixel(group[0].start), tuple(sort)) for group, sort in zip(groups, worst, strict=True)
        ]

    def signed_at(self, pixel: float) -> tuple[FlagMark, ...]:
        """Return the flags whose sign is at a pixel, the worst first."""
        near = min(self.places(), key=lambda place: abs(place.pixel - pixel), default=None)
        return () if near is None or abs(near.pixel - pixel) > APART / 2 else near.marks

    def lasting_at(self, pixel: float) -> tuple[FlagMark, ...]:
        """Return the flags that last over a pixel, the worst first."""
        at = self.seconds(pixel)
        lasting = [mark for mark in self.marks if mark.start <= at <= mark.end]
        return tuple(sorted(lasting, key=lambda mark: ORDER.index(mark.severity)))

    def empty_words(self) -> str:
        """Return the words for an episode without flags."""
        return "" if self.marks else self._words

    def draw_content(self, painter: QPainter) -> None:
        """Draw the flags, the worst above."""
        for mark in sorted(self.marks, key=lambda mark: -ORDER.index(mark.severity)):
            self._draw_length(painter, mark)
        _, _, left, right = self._axis()
        for place in self.places():
            if left <= place.pixel <= right:
                self._draw_sign(painter, place)

    def _draw_length(self, painter: QPainter, mark: FlagMark) -> None:
        left, right = self.pixel(mark.start), self.pixel(mark.end)
        colour = self._theme.colour(COLOURS[mark.severity])
        painter.fillRect(QRectF(left, self.height() - 1 - LINE, max(LINE, right - left), LINE), colour)

    def _draw_sign(self, painter: QPainter, place: Place) -> None:
        severity = place.marks[0].severity
        sign, count = SIGNS[severity], len(place.marks)
        painter.setFont(self._theme.font("small", bold=True))
        painter.setPen(self._theme.colour(COLOURS[severity]))
        _, _, left, right = self._axis()
        wide = painter.fontMetrics().horizontalAdvance(sign + str(count)) + 4.0
        x = min(max(place.pixel - APART / 2, left + 1), right - (wide if count > 1 else APART))
        room = QRectF(x, 0, APART, self.height() - LINE)
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, sign)
        if count > 1:
            painter.drawText(room.translated(APART - 4, 0), Qt.AlignmentFlag.AlignVCenter, str(count))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the flag, or seek."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        marks = self.signed_at(event.position().x())
        if marks:
            self.asked.emit(marks[0].start)
        else:
            self.sought.emit(self.seconds(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say why; dragging seeks."""
        at = event.position().x()
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.sought.emit(self.seconds(at))
            return
        signed = self.signed_at(at)
        marks = signed or self.lasting_at(at)
        self.setToolTip(tip(marks, bool(signed)) if marks else KEYS if self.marks else "")
        self.setCursor(Qt.CursorShape.PointingHandCursor if signed else Qt.CursorShape.ArrowCursor)
        self._point(marks[0] if marks else None)

    def leaveEvent(self, event: object) -> None:
        """Nothing is pointed at any more."""
        self._point(None)

    def _point(self, mark: FlagMark | None) -> None:
        if mark != self._pointed:
            self._pointed = mark
            self.pointed.emit(mark)


def tip(marks: Sequence[FlagMark], leads: bool) -> str:
    """Return why there are flags: each one's time and sentence; `leads`: a click goes to the first."""
    lines = [f"{mark.start:.2f} s   {mark.text}" for mark in marks[:MOST_TOLD]]
    if len(marks) > MOST_TOLD:
        lines.append(f"and {len(marks) - MOST_TOLD} more: see Quality (Q)")
    return "\n".join([*lines, "Click to go there."] if leads else lines)
