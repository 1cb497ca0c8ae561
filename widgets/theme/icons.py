"""Our own icons: small SVG files drawn in `currentColor`, tinted by the theme."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from widgets.theme.tokens import STYLE_FOLDER

ICONS = STYLE_FOLDER / "icons"


@lru_cache(maxsize=128)
def picture(name: str, colour: str, size: int = 24, scale: float = 2.0) -> QPixmap:
    """Return the icon `resources/style/icons/NAME.svg` in one colour ("#rrggbb"), `size` pixels square."""
    text = (ICONS / f"{name}.svg").read_text().replace("currentColor", colour)
    pixmap = QPixmap(QSize(round(size * scale), round(size * scale)))
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as painter:
        QSvgRenderer(QByteArray(text.encode())).render(painter)
    pixmap.setDevicePixelRatio(scale)
    return pixmap


def icon(name: str, colour: str, active: str | None = None, size: int = 24) -> QIcon:
    """Return a QIcon; `active` is its colour when the button is checked."""
    made = QIcon(picture(name, colour, size))
    if active is not None:
        made.addPixmap(picture(name, active, size), QIcon.Mode.Normal, QIcon.State.On)
    return made
