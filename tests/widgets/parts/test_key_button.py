"""Buttons with their key, number columns, and episodes in words."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.core.episodes import EpisodeRow
from widgets.parts.episodes import counts_text, plural
from widgets.parts.key_button import KeyButton
from widgets.session import apply_theme
from widgets.theme.tokens import Theme


@pytest.fixture
def form(qtbot: QtBot) -> tuple[QWidget, KeyButton, QLineEdit, list[str]]:
    apply_theme(Theme.load("dark"))
    window = QWidget()
    qtbot.addWidget(window)
    pressed: list[str] = []
    button, field = KeyButton("Go on", "K", Theme.load("dark"), tip="Goes on"), QLineEdit()
    button.clicked.connect(lambda: pressed.append("K"))
    layout = QVBoxLayout(window)
    layout.addWidget(button)
    layout.addWidget(field)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    return window, button, field, pressed


def test_its_key_presses_it(form: tuple[QWidget, KeyButton, QLineEdit, list[str]]) -> None:
    window, _, _, pressed = form
    QTest.keyClick(window, Qt.Key.Key_K)
    assert pressed == ["K"]


def test_typing_the_key_into_a_field_does_not(form: tuple[QWidget, KeyButton, QLineEdit, list[str]]) -> None:
    _, _, field, pressed = form
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_K)
    assert (pressed, field.text()) == ([], "k")


def test_disabled_it_says_why_and_hidden_it_is_deaf(
    form: tuple[QWidget, KeyButton, QLineEdit, list[str]],
) -> None:
    window, button, _, pressed = form
    button.allow("Nothing is there yet.")
    QTest.keyClick(window, Qt.Key.Key_K)
    assert (pressed, button.toolTip()) == ([], "Nothing is there yet.")
    button.allow("")
    assert button.toolTip() == "Goes on"
    button.hide()
    QTest.keyClick(window, Qt.Key.Key_K)
    assert pressed == []


def test_the_cap_lies_beside_the_words(form: tuple[QWidget, KeyButton, QLineEdit, list[str]]) -> None:
    _, button, _, _ = form
    bare = KeyButton("Go on", "", button.theme)
    assert button.sizeHint().width() >= bare.sizeHint().width() + button._cap_width
    image = button.grab().toImage()
    cap = [image.pixelColor(x, image.height() // 2) for x in range(image.width() - 30, image.width() - 8)]
    assert len({colour.name() for colour in cap}) > 1  # an outline and a letter, not bare ground


def test_counts_in_words() -> None:
    items = [
        EpisodeRow("a", outcome="success"),
        EpisodeRow("b", outcome="success", broken="cut"),
        EpisodeRow("c"),
    ]
    assert counts_text(items) == "1 kept success of 3 episodes"
    assert counts_text([]) == "empty"
    assert plural(1, "episode") == "1 episode"
