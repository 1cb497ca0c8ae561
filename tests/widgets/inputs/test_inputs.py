"""The panel of the operator input in the real window: what is plugged in, what is chosen, the dead-man's key, tones."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QRadioButton
from pytestqt.qtbot import QtBot

from app.teleop.inputs import Found, InputBook
from widgets.collect.page import CollectPage
from widgets.collect.session import Phase
from widgets.hand.keys import name_of
from widgets.inputs.panel import NONE_FOUND, InputPanel
from widgets.rig_session import RigPhase
from widgets.session import Session

PAD = Found("gamepad", "/dev/input/by-id/pad-joystick", "Pad")
MOUSE = Found(
    "spacemouse", "id/256f:c635", "SpaceMouse", "/dev/hidraw3 may not be opened by you", "Save this rule"
)


class Bench:
    """A window whose plugs the test pulls."""

    def __init__(self, session: Session) -> None:
        self.session = session
        page = session.window.pages[0]
        assert isinstance(page, CollectPage)
        self.page: CollectPage = page
        self.choice = page.session.input
        self.plugged: list[Found] = []
        self.choice._find = lambda: list(self.plugged)
        self.choice.look()
        self.taken: list[str] = []
        self.choice.chosen.connect(self.taken.append)

    @property
    def panel(self) -> InputPanel:
        return self.page.input_panel

    def plug(self, *found: Found) -> None:
        self.plugged = list(found)
        self.choice.look()

    def names(self) -> list[str]:
        return [entry.title for entry in self.panel._entries]


@pytest.fixture
def bench(open_window: Callable[..., Session]) -> Bench:
    return Bench(open_window())


def test_a_key_opens_it_and_without_devices_it_says_so(bench: Bench) -> None:
    QTest.keyClick(bench.page, Qt.Key.Key_I)
    assert bench.panel.isVisible()
    assert bench.names() == ["Keyboard and mouse"]
    assert bench.panel.note.text() == NONE_FOUND
    assert bench.page.rect().contains(bench.panel.geometry())
    QTest.keyClick(bench.page, Qt.Key.Key_I)
    assert not bench.panel.isVisible()


def test_what_is_plugged_in_appears_by_itself_with_its_problem_and_way_out(
    qtbot: QtBot, bench: Bench
) -> None:
    bench.plugged = [MOUSE, PAD]
    qtbot.waitUntil(lambda: bench.names() == ["Keyboard and mouse", "SpaceMouse", "Pad"], timeout=5000)
    assert bench.panel.note.text() == "SpaceMouse: /dev/hidraw3 may not be opened by you. Save this rule."
    bench.plug()
    assert bench.names() == ["Keyboard and mouse"]


def test_a_choice_is_taken_kept_for_this_rig_and_taken_again_when_it_is_plugged_in_again(
    bench: Bench,
) -> None:
    bench.plug(PAD)
    bench.panel.toggle()
    radio = bench.panel._radios.button(1)
    assert isinstance(radio, QRadioButton)
    radio.click()
    assert bench.taken == ["gamepad:/dev/input/by-id/pad-joystick"]
    assert bench.page.bar.gauge.words()[1] == "Gamepad"
    bench.panel.settings.fine.setValue(10)
    bench.panel.settings.axes[2].setChecked(False)
    assert bench.taken[-1] == "gamepad:/dev/input/by-id/pad-joystick,lock=vz,fine=10"
    assert InputBook().chosen("sim/wipe") == bench.taken[-1]
    bench.taken.clear()
    bench.plug()
    assert "not plugged in" in bench.panel.note.text()
    assert bench.taken == []
    bench.plug(PAD)
    assert len(bench.taken) == 1
    bench.panel._radios.button(0).click()
    assert bench.taken[-1] == "keys:"
    assert InputBook().settings("sim/wipe", "gamepad").fine == pytest.approx(0.1), "its settings stay"


def test_only_the_fields_of_a_kind_are_shown(bench: Bench) -> None:
    bench.plug(PAD)
    bench.panel.toggle()
    fields = bench.panel.settings
    assert not fields.rumble.isVisible()
    assert fields.choices["clutch"].isVisible()
    bench.choice.choose("gamepad", PAD.path)
    assert fields.rumble.isVisible()
    assert not fields.choices["follow"].isVisible()
    bench.choice.choose("leader", "/dev/serial/by-id/x")
    assert fields.choices["follow"].isVisible()
    assert not fields.rumble.isVisible()


def test_a_pedals_key_becomes_the_dead_man_and_stays(
    bench: Bench, open_window: Callable[..., Session]
) -> None:
    hand = bench.session.context.hand
    bench.panel.toggle()
    bench.panel.dead_man.click()
    QTest.keyClick(bench.panel.dead_man, Qt.Key.Key_W)
    assert bench.panel.refusal.text() == "W has another meaning here."
    assert name_of(hand.dead_man) == "Space"
    bench.panel.dead_man.click()
    QTest.keyClick(bench.panel.dead_man, Qt.Key.Key_F13)
    assert name_of(hand.dead_man) == "F13"
    assert bench.panel.refusal.text() == ""
    bench.session.window.show_keys()
    keys = [label.text() for label in bench.session.window.key_map.findChildren(type(bench.panel.note))]
    assert "F13 (hold)" in keys
    assert "Space (hold)" not in keys
    bench.session.window.close()
    again = open_window()
    assert again.context.hand.dead_man == Qt.Key.Key_F13
    assert name_of(again.context.hand.dead_man) == "F13"


def test_what_the_operator_tells_stands_on_bar_and_strip(bench: Bench) -> None:
    bench.plug(PAD)
    bench.choice.choose("gamepad", PAD.path)
    session = bench.page.session
    session.phase = Phase.READY
    session.numbers = {"held": {"text": bench.choice.text, "clutch": True, "fine": True, "lock": "move only"}}
    session.changed.emit()
    assert bench.page.bar.gauge.words()[1] == "Gamepad · clutch, fine, move only"
    status = bench.session.context.status.value
    assert status.words.endswith("CLUTCH")
    assert status.hand == "Gamepad"
    session._on_state(
        {"phase": "ready", "held": {"text": bench.choice.text, "problem": "gamepad: it is gone."}}
    )
    assert bench.panel.note.text() == "gamepad: it is gone."
    assert bench.page.bar.gauge.words()[1] == "Gamepad: not there"
    assert "gamepad: it is gone." in bench.session.context.status.value.hint


@pytest.mark.process
def test_tones_without_a_sound_card_say_why_once_and_are_off(
    qtbot: QtBot, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    tones, rig = bench.session.context.tones, bench.session.context.rig
    assert not tones.on
    rig.phase, rig.connect_text = RigPhase.UP, "tcp://127.0.0.1:9,tcp://127.0.0.1:9"  # where nobody serves
    with qtbot.waitSignal(bench.session.context.jobs.died, timeout=30_000):
        QTest.keyClick(
            bench.session.window,
            Qt.Key.Key_M,
            Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
        )
        assert tones.on
    assert not tones.on
    assert tones.problem
    assert bench.panel.sound_note.text() == tones.problem
    assert not bench.panel.tones.isChecked()
    said = [item for item in bench.session.notifications.items if item.level == "error"]
    assert len(said) == 1
    rig.phase = RigPhase.OFF
