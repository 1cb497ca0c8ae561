"""Lanes of named stretches over the time axis: phases, proposed phases, subtasks; edges can be dragged.

A lane lies exactly over the plot below it: it asks the plot where its axis is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QWidget

from widgets.theme.tokens import Theme

HEIGHT = 22
MARGIN = 8.0  # pixels between words and what is beside them
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


Axis = Callable[[], tuple[float, float, float, float]]  # seconds and pixels: (low, high, left, right)


def beside(area: QRectF, head: float) -> QRectF:
    """Return where words stand in an empty lane: at its left, behind the playhead (x in pixels) if that is there."""
    start = area.left() + MARGIN
    if head < start + MARGIN:
        start = max(start, head + MARGIN)
    return QRectF(start, area.top(), area.right() - MARGIN - start, area.height())


class Lane(QWidget):
    """One row of stretches.

    Args:
        title: At the left of the axis.
        axis: Says where the time axis lies, in pixels of this widget.
        joined: Stretches follow each other without a gap: an edge belongs to both.
        written: The words can be typed: a double click opens a field.

    Signals:
        sought(float): The person points at a time (s).
        moved(int, str, float): Stretch, its "start" or "end", and where it was dragged to (s).
        renamed(int, str): A stretch got other words; empty words take it away.
        made(float, str): Words were typed where nothing was.
    """

    sought = Signal(float)
    moved = Signal(int, str, float)
    renamed = Signal(int, str)
    made = Signal(float, str)

    def __init__(
        self, theme: Theme, title: str, axis: Axis, joined: bool = False, written: bool = False,
        dashed: bool = False, hint: str = "",
    ) -> None:  # fmt: skip
        super().__init__()
        self._theme, self._title, self._axis, self._hint = theme, title, axis, hint
        self._joined, self._written, self._dashed = joined, written, dashed
        self.stretches: tuple[Stretch, ...] = ()
        self._head = 0.0
        self._grabbed: tuple[int, str] | None = None
        self._dragged_to: float | None = None
        self._editor: QLineEdit | None = None
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(title)

    def sizeHint(self) -> QSize:
        """One row."""
        return QSize(200, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """One row."""
        return QSize(80, HEIGHT)

    def show_stretches(self, stretches: Sequence[Stretch]) -> None:
        """Show other stretches, in the order of time."""
        self.stretches = tuple(stretches)
        self._grabbed = self._dragged_to = None
        self.update()

    def show_head(self, seconds: float) -> None:
        """Draw the playhead."""
        if seconds != self._head:
            self._head = seconds
            self.update()

    def pixel(self, seconds: float) -> float:
        """Return where a time lies, in pixels."""
        low, high, left, right = self._axis()
        return left + (seconds - low) / max(high - low, 1e-9) * (right - left)

    def seconds(self, pixel: float) -> float:
        """Return the time at a pixel."""
        low, high, left, right = self._axis()
        return low + (pixel - left) / max(right - left, 1e-9) * (high - low)

    def colour(self, name: str) -> QColor:
        """Return the colour of a stretch; a phase has its own."""
        return self._theme.signal(PHASE_COLOURS.get(name, OTHER))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw title, stretches and playhead."""
        with QPainter(self) as painter:
            self._draw(painter)

    def _draw(self, painter: QPainter) -> None:
        theme = self._theme
        _, _, left, right = self._axis()
        area = QRectF(left, 1, right - left, self.height() - 2)
        painter.fillRect(area, theme.colour("well"))
        painter.setFont(theme.font("small"))
        painter.setPen(theme.colour("muted"))
        side = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(QRectF(0, 0, left - 6, self.height()), side, self._title)
        painter.setClipRect(area)
        if not self.stretches and self._hint:
            painter.drawText(beside(area, self.pixel(self._head)), Qt.AlignmentFlag.AlignVCenter, self._hint)
        for index in range(len(self.stretches)):
            self._draw_stretch(painter, index)
        painter.setPen(QPen(theme.colour("text"), 2.0))
        x = self.pixel(self._head)
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))

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
