"""The release of the dead-man never arrives: a real X server knows that the key is up. Runs where the gl tests run."""

from __future__ import annotations

import contextlib

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.faults.keyboard import Keyboard
from tests.widgets.hand.test_hand import Operator, hand, operator, surface  # noqa: F401 - fixtures
from widgets.hand.hand import Grip, Hand

pytestmark = pytest.mark.gl


def plugged_in() -> Keyboard:
    try:
        return Keyboard()
    except OSError as error:
        pytest.skip(f"a library that presses keys is not installed ({error})")


class Deaf(QObject):
    """Swallows every release of a key."""

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        return event.type() == QEvent.Type.KeyRelease


def await_press(qtbot: QtBot, one: Hand, number: int) -> None:
    """Wait until a press has counted; a stall of this machine may end it at once."""
    qtbot.waitUntil(lambda: one.press == number)


def test_a_release_that_never_arrives_ends_motion(
    qtbot: QtBot,
    hand: Hand,  # noqa: F811
    operator: Operator,  # noqa: F811
    surface: QWidget,  # noqa: F811
) -> None:
    if QGuiApplication.platformName() != "xcb":
        pytest.skip("there is no X server here")
    lost: list[str] = []
    hand.lost.connect(lost.append)
    application = QApplication.instance()
    assert application is not None
    deaf = Deaf()
    with contextlib.closing(plugged_in()) as keyboard:
        for press in (1, 2):  # the next press counts again, without a release in between
            keyboard.key("space", True)
            await_press(qtbot, hand, press)
            application.installEventFilter(deaf)
            keyboard.key("space", False)
            qtbot.waitUntil(lambda: hand.grip is Grip.RELEASED)
            application.removeEventFilter(deaf)
    assert all("its release was not heard of" in why or "stalled" in why for why in lost)
    operator.read()
    assert not operator.beats[-1].enable


def test_a_press_that_a_program_makes_is_held_until_its_release(
    qtbot: QtBot,
    hand: Hand,  # noqa: F811
    operator: Operator,  # noqa: F811
    surface: QWidget,  # noqa: F811
) -> None:
    QTest.keyPress(surface, Qt.Key.Key_Space)
    operator.read()
    before = len(operator.beats)

    def three_more() -> bool:
        operator.read()
        return len(operator.beats) >= before + 3

    qtbot.waitUntil(three_more)
    held = hand.grip
    QTest.keyRelease(surface, Qt.Key.Key_Space)
    assert held in (Grip.HELD, Grip.LOST)  # lost by a stall of this machine at the most
    assert hand.grip.value == Grip.RELEASED.value
