"""A view under a caption, in a frame: name at the left, a hint and a small control at the right."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from widgets.context import WindowContext

STRIP = 24
GAP = 16  # between the name and what stands at the right


class Titled(QFrame):
    """A widget under a caption.

    Attributes:
        note: The hint at the right; left out where it does not fit beside the name.
    """

    def __init__(self, title: str, inner: QWidget, context: WindowContext) -> None:
        super().__init__()
        self._title, self._theme = title, context.theme
        self.note = ""
        self._corner: QWidget | None = None
        self.setProperty("role", "well")
        self._column, self._inner = QVBoxLayout(self), inner
        self._column.setContentsMargins(1, STRIP + 1, 1, 1)
        self._column.addWidget(inner)

    def put(self, inner: QWidget) -> None:
        """Show another widget in place of the present one, which is deleted."""
        self._column.replaceWidget(self._inner, inner)
        self._inner.hide()
        self._inner.deleteLater()
        self._inner = inner

    def set_note(self, note: str) -> None:
        """Say something at the right of the caption."""
        if note != self.note:
            self.note = note
            self.update()

    def set_corner(self, widget: QWidget) -> None:
        """Put a small control at the right end of the caption; the note stands left of it."""
        widget.setParent(self)
        self._corner = widget
        self._place_corner()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the control at the end."""
        super().resizeEvent(event)
        self._place_corner()

    def _place_corner(self) -> None:
        if self._corner is not None:
            width = self._corner.sizeHint().width()
            self._corner.setGeometry(self.width() - width - 3, 3, width, STRIP - 4)

    def note_area(self) -> QRect:
        """Return where the note is drawn; empty where it does not fit."""
        name = QFontMetrics(self._theme.font("small", bold=True)).horizontalAdvance(self._title)
        note = QFontMetrics(self._theme.font("small")).horizontalAdvance(self.note)
        right = self.width() - 9
        if self._corner is not None and not self._corner.isHidden():
            right -= self._corner.width() + 2
        left = right - note - 2
        return QRect(left, 1, note + 2, STRIP) if note and left >= 9 + name + GAP else QRect()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw frame and caption."""
        super().paintEvent(event)
        with QPainter(self) as painter:  # ended even if drawing fails: an open painter takes the window down
            self._draw(painter)

    def _draw(self, painter: QPainter) -> None:
        strip = QRect(1, 1, self.width() - 2, STRIP)
        painter.fillRect(strip, self._theme.colour("surface"))
        painter.setFont(self._theme.font("small", bold=True))
        painter.setPen(self._theme.colour("text"))
        painter.drawText(strip.adjusted(8, 0, -8, 0), Qt.AlignmentFlag.AlignVCenter, self._title)
        area = self.note_area()
        if not area.isEmpty():
            painter.setFont(self._theme.font("small"))
            painter.setPen(self._theme.colour("muted"))
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self.note)
