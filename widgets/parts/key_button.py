"""Buttons that show their key, and that say why when they cannot be pressed."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QKeySequence, QPainter, QPaintEvent, QPen, QShortcut
from PySide6.QtWidgets import QPushButton, QWidget

from widgets.theme.tokens import Theme

CAP_HEIGHT, CAP_PAD, CAP_MARGIN = 20.0, 6.0, 8.0


class KeyButton(QPushButton):
    """A push button with its key drawn as a cap at its right edge.

    The key works while the button is visible. Qt offers a bare key to a text field first, so that typing is not taken
    for a command.

    Args:
        text: What it does.
        key: The key as Qt writes it ("Ctrl+P", "K"); empty for none.
        role: Look in the style sheet: primary, danger, quiet or none.
        caption: How the key is drawn, if not as it is written.
        tip: Tooltip while it can be pressed.
    """

    def __init__(
        self, text: str, key: str, theme: Theme, role: str = "", caption: str = "", tip: str = "",
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(text, parent)
        self.theme = theme
        self.key = key
        self.caption = caption or key
        self._tip = tip
        self._cap_font = theme.font("small")
        self._cap_width = 0.0
        if role:
            self.setProperty("role", role)
        self.setToolTip(tip)
        self.setAutoDefault(False)
        if self.caption:
            self._cap_width = max(
                CAP_HEIGHT, QFontMetricsF(self._cap_font).horizontalAdvance(self.caption) + 2 * CAP_PAD
            )
            beside = round(self._cap_width + 2 * CAP_MARGIN)
            self.setStyleSheet(f"padding-right: {beside}px;")
            if not text:
                self.setFixedWidth(beside)
        self._shortcut: QShortcut | None = None
        if key:
            self._shortcut = QShortcut(QKeySequence(key), self)
            self._shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
            self._shortcut.setAutoRepeat(False)
            self._shortcut.activated.connect(self._on_key)

    def _on_key(self) -> None:
        if self.isVisible() and self.isEnabled():
            self.click()

    def give_up_key(self) -> None:
        """Let another widget listen for the key: a button of a panel that is not in front hears nothing."""
        if self._shortcut is not None:
            self._shortcut.setEnabled(False)

    def allow(self, hindrance: str) -> None:
        """Enable the button if `hindrance` is empty; else disable it, and let its tooltip say why."""
        self.setEnabled(not hindrance)
        self.setToolTip(hindrance or self._tip)

    def minimumSizeHint(self) -> QSize:
        """Return the whole size: neither words nor key are ever cut."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the button, then the cap of its key."""
        super().paintEvent(event)
        if not self.caption:
            return
        left = self.width() - CAP_MARGIN - self._cap_width
        box = QRectF(left, (self.height() - CAP_HEIGHT) / 2.0, self._cap_width, CAP_HEIGHT)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = self._ink()
        outline = QColor(colour)
        outline.setAlphaF(0.5)
        painter.setPen(QPen(outline, 1.0))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4.0, 4.0)
        painter.setPen(colour)
        painter.setFont(self._cap_font)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.caption)
        painter.end()

    def _ink(self) -> QColor:
        if not self.isEnabled():
            return self.theme.colour("muted")
        if self.property("role") == "primary":
            return self.theme.colour("accent_text")
        return QColor("#ffffff") if self.property("role") == "danger" else self.theme.colour("text")


class CaptionButton(KeyButton):
    """A low key button for a row of names; its key is written behind the words."""

    def __init__(self, text: str, key: str, theme: Theme, tip: str = "") -> None:
        super().__init__(text, key, theme, role="caption", tip=tip)
        self.setStyleSheet("")
        self.setText(text)

    def setText(self, text: str) -> None:
        """Show words, with the key behind them."""
        key = self.key.replace("Shift+", "⇧").replace("+", " ")
        super().setText(f"{text}  {key}")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the button without a cap."""
        QPushButton.paintEvent(self, event)
