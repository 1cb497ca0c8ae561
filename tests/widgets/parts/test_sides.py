"""Panels that take turns: the keys of all of them are heard, and of two with one key only the one that counts."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from widgets.parts.key_button import KeyButton
from widgets.parts.sides import Sides
from widgets.theme.tokens import Theme


def panel_of(*buttons: KeyButton) -> QWidget:
    panel = QWidget()
    layout = QVBoxLayout(panel)
    for button in buttons:
        layout.addWidget(button)
    return panel


@pytest.mark.parametrize("side", ["Labels", "Phases"])
def test_keys_are_heard_whichever_panel_is_shown(qtbot: QtBot, side: str) -> None:
    theme, clicked = Theme.load("dark"), list[str]()

    def button(name: str, key: str) -> KeyButton:
        made = KeyButton(name, key, theme)
        made.clicked.connect(lambda: clicked.append(name))
        return made

    one, several, stack = (
        panel_of(button("success", "S")),
        panel_of(button("all success", "S")),
        QStackedWidget(),
    )
    stack.addWidget(one)
    stack.addWidget(several)
    undo, propose = button("undo", "Ctrl+Z"), button("propose", "P")
    sides = Sides(theme, (("Labels", stack), ("Phases", panel_of(propose))), "Q", [undo])
    qtbot.addWidget(sides)
    sides.show()
    sides.activateWindow()
    qtbot.waitUntil(sides.isActiveWindow)
    sides.show_side(side)
    for key in (Qt.Key.Key_S, Qt.Key.Key_P):
        QTest.keyClick(sides, key)
    QTest.keyClick(sides, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert clicked == ["success", "propose", "undo"]
    stack.setCurrentWidget(several)
    propose.allow("Nothing is open.")
    QTest.keyClick(sides, Qt.Key.Key_S)
    QTest.keyClick(sides, Qt.Key.Key_P)
    assert clicked[3:] == ["all success"]
