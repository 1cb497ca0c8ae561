"""Lanes of named stretches over the time axis: phases, proposed phases, subtasks; edges can be dragged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QLineEdit

from widgets.review.lane import Axis, TimeLane
from widgets.theme.tokens import Theme

GRIP = 5.0  # pixels beside an edge that take it
PHASE_COLOURS = {"approach": "path", "contact": "touch.mean", "slide": "touch.slip", "release": "commanded"}
OTHER = "gripper"
ADJUST = "Drag an edge to move it."


@dataclass(frozen=True)
class Stretch:
    """A named stretch, in seconds since the start of the take."""

    start: float
    end: float
    name: str


class Lane(TimeLane):
    """One row of stretches.

    Args:
        title, axis: As in `TimeLane`.
        joined: Stretches follow each other without a gap: an edge belongs to both.
        written: The words can be typed: a double click opens a field.

    Signals:
        moved(int, str, float): Stretch, its "start" or "end", and where it was dragged to (s).
        renamed(int, str): A stretch got other words; empty words take it away.
        made(float, str): Words were typed where nothing was.
    """

    moved = Signal(int, str, float)
    renamed = Signal(int, str)
    made = Signal(float, str)

    def __init__(
        self, theme: Theme, title: str, axis: Axis, joined: bool = False, written: bool = False,
        dashed: bool = False, hint: str = "",
    ) -> None:  # fmt: skip
        super().__init__(theme, title, axis)
        self._hint = hint
        self._joined, self._written, self._dashed = joined, written, dashed
        self.stretches: tuple[Stretch, ...] = ()
        self._grabbed: tuple[int, str] | None = None
        self._dragged_to: float | None = None
        self._editor: QLineEdit | None = None

    def show_stretches(self, stretches: Sequence[Stretch]) -> None:
        """Show other stretches, in the order of time."""
        self.stretches = tuple(stretches)
        self._grabbed = self._dragged_to = None
        self.update()

    def colour(self, name: str) -> QColor:
        """Return the colour of a stretch; a phase has its own."""
        return self._theme.signal(PHASE_COLOURS.get(name, OTHER))

    def empty_words(self) -> str:
        """Return the hint, while there is no stretch."""
        return "" if self.stretches else self._hint

    def draw_content(self, painter: QPainter) -> None:
        """Draw the stretches."""
        for index in range(len(self.stretches)):
            self._draw_stretch(painter, index)

    def _draw_stretch(self, painter: QPainter, index: int) -> None:
        stretch = self._as_dragged(index)
        left, right = self.pixel(stretch.start), self.pixel(stretch.end)
        box = QRectF(left, 2, max(2.0, right - left), self.height() - 4)
        colour = self.colour(stretch.name)
        fill = QColor(colour)
        fill.setAlphaF(0.14 if self._dashed else 0.34)
        painter.fillRect(box, fill)
        painter.setPen(QPen(colour, 1.5, Qt.PenStyle.DashLine if self._dashed else Qt.PenStyle.SolidLine))
        painter.drawRect(box.adjusted(0.5, 0.5, -1.0, -0.5))
        painter.setPen(self._theme.colour("text"))
        room = box.adjusted(6, 0, -4, 0)
        words = painter.fontMetrics().elidedText(stretch.name, Qt.TextElideMode.ElideRight, int(room.width()))
        if len(words) > 1:
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, words)

    def _as_dragged(self, index: int) -> Stretch:
        stretch = self.stretches[index]
        if self._grabbed is None or self._dragged_to is None:
            return stretch
        grabbed, side = self._grabbed
        to = self._dragged_to
        if grabbed == index:
            return (
                Stretch(to, stretch.end, stretch.name)
                if side == "start"
                else Stretch(stretch.start, to, stretch.name)
            )
        if self._joined and side == "start" and index == grabbed - 1:
            return Stretch(stretch.start, to, stretch.name)
        return stretch

    def edge_at(self, pixel: float) -> tuple[int, str] | None:
        """Return the edge near a pixel: stretch and side; of joined stretches the start alone."""
        found: list[tuple[float, int, str]] = []
        for index, stretch in enumerate(self.stretches):
            sides = (
                [("start", stretch.start)]
                if self._joined
                else [("start", stretch.start), ("end", stretch.end)]
            )
            found += [(abs(self.pixel(at) - pixel), index, side) for side, at in sides]
        near = min(found, default=None)
        return None if near is None or near[0] > GRIP else (near[1], near[2])

    def index_at(self, seconds: float) -> int | None:
        """Return the stretch at a time."""
        found = [i for i, each in enumerate(self.stretches) if each.start <= seconds < each.end]
        return found[0] if found else None

    def _limits(self, index: int, side: str) -> tuple[float, float]:
        """Return between which times an edge may be dragged: no stretch vanishes, none comes over another."""
        low, high, _, _ = self._axis()
        here, least = self.stretches[index], 0.02
        before = self.stretches[index - 1] if index > 0 else None
        after = self.stretches[index + 1] if index + 1 < len(self.stretches) else None
        if side == "start":
            first = low if before is None else before.start + least if self._joined else before.end
            return max(0.0, first), here.end - least
        return here.start + least, high if after is None else after.start

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take an edge, or seek."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self._grabbed = None if self._dashed else self.edge_at(event.position().x())
        if self._grabbed is None:
            self.sought.emit(self.seconds(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the edge; the pictures follow."""
        at = event.position().x()
        if self._grabbed is not None:
            low, high = self._limits(*self._grabbed)
            self._dragged_to = min(max(self.seconds(at), low), high)
            self.sought.emit(self._dragged_to)
            self.update()
            return
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.sought.emit(self.seconds(at))
        edge = None if self._dashed else self.edge_at(at)
        self.setCursor(Qt.CursorShape.SizeHorCursor if edge else Qt.CursorShape.ArrowCursor)
        index = self.index_at(self.seconds(at))
        self.setToolTip(
            self._hint if index is None else f"{self.stretches[index].name}\n{self._hint or ADJUST}"
        )

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """Let the edge go where it is."""
        if self._grabbed is not None and self._dragged_to is not None:
            self.moved.emit(*self._grabbed, self._dragged_to)
        self._grabbed = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Type words."""
        if self._written:
            self.write_at(self.seconds(event.position().x()))

    def write_at(self, seconds: float) -> None:
        """Open a field for the words of the stretch at a time, or of a new one."""
        index = self.index_at(seconds)
        editor = QLineEdit(self)
        editor.setFont(self._theme.font("small"))
        editor.setAccessibleName("Subtask")
        editor.setPlaceholderText("What is done here")
        editor.setText("" if index is None else self.stretches[index].name)
        left = self.pixel(seconds if index is None else self.stretches[index].start)
        width = 240
        editor.setGeometry(int(min(max(0.0, left), self.width() - width)), 0, width, self.height())
        editor.selectAll()
        editor.show()
        editor.setFocus()
        self._editor = editor
        editor.editingFinished.connect(lambda: self._written_down(editor, index, seconds))

    def _written_down(self, editor: QLineEdit, index: int | None, seconds: float) -> None:
        if self._editor is not editor:
            return
        self._editor = None
        words = " ".join(editor.text().split())
        editor.hide()
        editor.deleteLater()
        if index is not None and index < len(self.stretches):
            if words != self.stretches[index].name:
                self.renamed.emit(index, words)
        elif words:
            self.made.emit(seconds, words)
