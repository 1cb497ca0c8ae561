"""Paints one episode in the list: small picture, outcome, numbers, flags."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.core.episodes import EpisodeRow
from widgets.review.list_model import ITEM, THUMBNAIL, Index
from widgets.review.trash_bar import days_left
from widgets.theme.tokens import Theme

HEIGHT = 88
PICTURE = QSize(96, 72)
ROOMY = 168  # width of the words from which on nothing must be abbreviated
# outcome: (colour, sign): the sign says it without colour
SIGNS = {"success": ("good", "✓"), "failure": ("bad", "✕"), "discarded": ("muted", "–")}


def flags_of(item: EpisodeRow) -> list[str]:
    """Return what is unusual about an episode, in words."""
    flags = []
    if item.recovered:
        flags.append("recovered")
    if item.dropped:
        flags.append(f"{item.dropped} dropped")
    flags.extend(sorted({flag.kind for flag in item.flags if flag.kind != "gap"}))
    if item.trashed_at:
        left = days_left(item)
        flags.append(f"{left} d left" if left else "due")
    if item.rejected:
        flags.append("rejected")
    if item.part_of:
        flags.append("part")
    if item.trimmed:
        flags.append("trimmed")
    if item.label_problem:
        flags.append("labels broken")
    return flags


class EpisodeDelegate(QStyledItemDelegate):
    """Draws rows of `EpisodeModel`."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the size of a row."""
        return QSize(280, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint a row."""
        item: EpisodeRow = index.data(ITEM)
        theme = self._theme
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        box: QRect = option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, theme.colour("hover"))
            painter.fillRect(QRect(box.left(), box.top(), 4, box.height()), theme.colour("accent"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(box, theme.colour("raised"))
        self._paint_picture(
            painter, QRect(box.left() + 12, box.top() + 8, PICTURE.width(), PICTURE.height()), index
        )
        left = box.left() + 12 + PICTURE.width() + 12
        self._paint_words(painter, QRect(left, box.top() + 8, box.right() - 8 - left, HEIGHT - 16), item)
        painter.setPen(theme.colour("line"))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        painter.restore()

    def _paint_picture(self, painter: QPainter, box: QRect, index: Index) -> None:
        painter.fillRect(box, self._theme.colour("well"))
        image = index.data(THUMBNAIL)
        if image is not None:
            size = image.size().scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatio)
            inner = QRect(0, 0, size.width(), size.height())
            inner.moveCenter(box.center())
            painter.drawImage(inner, image)

    def _paint_words(self, painter: QPainter, box: QRect, item: EpisodeRow) -> None:
        theme = self._theme
        colour, sign = SIGNS.get(item.outcome, ("warning", "?"))
        if item.broken:
            colour, sign = "bad", "!"
        line = box.height() // 3
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(colour))
        painter.drawEllipse(QPointF(box.left() + 9, box.top() + line / 2), 9, 9)
        painter.setPen(theme.colour("ground"))
        painter.setFont(theme.font("small", bold=True))
        painter.drawText(QRectF(box.left(), box.top(), 18, line), Qt.AlignmentFlag.AlignCenter, sign)
        self._line(painter, QRect(box.left() + 26, box.top(), box.width() - 26, line),
                   "broken file" if item.broken else item.outcome or "no outcome",
                   "" if item.seed is None else f"seed {item.seed}", True)  # fmt: skip
        word = "score " if box.width() >= ROOMY else ""
        score = "" if item.score is None else f"{word}{item.score:.2f}"
        force = "" if item.peak_force_n is None else f"{item.peak_force_n:.1f} N"
        numbers = "   ".join(part for part in (f"{item.seconds:.1f} s", force) if part)
        self._line(painter, QRect(box.left(), box.top() + line, box.width(), line), numbers, score, False)
        flags = "  ·  ".join(flags_of(item))
        who = "  ·  ".join(word for word in (item.operator, *item.tags) if word)
        self._line(painter, QRect(box.left(), box.top() + 2 * line, box.width(), line), who, flags, False,
                   "warning" if flags else "muted")  # fmt: skip

    def _line(
        self, painter: QPainter, box: QRect, left: str, right: str, strong: bool, right_colour: str = "muted"
    ) -> None:
        theme = self._theme
        painter.setFont(theme.font("small"))
        width = QFontMetrics(painter.font()).horizontalAdvance(right)
        painter.setPen(theme.colour(right_colour))
        side = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(box, side | Qt.AlignmentFlag.AlignRight, right)
        painter.setFont(theme.font("text", bold=True) if strong else theme.font("small"))
        painter.setPen(theme.colour("text") if strong else theme.colour("muted"))
        room = box.width() - width - (8 if right else 0)
        text = QFontMetrics(painter.font()).elidedText(left, Qt.TextElideMode.ElideRight, room)
        painter.drawText(box, side | Qt.AlignmentFlag.AlignLeft, text)
