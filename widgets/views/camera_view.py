"""A live camera picture with touch drawn where it happens. QImage and QPainter."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from app.core.calibration import EXPIRES_DAYS, age_days, age_words
from app.core.wire.messages import CameraInfo
from widgets.bridge.feed import Frame
from widgets.theme.tokens import Theme
from widgets.views.legend import LINE, paint_legend
from widgets.views.live import Live
from widgets.views.overlay import Overlay, paint_overlay

CAPTION = 24
NOT_CALIBRATED = ("Not calibrated: no arrows in this picture.", "Not calibrated: no arrows")


class CameraView(QWidget):
    """One camera.

    Signals:
        pressed(), released(): The left button went down or up on the picture.
        dragged(float, float): Pull since the press, right and up, in shares of a third of the picture's height.
        wheeled(float): Notches of the wheel.
        calibrate_asked(): The person wants to calibrate this camera.
    """

    pressed = Signal()
    released = Signal()
    dragged = Signal(float, float)
    wheeled = Signal(float)
    calibrate_asked = Signal()

    def __init__(self, name: str, theme: Theme) -> None:
        super().__init__()
        self.name = name
        self._theme = theme
        self._image: QImage | None = None
        self.seq, self.shown_ns = -1, 0
        self._info: CameraInfo | None = None
        self._live = Live()
        self._note = ""
        self._empty = "No picture yet"
        self._start: QPointF | None = None
        self._pull: QPointF | None = None
        self.setMinimumSize(200, 150 + CAPTION)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(f"camera {name}")
        self._moved = ""
        self.calibrate = QPushButton("Calibrate …", self)
        self.calibrate.setProperty("role", "caption")
        self.calibrate.setFont(theme.font("small"))
        self.calibrate.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.calibrate.clicked.connect(self.calibrate_asked)
        self.calibrate.hide()
        self._connected = False
        self._seen: datetime | None = None

    def set_camera(
        self, info: CameraInfo | None, connected: bool = True, seen: datetime | None = None
    ) -> None:
        """Say where the camera sits; without it nothing is drawn over the picture, and the person is told why.

        Args:
            connected: The rig is there.
            seen: When the pictures were taken: how old the calibration was then; now by default.
        """
        self._info, self._moved, self._connected, self._seen = info, "", connected, seen
        self._offer()

    def set_moved(self, words: str) -> None:
        """Warn that the camera is not where it was calibrated; empty: it is."""
        self._moved = words
        self._offer()

    def _offer(self) -> None:
        """Offer calibration where it is missing, too old, or wrong."""
        words, wrong = self.standing()
        self.calibrate.setVisible(self._connected and wrong)
        self.setToolTip(f"{self.name} camera: {self._moved or words}" if words else "")
        self._place_button()
        self.update()

    def standing(self) -> tuple[str, bool]:
        """Return what is to be said of the calibration, and whether something is wrong with it."""
        info = self._info
        if info is None:
            return ("not calibrated", True) if self._connected else ("", False)
        if self._moved:
            return "camera has moved", True
        if not info.calibrated:
            return "", False  # rig file or device say where it sits
        age = age_words(info.calibrated, self._seen)
        if self._seen is not None:
            age = age.replace("ago", "before")
        if age_days(info.calibrated, self._seen) > EXPIRES_DAYS:
            return f"calibration expired: {age}", True
        return f"calibrated {age}, ±{info.residual_px:.1f} px", False

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the button in the caption."""
        super().resizeEvent(event)
        self._place_button()

    def _place_button(self) -> None:
        hint = self.calibrate.sizeHint()
        self.calibrate.setGeometry(self.width() - hint.width() - 2, 2, hint.width(), CAPTION - 4)

    def set_empty(self, words: str) -> None:
        """Say what to show while there is no picture."""
        self._empty = words
        self.update()

    def clear(self) -> None:
        """Forget the picture."""
        self._image, self.seq, self._live, self._note = None, -1, Live(), ""
        self.update()

    def show_frame(self, frame: Frame | None, live: Live, note: str = "") -> None:
        """Show a decoded frame (if it is a new one) and the newest state over it."""
        if frame is not None and frame.header.seq != self.seq and frame.image is not None:
            self.show_image(frame.image, frame.header.seq, frame.t_ns, live, note)
        else:
            self._live, self._note = live, note
            self.update()

    def show_image(self, image: QImage | None, seq: int, t_ns: int, live: Live, note: str = "") -> None:
        """Show picture number `seq`, taken at `t_ns`, with a state over it; None: there is no such picture."""
        self._image, self.seq, self.shown_ns = image, seq, t_ns
        self._live, self._note = live, note
        self.update()

    def sizeHint(self) -> QSize:
        """A 4:3 picture and its caption."""
        return QSize(480, 360 + CAPTION)

    def picture_area(self) -> QRectF:
        """Return where in the widget the picture is drawn."""
        room = QRectF(1, CAPTION, self.width() - 2, self.height() - CAPTION - 1)
        width, height = (self._image.width(), self._image.height()) if self._image is not None else (4, 3)
        scale = min(room.width() / width, room.height() / height)
        size = QSize(round(width * scale), round(height * scale))
        left = room.x() + (room.width() - size.width()) / 2
        top = room.y() + (room.height() - size.height()) / 2
        return QRectF(left, top, size.width(), size.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw picture, overlay, legend and caption."""
        with QPainter(self) as painter:  # ended even if drawing fails: an open painter takes the window down
            self._draw(painter)

    def _draw(self, painter: QPainter) -> None:
        painter.fillRect(self.rect(), self._theme.colour("well"))
        self._paint_caption(painter)
        painter.setPen(self._theme.colour("line"))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        area = self.picture_area()
        if self._image is None:
            painter.setPen(self._theme.colour("muted"))
            painter.setFont(self._theme.font())
            words = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(area.adjusted(16, 0, -16, 0), words, self._empty)
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(area, self._image)
        if self._info is None:
            self._paint_uncalibrated(painter, area)
        elif self._live.pose is not None:
            overlay = Overlay.project(self._info, self._live)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.save()
            painter.setClipRect(area)
            scale = area.width() / self._info.width
            paint_overlay(painter, overlay, self._theme, area.topLeft(), scale)
            paint_legend(painter, overlay, self._theme, area, scale)
            painter.restore()
        self._paint_pull(painter)

    def _paint_uncalibrated(self, painter: QPainter, area: QRectF) -> None:
        """Say why no touch is drawn here."""
        strip = QRectF(area.left(), area.bottom() - LINE, area.width(), LINE)
        painter.fillRect(strip, self._theme.colour("overlay_ground", 0.72))
        painter.setFont(self._theme.font("small"))
        painter.setPen(self._theme.colour("overlay"))
        room, metrics = int(strip.width()) - 16, painter.fontMetrics()
        words = next((text for text in NOT_CALIBRATED if metrics.horizontalAdvance(text) <= room), "")
        painter.drawText(strip.adjusted(8, 0, -8, 0), Qt.AlignmentFlag.AlignVCenter, words)

    def _paint_caption(self, painter: QPainter) -> None:
        theme = self._theme
        strip = QRectF(0, 0, self.width(), CAPTION)
        painter.fillRect(strip, theme.colour("surface"))
        painter.setFont(theme.font("small", bold=True))
        painter.setPen(theme.colour("text"))
        name = f"{self.name} camera"
        painter.drawText(strip.adjusted(8, 0, -8, 0), Qt.AlignmentFlag.AlignVCenter, name)
        left = 8 + painter.fontMetrics().horizontalAdvance(name) + 10
        right = self.width() - 8
        if not self.calibrate.isHidden():
            right -= self.calibrate.width() + 4
        painter.setFont(theme.number_font("small"))
        painter.setPen(theme.colour("muted"))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        note = painter.fontMetrics().horizontalAdvance(self._note)
        if left + note <= right:
            painter.drawText(QRectF(right - note - 2, 0, note + 2, CAPTION), flags, self._note)
            right -= note + 10
        words, wrong = self.standing()
        painter.setFont(theme.font("small"))
        painter.setPen(theme.colour("warning" if wrong else "muted"))
        whole = painter.fontMetrics().horizontalAdvance(words) <= right - left
        if not whole and wrong and not self.calibrate.isHidden():
            return  # the button says enough
        shown = words if whole else words.partition(",")[0]
        shown = painter.fontMetrics().elidedText(shown, Qt.TextElideMode.ElideRight, int(right - left))
        painter.drawText(QRectF(left, 0, right - left, CAPTION), Qt.AlignmentFlag.AlignVCenter, shown)

    def _paint_pull(self, painter: QPainter) -> None:
        if self._start is None or self._pull is None:
            return
        painter.setPen(self._theme.colour("overlay"))
        painter.setBrush(self._theme.colour("overlay", 0.25))
        painter.drawEllipse(self._start, 8, 8)
        painter.drawLine(self._start, self._pull)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to pull."""
        if event.button() == Qt.MouseButton.LeftButton and self._image is not None:
            self.setFocus()
            self._start = self._pull = event.position()
            self.pressed.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pull."""
        if self._start is not None:
            self._pull = event.position()
            reach = self.picture_area().height() / 3
            offset = np.array([self._pull.x() - self._start.x(), self._start.y() - self._pull.y()]) / reach
            self.dragged.emit(float(offset[0]), float(offset[1]))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        if event.button() == Qt.MouseButton.LeftButton and self._start is not None:
            self._start = self._pull = None
            self.released.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Up or down."""
        self.wheeled.emit(event.angleDelta().y() / 120.0)
        event.accept()
