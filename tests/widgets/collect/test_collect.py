"""Collect with the real rig: `serve` and `collect` as children, driven by keys, recording real episodes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from widgets.collect.page import CollectPage
from widgets.collect.session import Phase
from widgets.hand.hand import Grip
from widgets.rig_session import RigPhase
from widgets.session import Session
from widgets.theme.tokens import State

LONG_MS = 90_000


def collect_page(session: Session) -> CollectPage:
    page = session.window.pages[0]
    assert isinstance(page, CollectPage)
    return page


def await_phase(qtbot: QtBot, page: CollectPage, phase: Phase) -> None:
    qtbot.waitUntil(lambda: page.session.phase is phase, timeout=LONG_MS)


def await_all_ended(qtbot: QtBot, session: Session) -> None:
    session.window.close()
    qtbot.waitUntil(lambda: not session.context.jobs.running(), timeout=LONG_MS)


def test_an_empty_page_says_what_to_do(qtbot: QtBot, open_window: Callable[..., Session]) -> None:
    session = open_window()
    page = collect_page(session)
    assert page.session.phase is Phase.OFF
    assert page.bar.primary.text() == "Connect"
    assert not page.bar.discard.isEnabled()
    assert "Press Enter" in session.context.status.value.hint
    assert session.window.strip.words == "NOT CONNECTED"


def test_tab_goes_through_the_fields_as_they_are_read_and_to_no_plot(
    qtbot: QtBot, open_window: Callable[..., Session]
) -> None:
    page = collect_page(open_window())
    reached: list[QWidget] = []
    widget = page.nextInFocusChain()
    while widget is not None and widget is not page:
        by_tab = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        if by_tab and widget.isVisible() and page.isAncestorOf(widget):
            reached.append(widget)
        widget = widget.nextInFocusChain()
    assert not [item for item in reached if page.views.curves.isAncestorOf(item)]
    bar = page.bar
    fields = [
        item
        for item in reached
        if item in (bar.plan, bar.person, bar.practice, bar.operator, bar.instruction)
    ]
    assert fields == [bar.plan, bar.person, bar.practice, bar.operator, bar.instruction]


def test_why_the_rig_went_outlives_the_end_of_the_child(
    qtbot: QtBot, open_window: Callable[..., Session]
) -> None:
    session = open_window()
    page = collect_page(session)
    page.session._on_rig_down("process 'device': it was killed by signal 9.")
    page.session._on_ended(0, "")
    assert session.window.strip.words == "FAULT"
    assert "killed by signal 9. Press Enter to start again." in session.window.strip.hint


def test_enter_in_a_field_ends_typing_and_starts_nothing(
    qtbot: QtBot, open_window: Callable[..., Session]
) -> None:
    page = collect_page(open_window())
    page.bar.person.setFocus()
    QTest.keyClicks(page.bar.person, "Ada t p")
    QTest.keyClick(page.bar.person, Qt.Key.Key_Return)
    assert page.session.person == "Ada t p"
    assert page.session.phase is Phase.OFF
    assert not page.session.practice


def test_the_page_says_which_arm_the_hand_drives(qtbot: QtBot, open_window: Callable[..., Session]) -> None:
    session = open_window()
    page = collect_page(session)
    held = {"text": page.session.input.text, "arm": "arm2", "place": 1, "arms": 2, "beside": []}
    page.session._on_state({"phase": "ready", "held": held})
    assert page.session.words() == "READY · ARM 2"
    assert "N goes to the other arm" in session.context.status.value.hint
    assert page.bar.gauge.words()[1].endswith("· arm 2")
    page.session._on_state({"phase": "ready", "held": {**held, "beside": ["arm"]}})
    assert page.bar.gauge.words()[1].endswith("both arms")
    page.session._on_state({"phase": "ready", "held": {**held, "arms": 1}})
    assert page.session.words() == "READY"


@pytest.mark.process
@pytest.mark.slow
def test_one_key_walks_through_a_take_that_the_hand_drives(
    qtbot: QtBot, open_window: Callable[..., Session]
) -> None:
    session = open_window()
    page = collect_page(session)
    QTest.keyClick(page, Qt.Key.Key_Return)
    await_phase(qtbot, page, Phase.READY)
    assert session.context.rig.phase is RigPhase.UP
    qtbot.waitUntil(
        lambda: session.context.hand.engaged and page.views.live.pose is not None, timeout=LONG_MS
    )
    qtbot.waitUntil(lambda: page.views.cameras["scene"].seq >= 0, timeout=LONG_MS)

    QTest.keyClick(page, Qt.Key.Key_Return)
    await_phase(qtbot, page, Phase.RECORDING)
    assert session.context.status.value.state is State.RECORDING
    qtbot.waitUntil(lambda: page.session.numbers.get("seconds", 0) > 0, timeout=LONG_MS)
    start = page.views.live.pose
    assert start is not None

    def lower() -> bool:
        """Hold Space and Q; a stall of this busy machine may drop the hand, then press again as a person would."""
        if session.context.hand.grip is not Grip.HELD:
            QTest.keyRelease(page, Qt.Key.Key_Space)
            QTest.keyPress(page, Qt.Key.Key_Space)
            QTest.keyPress(page, Qt.Key.Key_Q)
        pose = page.views.live.pose
        return pose is not None and bool(pose[2] < start[2] - 0.01)

    qtbot.waitUntil(lower, timeout=LONG_MS)
    QTest.keyRelease(page, Qt.Key.Key_Q)
    QTest.keyRelease(page, Qt.Key.Key_Space)
    assert session.context.hand.grip is Grip.RELEASED
    session.window.open_page(1)
    assert session.window.strip.words == "COLLECT · RECORDING"
    assert "Enter" not in session.context.status.value.hint, "its keys do nothing on another workspace"
    session.window.open_page(0)
    assert "Enter keeps the take" in session.context.status.value.hint

    QTest.keyClick(page, Qt.Key.Key_Return)
    await_phase(qtbot, page, Phase.KEPT)
    qtbot.waitUntil(lambda: session.context.status.value.kept == 1, timeout=LONG_MS)
    assert len(list(session.context.project.demonstrations.rglob("*.h5"))) == 1
    await_all_ended(qtbot, session)


@pytest.mark.process
@pytest.mark.slow
def test_another_page_gets_the_rig_when_collect_has_let_go(
    qtbot: QtBot, open_window: Callable[..., Session]
) -> None:
    session = open_window()
    page = collect_page(session)
    page.session.connect_rig()
    await_phase(qtbot, page, Phase.READY)
    with qtbot.waitSignal(session.context.rig.granted, timeout=LONG_MS) as granted:
        session.context.rig.claim("deploy")
    assert granted.args == ["deploy"]
    assert not session.context.jobs.running("collect")
    assert session.context.rig.phase is RigPhase.UP
    assert page.session.phase is Phase.OFF
    session.context.rig.release("deploy")
    page.session.next()
    await_phase(qtbot, page, Phase.READY)
    await_all_ended(qtbot, session)


@pytest.mark.process
@pytest.mark.slow
def test_while_the_script_drives_no_key_is_offered_for_its_takes(
    qtbot: QtBot, open_window: Callable[..., Session]
) -> None:
    session = open_window()
    page = collect_page(session)
    seen: list[tuple[Phase, str, State, bool, bool]] = []
    page.session.set_operator("script")
    page.bar.plan.setValue(1)
    page.session.changed.connect(
        lambda: seen.append(
            (page.session.phase, page.session.words(), page.session.state(), page.bar.primary.isEnabled(),
             page.bar.discard.isEnabled())
        )
    )  # fmt: skip
    page.session.connect_rig()
    qtbot.waitUntil(lambda: page.session.numbers.get("kept") == 1, timeout=LONG_MS)
    qtbot.waitUntil(lambda: page.session.phase is Phase.OFF, timeout=LONG_MS)
    driven = seen[[phase for phase, *_ in seen].index(Phase.SCRIPT) : -1]
    assert {phase for phase, *_ in driven} == {Phase.SCRIPT}
    assert not any(enabled or discards for *_, enabled, discards in driven[1:])
    assert {(words, state) for _, words, state, *_ in driven} == {
        ("SCRIPT DRIVES", State.MOVING),
        ("RECORDING · SCRIPT DRIVES", State.RECORDING),
    }
    await_all_ended(qtbot, session)
