"""The dead-man: what ends motion, and that nothing refreshes a stamp."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
import zmq
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.core.wire.codec import decode
from app.core.wire.messages import Beat
from app.core.wire.sockets import bind, endpoint_of
from app.teleop.settings import Settings
from widgets.bridge.bridge import Bridge
from widgets.hand.hand import STALL_NS, Grip, Hand


class Operator:
    """The input end of an operator process: a PULL socket that reads in the test's thread."""

    def __init__(self) -> None:
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.socket = bind(self.context, zmq.PULL)
        self.beats: list[Beat] = []

    def read(self) -> list[Beat]:
        """Return the beats that came since the last call."""
        came = []
        while self.socket.poll(0):
            came.append(decode(Beat, self.socket.recv()))
        self.beats += came
        return came

    def close(self) -> None:
        self.socket.close()
        self.context.term()


@pytest.fixture
def operator() -> Iterator[Operator]:
    made = Operator()
    yield made
    made.close()


@pytest.fixture
def surface(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    QVBoxLayout(widget).addWidget(QLineEdit())
    qtbot.addWidget(widget)
    widget.show()
    widget.activateWindow()
    widget.setFocus()
    qtbot.waitUntil(widget.isActiveWindow)
    return widget


@pytest.fixture
def hand(qtbot: QtBot, operator: Operator, surface: QWidget) -> Iterator[Hand]:
    bridge = Bridge()
    made = Hand(bridge)
    made.engage(endpoint_of(operator.socket), surface)
    qtbot.waitUntil(lambda: bool(operator.read()))
    yield made
    made.close()
    bridge.close()
    bridge.deleteLater()
    made.deleteLater()


def hold(qtbot: QtBot, surface: QWidget, operator: Operator, *keys: Qt.Key) -> None:
    QTest.keyPress(surface, Qt.Key.Key_Space)
    for key in keys:
        QTest.keyPress(surface, key)
    qtbot.waitUntil(lambda: any(beat.enable for beat in operator.read()))


def await_beat(qtbot: QtBot, operator: Operator) -> Beat:
    operator.read()
    count = len(operator.beats)
    qtbot.waitUntil(lambda: bool(operator.read()) or len(operator.beats) > count)
    return operator.beats[-1]


def test_held_keys_give_a_twist_and_releasing_the_dead_man_ends_it(
    qtbot: QtBot, hand: Hand, surface: QWidget, operator: Operator
) -> None:
    hand.set_view(np.array([0.0, 1.0, 0.0]), np.array([-1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0]))
    hold(qtbot, surface, operator, Qt.Key.Key_D, Qt.Key.Key_Q)
    beat = await_beat(qtbot, operator)
    assert beat.enable
    assert beat.press == 1
    assert beat.twist == (0.0, 1.0, -1.0, 0.0, 0.0, 0.0)
    QTest.keyRelease(surface, Qt.Key.Key_Space)
    assert hand.grip is Grip.RELEASED
    qtbot.waitUntil(lambda: not await_beat(qtbot, operator).enable)
    assert operator.beats[-1].twist == (0.0,) * 6
    QTest.keyPress(surface, Qt.Key.Key_Space)
    assert hand.press == 2


def test_keys_alone_move_nothing(qtbot: QtBot, hand: Hand, surface: QWidget, operator: Operator) -> None:
    QTest.keyPress(surface, Qt.Key.Key_W)
    beat = await_beat(qtbot, operator)
    assert not beat.enable
    assert beat.twist == (0.0,) * 6


def test_auto_repeat_is_no_new_press(qtbot: QtBot, hand: Hand, surface: QWidget, operator: Operator) -> None:
    hold(qtbot, surface, operator)
    for _ in range(3):
        repeat = QKeyEvent(
            QEvent.Type.KeyPress, Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier, " ", autorep=True
        )
        QApplication.sendEvent(surface, repeat)
    assert hand.press == 1


@pytest.mark.parametrize("event", [QEvent.Type.WindowDeactivate, QEvent.Type.ApplicationDeactivate])
def test_lost_focus_ends_motion_until_released_and_pressed_again(
    qtbot: QtBot, hand: Hand, surface: QWidget, operator: Operator, event: QEvent.Type
) -> None:
    hold(qtbot, surface, operator, Qt.Key.Key_W)
    with qtbot.waitSignal(hand.lost):
        QApplication.sendEvent(surface, QEvent(event))
    assert hand.grip is Grip.LOST
    assert not await_beat(qtbot, operator).enable
    QTest.keyPress(surface, Qt.Key.Key_Space)  # without a release seen, a press re-arms nothing
    assert hand.grip is Grip.LOST
    QTest.keyRelease(surface, Qt.Key.Key_Space)
    QTest.keyPress(surface, Qt.Key.Key_Space)
    assert hand.press == 2
    assert hand.moving is False  # the movement keys must be pressed again too


def test_a_blocked_event_loop_stamps_nothing_and_loses_the_hand(
    qtbot: QtBot, hand: Hand, surface: QWidget, operator: Operator
) -> None:
    hold(qtbot, surface, operator, Qt.Key.Key_W)
    operator.read()
    blocked_from = time.monotonic_ns()
    while (
        time.monotonic_ns() - blocked_from < 5 * STALL_NS
    ):  # block the Qt thread for real; the I/O thread goes on
        operator.read()
    blocked_to = time.monotonic_ns()
    during = [beat for beat in operator.beats if blocked_from < beat.stamp_ns < blocked_to]
    assert during == []
    with qtbot.waitSignal(hand.lost) as lost:
        pass
    assert "stalled" in lost.args[0]
    qtbot.waitUntil(lambda: not await_beat(qtbot, operator).enable)
    after = [beat for beat in operator.beats if beat.stamp_ns >= blocked_to]
    assert after
    assert not any(beat.enable for beat in after)


def test_a_modal_dialog_ends_motion(qtbot: QtBot, hand: Hand, surface: QWidget, operator: Operator) -> None:
    hold(qtbot, surface, operator, Qt.Key.Key_W)
    dialog = QDialog(surface)
    qtbot.addWidget(dialog)
    with qtbot.waitSignal(hand.lost):
        dialog.open()
    dialog.close()
    assert hand.grip is Grip.LOST


def test_typing_in_a_field_is_no_driving(
    qtbot: QtBot, hand: Hand, surface: QWidget, operator: Operator
) -> None:
    field = surface.findChild(QLineEdit)
    assert field is not None
    field.setFocus()
    QApplication.sendEvent(field, QFocusEvent(QEvent.Type.FocusIn))
    QTest.keyClicks(field, "was da")
    assert field.text() == "was da"
    assert hand.grip is Grip.RELEASED
    assert hand.press == 0


def test_keys_for_another_part_of_the_window_are_left_to_it(
    qtbot: QtBot, hand: Hand, surface: QWidget, operator: Operator
) -> None:
    other = QLineEdit()
    other.setReadOnly(True)
    beside = QWidget()
    QVBoxLayout(beside).addWidget(other)
    qtbot.addWidget(beside)
    beside.show()
    beside.activateWindow()
    other.setFocus()
    qtbot.waitUntil(other.hasFocus)
    QTest.keyPress(other, Qt.Key.Key_Space)
    assert hand.grip is Grip.RELEASED


def test_the_mouse_button_is_a_dead_man_and_the_wheel_moves_up(
    qtbot: QtBot, hand: Hand, surface: QWidget, operator: Operator
) -> None:
    hand.wheel(1.0)
    assert not hand.moving  # not held
    hand.hold_mouse(True)
    hand.drag(np.array([0.5, -2.0, 0, 0, 0, 0]))
    hand.wheel(1.0)
    qtbot.waitUntil(lambda: any(beat.enable and beat.twist[0] == 0.5 for beat in operator.read()))
    moved = next(beat for beat in operator.beats if beat.enable and beat.twist[0] == 0.5)
    assert moved.twist[:3] == (0.5, -1.0, 1.0)
    hand.hold_mouse(False)
    assert hand.grip is Grip.RELEASED


def test_speed_goes_in_steps_within_its_range(hand: Hand, surface: QWidget) -> None:
    for _ in range(10):
        QTest.keyClick(surface, Qt.Key.Key_Minus)
    assert hand.speed == 0.1
    for _ in range(10):
        QTest.keyClick(surface, Qt.Key.Key_Plus)
    assert hand.speed == 1.0


def test_nothing_is_sent_after_disengaging(
    qtbot: QtBot, hand: Hand, surface: QWidget, operator: Operator
) -> None:
    hold(qtbot, surface, operator)
    hand.disengage()
    assert not hand.engaged
    qtbot.waitUntil(lambda: not operator.read())
    moment = time.monotonic_ns()
    with qtbot.waitSignal(hand._bridge.ticked):
        pass
    assert not [beat for beat in operator.read() if beat.stamp_ns > moment]


def test_under_the_clutch_keys_move_nothing_and_the_press_goes_on(
    qtbot: QtBot, hand: Hand, surface: QWidget, operator: Operator
) -> None:
    hold(qtbot, surface, operator, Qt.Key.Key_W)
    QTest.keyPress(surface, Qt.Key.Key_C)
    assert hand.clutched
    assert hand.modes == "clutch"
    qtbot.waitUntil(lambda: await_beat(qtbot, operator).clutch)
    beat = operator.beats[-1]
    assert (beat.enable, beat.press, any(beat.twist)) == (True, 1, False)
    QTest.keyRelease(surface, Qt.Key.Key_C)
    qtbot.waitUntil(lambda: any(await_beat(qtbot, operator).twist))
    assert operator.beats[-1].press == 1
    hand.configure(Settings(clutch="toggle"))
    QTest.keyClick(surface, Qt.Key.Key_C)
    assert hand.clutched
    QTest.keyClick(surface, Qt.Key.Key_C)
    assert not hand.clutched


def test_fine_is_slower_and_the_lock_key_leaves_some_axes_out(
    qtbot: QtBot, hand: Hand, surface: QWidget, operator: Operator
) -> None:
    hand.configure(Settings(fine=0.1, free=(False, True, True, True, True, True)))
    hold(qtbot, surface, operator, Qt.Key.Key_W, Qt.Key.Key_D, Qt.Key.Key_Left, Qt.Key.Key_V)
    qtbot.waitUntil(lambda: await_beat(qtbot, operator).fine)
    beat = operator.beats[-1]
    assert beat.speed == pytest.approx(hand.speed * 0.1)
    assert beat.twist[:3] == (1.0, 0.0, 0.0), "away may not move"
    assert any(beat.twist[3:])
    QTest.keyClick(surface, Qt.Key.Key_X)
    assert "move only" in hand.modes
    qtbot.waitUntil(lambda: await_beat(qtbot, operator).lock == 1)
    assert not any(operator.beats[-1].twist[3:])


def test_a_key_goes_to_the_other_arm_once_per_press(
    qtbot: QtBot, hand: Hand, surface: QWidget, operator: Operator
) -> None:
    hold(qtbot, surface, operator, Qt.Key.Key_E, Qt.Key.Key_N)
    assert await_beat(qtbot, operator).arm == 1
    QTest.keyRelease(surface, Qt.Key.Key_N)
    assert await_beat(qtbot, operator).arm == 1
    QTest.keyClick(surface, Qt.Key.Key_N)
    beat = await_beat(qtbot, operator)
    assert (beat.arm, beat.enable, beat.press) == (2, True, 1)


def test_another_key_can_be_the_dead_man(
    qtbot: QtBot, hand: Hand, surface: QWidget, operator: Operator
) -> None:
    for key in (Qt.Key.Key_W, Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Shift, Qt.Key.Key_unknown):
        assert hand.set_dead_man(key) != ""
    assert hand.dead_man == Qt.Key.Key_Space
    hold(qtbot, surface, operator)
    assert hand.set_dead_man(Qt.Key.Key_B) == ""
    assert hand.grip is Grip.RELEASED, "the key that was held is none any more"
    QTest.keyRelease(surface, Qt.Key.Key_Space)
    QTest.keyPress(surface, Qt.Key.Key_Space)
    assert hand.grip is Grip.RELEASED
    QTest.keyPress(surface, Qt.Key.Key_B)
    assert hand.press == 2
    qtbot.waitUntil(lambda: await_beat(qtbot, operator).enable)
    QTest.keyRelease(surface, Qt.Key.Key_B)
    qtbot.waitUntil(lambda: not await_beat(qtbot, operator).enable)
