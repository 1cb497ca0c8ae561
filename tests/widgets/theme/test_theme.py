"""The token file: both themes complete, text readable, one colour per signal, icons that draw something."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from widgets.theme.icons import ICONS, picture
from widgets.theme.sheet import style_sheet
from widgets.theme.tokens import THEMES, State, Theme, read_tokens


def luminance(colour: QColor) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in
             (colour.redF(), colour.greenF(), colour.blueF())]  # fmt: skip
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: QColor, other: QColor) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_both_themes_have_the_same_names(qtbot: QtBot) -> None:
    assert set(read_tokens()["dark"]) == set(read_tokens()["light"])


@pytest.mark.parametrize("name", THEMES)
def test_text_is_readable(qtbot: QtBot, name: str) -> None:
    theme = Theme.load(name)
    for ground in ("ground", "surface", "raised", "well"):
        for text in ("text", "muted"):
            assert contrast(theme.colour(text), theme.colour(ground)) >= 4.5, (name, text, ground)
    for sign in ("good", "warning", "bad"):
        assert contrast(theme.colour(sign), theme.colour("surface")) >= 4.5, (name, sign)
    assert contrast(theme.colour("accent_text"), theme.colour("accent")) >= 4.5
    for state in State:
        assert contrast(*theme.state(state)) >= 4.5, (name, state)


@pytest.mark.parametrize("name", THEMES)
def test_every_signal_has_a_colour_of_the_palette_and_the_sheet_is_filled(qtbot: QtBot, name: str) -> None:
    theme = Theme.load(name)
    palette = {QColor(text).name() for text in read_tokens()["palette"].values()}
    for signal in read_tokens()["signals"]:
        assert theme.signal(signal).name() in palette
    assert "$" not in style_sheet(theme)


def test_every_icon_draws_in_the_colour_asked_for(qtbot: QtBot) -> None:
    for path in ICONS.glob("*.svg"):
        if "currentColor" not in path.read_text():
            continue
        image = picture(path.stem, "#ff0000", 24, 2.0).toImage()
        colours = {image.pixelColor(x, y).name() for x in range(48) for y in range(48)
                   if image.pixelColor(x, y).alpha() == 255}  # fmt: skip
        assert colours == {"#ff0000"}, path.stem
