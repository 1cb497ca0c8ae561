"""A picture that keeps its proportions, with a caption; empty, it says why."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.theme.tokens import Theme


class Picture(QWidget):
    """Shows one image, as large as it fits.

    Attributes:
        image: What is shown, or None.
        caption: Words at the top left.
        note: Words at the bottom left.
        problem: Words instead of an image.
    """

    def __init__(self, theme: Theme, caption: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.caption, self.note, self.problem = caption, "", ""
        self.image: QImage | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(112, 84)
        self.setAccessibleName(caption)

    def sizeHint(self) -> QSize:
        """Return a moderate size of the usual proportions."""
        return QSize(320, 240)

    def clear(self, problem: str = "") -> None:
        """Show no image, and why."""
        self.image, self.note, self.problem = None, "", problem
        self.update()

    def picture_box(self) -> QRectF:
        """Return where the image lies in the widget."""
        if self.image is None:
            return QRectF(self.rect())
        size = self.image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        return QRectF(
            (self.width() - size.width()) / 2.0, (self.height() - size.height()) / 2.0, size.width(), size.height()
        )  # fmt: skip

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint image, overlay, caption and note."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.theme.colour("well"))
        if self.image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(self.picture_box(), self.image)
        else:
            painter.setPen(self.theme.colour("muted"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(16, 16, -16, -16), flags, self.problem)
        self.paint_over(painter)
        box = self.picture_box()
        self._tag(painter, self.caption, QPointF(box.left() + 8, box.top() + 8))
        self._tag(painter, self.note, QPointF(box.left() + 8, box.bottom() - 30))
        painter.end()

    def paint_over(self, painter: QPainter) -> None:
        """Paint what lies over the image; subclasses do."""

    def _tag(self, painter: QPainter, text: str, at: QPointF) -> None:
        if not text:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.theme.font("small"))
        width = painter.fontMetrics().horizontalAdvance(text) + 12
        box = QRectF(at.x(), at.y(), width, 22)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.theme.colour("overlay_ground", 0.72))
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(self.theme.colour("overlay"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
