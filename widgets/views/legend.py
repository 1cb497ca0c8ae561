"""The legend of a camera picture: scale bars in newtons and millimetres, present values, and what is wrong in words.

It adapts: bars follow the scale, rows that do not fit are left out from the least telling one on.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from widgets.theme.tokens import Theme
from widgets.views.overlay import Overlay
from widgets.views.slip import Slip

LINE = 20
GAP = 14
SYMBOL = 14
BADGE = 22
SLIP_WORDS = {Slip.SLIDING: "sliding", Slip.SLIPPING: "slipping"}


@dataclass(frozen=True)
class Row:
    """One entry: how wide its symbol is in pixels of the camera's picture (0: a short line), and its words."""

    signal: str
    words: str
    bar_px: float = 0.0


def legend_rows(overlay: Overlay) -> list[Row]:
    """Return the entries, the most telling first; of several sensors the one that feels most, by its name."""
    rows: list[Row] = []
    forces = [marks.touch for marks in overlay.marks if marks.touch.wrench is not None]
    fields = [marks.touch for marks in overlay.marks if marks.touch.displacement is not None]
    if forces and overlay.force_bar is not None:
        bar, most = overlay.force_bar, max(forces, key=lambda touch: touch.force_n or 0.0)
        value = _named(most.name, f"{most.force_n or 0.0:5.1f} N", len(forces))
        rows.append(Row("force", f"{bar.value:g} N │ {value}", bar.pixels))
    if fields and overlay.field_bar is not None:
        bar, most = overlay.field_bar, max(fields, key=lambda touch: touch.field_mm or 0.0)
        value = _named(most.name, f"{most.field_mm or 0.0:4.2f} mm", len(fields))
        rows.append(Row("touch.field", f"{bar.value:g} mm │ {value}", bar.pixels))
    if overlay.ghost is not None:
        rows.append(Row("commanded", "commanded"))
    if len(overlay.plan):
        rows.append(Row("plan", "plan"))
    return rows


def _named(name: str, value: str, count: int) -> str:
    return f"{name} {value}" if count > 1 else value


def badges(overlay: Overlay) -> list[tuple[str, str]]:
    """Return (signal, words) of what the person must not miss: over-force and slip, with the sensor's name."""
    found = []
    several = len(overlay.marks) > 1
    for marks in overlay.marks:
        touch = marks.touch
        name = f"{touch.name}: " if several else ""
        if touch.over:
            found.append(("over", f"{name}over-force {touch.peak_n:.0f} N, limit {touch.limit_n:g} N"))
        if touch.slip in SLIP_WORDS:
            found.append(("touch.slip", f"{name}{SLIP_WORDS[touch.slip]}"))
    return found


def paint_legend(painter: QPainter, overlay: Overlay, theme: Theme, area: QRectF, scale: float) -> None:
    """Draw the legend at the lower edge of the picture, where it hides least, and badges above it.

    Args:
        scale: Pixels of the painter per pixel of the camera.
    """
    painter.setFont(theme.number_font("small"))
    lines = _lines(painter, legend_rows(overlay), area, scale)
    top = area.bottom() - LINE * len(lines)
    painter.fillRect(
        QRectF(area.left(), top, area.width(), LINE * len(lines)), theme.colour("overlay_ground", 0.72)
    )
    for index, line in enumerate(lines):
        x, middle = area.left() + 8, top + LINE * (index + 0.5)
        for row in line:
            x = _paint_row(painter, row, theme, QPointF(x, middle), scale) + GAP
    _paint_badges(painter, badges(overlay), theme, area.adjusted(8, 8, -8, 0))


def _symbol(row: Row, scale: float) -> float:
    return max(4.0, row.bar_px * scale) if row.bar_px else float(SYMBOL)


def _width(painter: QPainter, row: Row, scale: float) -> float:
    return _symbol(row, scale) + 6 + painter.fontMetrics().horizontalAdvance(row.words)


def _lines(painter: QPainter, rows: list[Row], area: QRectF, scale: float) -> list[list[Row]]:
    """Put entries into at most two lines and a quarter of the picture; what does not fit is left out."""
    lines: list[list[Row]] = []
    used, room, most = 0.0, area.width(), min(2, int(area.height() / 4 / LINE))
    for row in rows:
        width = _width(painter, row, scale)
        if width > room - 16:
            continue
        if lines and used + GAP + width <= room - 16:
            lines[-1].append(row)
            used += GAP + width
        elif len(lines) < most:
            lines.append([row])
            used = width
    return lines


def _paint_row(painter: QPainter, row: Row, theme: Theme, at: QPointF, scale: float) -> float:
    length = _symbol(row, scale)
    colour = theme.signal(row.signal).lighter(135) if row.signal == "commanded" else theme.signal(row.signal)
    style = Qt.PenStyle.DashLine if row.signal == "commanded" else Qt.PenStyle.SolidLine
    painter.setPen(QPen(colour, 3.0, style, Qt.PenCapStyle.FlatCap))
    end = QPointF(at.x() + length, at.y())
    painter.drawLine(at, end)
    if row.bar_px:  # a scale bar has ends, so that its length is meant
        painter.setPen(QPen(colour, 1.5))
        for x in (at.x(), end.x()):
            painter.drawLine(QPointF(x, at.y() - 5), QPointF(x, at.y() + 5))
    painter.setPen(theme.colour("overlay"))
    width = painter.fontMetrics().horizontalAdvance(row.words)
    place = QRectF(end.x() + 6, at.y() - LINE / 2, width + 4, LINE)
    painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, row.words)
    return end.x() + 6 + width


def _paint_badges(painter: QPainter, found: list[tuple[str, str]], theme: Theme, area: QRectF) -> None:
    painter.setFont(theme.font("small", bold=True))
    for index, (signal, words) in enumerate(found):
        room = int(area.width()) - 20
        shown = words if painter.fontMetrics().horizontalAdvance(words) <= room else words.partition(",")[0]
        shown = painter.fontMetrics().elidedText(shown, Qt.TextElideMode.ElideRight, room)
        width = painter.fontMetrics().horizontalAdvance(shown)
        place = QPointF(area.left(), area.top() + index * (BADGE + 4))
        paint_badge(painter, shown, theme.signal(signal), theme, place, width)


def paint_badge(
    painter: QPainter, words: str, colour: QColor, theme: Theme, at: QPointF, width: float
) -> None:
    """Draw words on the dark ground of overlays, behind a stripe of the signal's colour."""
    box = QRectF(at.x(), at.y(), width + 20, BADGE)
    painter.fillRect(box, theme.colour("overlay_ground", 0.85))
    painter.fillRect(QRectF(at.x(), at.y(), 6, BADGE), colour)
    painter.setPen(theme.colour("overlay"))
    painter.drawText(
        box.adjusted(12, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words
    )
