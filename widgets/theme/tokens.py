"""The theme: colours, sizes and fonts from the one token file, dark or light."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from PySide6.QtGui import QColor, QFont, QFontDatabase

from app.core.errors import UsageError

STYLE_FOLDER = Path(__file__).resolve().parents[2] / "resources" / "style"
THEMES = ("dark", "light")


class State(StrEnum):
    """The states of the status strip, the worst one wins."""

    IDLE = "idle"
    ARMED = "armed"
    MOVING = "moving"
    RECORDING = "recording"
    FAULT = "fault"


@lru_cache(maxsize=1)
def read_tokens() -> dict[str, Any]:
    """Return the token file."""
    return tomllib.loads((STYLE_FOLDER / "tokens.toml").read_text())


@dataclass(eq=False)
class Theme:
    """The theme of a window. Colours by name, sizes in pixels; get one with `Theme.load`.

    The window's parts share one object, which `become` turns into another theme: ask it when painting.

    Attributes:
        name: "dark" or "light".
        colours: Name to "#rrggbb" of this theme.
        sizes: Name to pixels.
        states: State to (ground, text) of the status strip.
    """

    name: str
    colours: dict[str, str]
    sizes: dict[str, int]
    states: dict[str, tuple[str, str]]

    @staticmethod
    def load(name: str) -> Theme:
        """Return a theme by name.

        Raises:
            UsageError: If there is no such theme.
        """
        if name not in THEMES:
            raise UsageError(f"theme {name!r}", "there is no such theme", options=THEMES)
        tokens = read_tokens()
        states = {key: (pair[0], pair[1]) for key, pair in tokens["states"][name].items()}
        return Theme(name, dict(tokens[name]), dict(tokens["sizes"]), states)

    def become(self, name: str) -> None:
        """Take the colours of another theme."""
        other = Theme.load(name)
        self.name, self.colours, self.states = other.name, other.colours, other.states

    def colour(self, name: str, alpha: float = 1.0) -> QColor:
        """Return a colour of this theme, or of the palette."""
        return _colour(self.colours.get(name) or read_tokens()["palette"][name], alpha)

    def signal(self, name: str, alpha: float = 1.0) -> QColor:
        """Return the one colour of a signal ("force.x", "touch.mean", "plan"), the same everywhere."""
        return self.colour(read_tokens()["signals"][name], alpha)

    def state(self, state: State) -> tuple[QColor, QColor]:
        """Return (ground, text) of the status strip in a state."""
        ground, text = self.states[state.value]
        return QColor(ground), QColor(text)

    def px(self, name: str) -> int:
        """Return a size in pixels."""
        return self.sizes[name]

    def grid(self, steps: float = 1.0) -> int:
        """Return a distance: `steps` times the 8-pixel grid."""
        return round(self.sizes["grid"] * steps)

    def font(self, size: str = "text", bold: bool = False) -> QFont:
        """Return the text font in one of the sizes (small, text, large, title, state), with tabular figures."""
        return QFont(_font("families", self.px(size), bold))

    def number_font(self, size: str = "text", bold: bool = False) -> QFont:
        """Return the fixed-width font for numbers that change."""
        return QFont(_font("numbers", self.px(size), bold))


@lru_cache(maxsize=512)
def _parsed(text: str, alpha: float) -> QColor:
    colour = QColor(text)
    colour.setAlphaF(alpha)
    return colour


def _colour(text: str, alpha: float) -> QColor:
    """Return a colour of its own: painters ask for hundreds of them a picture, parsing is the dear part."""
    return QColor(_parsed(text, alpha))


@lru_cache(maxsize=64)
def _font(kind: str, pixels: int, bold: bool) -> QFont:
    """Return a font that is resolved once; copies of it share what was found for it."""
    font = QFont(_families(tuple(read_tokens()["fonts"][kind])))
    font.setPixelSize(pixels)
    font.setBold(bold)
    if kind == "families":
        font.setFeature(QFont.Tag("tnum"), 1)
    return font


@lru_cache(maxsize=4)
def _families(wanted: tuple[str, ...]) -> list[str]:
    installed = set(QFontDatabase.families())
    return [family for family in wanted if family in installed] or [wanted[-1]]
