"""The frame as a whole: workspaces, Esc over a dialog, messages, layout that is remembered."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QLineEdit, QPushButton, QVBoxLayout
from pytestqt.qtbot import QtBot

from app.core.errors import DeviceError
from tests.hygiene import wait_until
from tests.widgets.device_double import DeviceDouble
from widgets.bridge.letters import Answer
from widgets.rig_session import RigPhase
from widgets.session import Session
from widgets.status import Status
from widgets.theme.tokens import State

Open = Callable[..., Session]


def test_ctrl_digits_open_the_workspaces(qtbot: QtBot, open_window: Open) -> None:
    window = open_window().window
    for digit, title in enumerate(("Collect", "Review", "Augment", "Train", "Deploy"), 1):
        QTest.keyClick(window, Qt.Key(Qt.Key.Key_0 + digit), Qt.KeyboardModifier.ControlModifier)
        assert window.page.title == title
        assert window.page.isVisible()


def test_esc_stops_over_a_modal_dialog(qtbot: QtBot, open_window: Open) -> None:
    session = open_window()
    with DeviceDouble() as device:
        session.context.rig.join(device.endpoints)
        qtbot.waitUntil(lambda: session.context.rig.phase is RigPhase.UP)
        dialog = QDialog(session.window)
        field = QLineEdit()
        QVBoxLayout(dialog).addWidget(field)
        qtbot.addWidget(dialog)
        dialog.open()
        field.setFocus()
        stop = ("stop", {"reason": "the Esc key"})
        heard: list[bool] = []

        def look(_why: str) -> None:
            with contextlib.suppress(AssertionError):
                wait_until(lambda: stop in device.commands, 2.0)
            heard.append(stop in device.commands)

        session.context.rig.stopped.connect(look)
        QTest.keyClick(field, Qt.Key.Key_Escape)
        assert heard[0], "the device hears of it before the window is occupied with showing it"
        dialog.close()
        session.context.bridge.disconnect_device()


def test_the_strip_speaks_for_the_workspace_in_front_when_the_rig_is_given_back(open_window: Open) -> None:
    session = open_window()
    rig, window = session.context.rig, session.window
    for page in window.pages[1:]:
        window.open_page(0)
        rig.claim("collect")
        window.open_page(window.pages.index(page))
        session.context.status.reset(words="COLLECT · READY")  # as Collect tells it while it has the rig
        rig.release("collect")
        assert "COLLECT" not in window.strip.words, page.title
        assert page.title.upper() in window.strip.words, page.title


def test_a_rig_elsewhere_is_joined_and_nothing_is_started(qtbot: QtBot, open_window: Open) -> None:
    session = open_window()
    rig = session.context.rig
    with DeviceDouble() as device:
        rig.elsewhere = device.endpoints
        rig.ensure()
        qtbot.waitUntil(lambda: rig.phase is RigPhase.UP)
        assert rig.connect_text == device.endpoints.text()
        assert session.bridge.jobs.running("serve") == []
        session.context.bridge.disconnect_device()


def test_an_address_where_nobody_answers_is_told_with_the_way_out(qtbot: QtBot, open_window: Open) -> None:
    session = open_window()
    rig = session.context.rig
    with DeviceDouble(answers=False) as device:
        rig.join(device.endpoints)
        rig._on_described(Answer(False, error="device server: no answer to 'describe' within 5 s."))
        assert rig.phase is RigPhase.OFF
        said = session.notifications.items[-1].text
        assert said.startswith(f"No device server answers at {device.endpoints.text()}")
        assert "python main.py serve --rig sim/wipe" in said


def test_a_joined_server_that_answers_no_more_is_told_and_can_be_joined_again(
    qtbot: QtBot, open_window: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("widgets.rig_watch.ASK_MS", 50)
    monkeypatch.setattr("widgets.rig_watch.ANSWER_S", 0.04)
    session = open_window()
    rig = session.context.rig
    with DeviceDouble() as device:
        rig.elsewhere = device.endpoints
        rig.ensure()
        qtbot.waitUntil(lambda: rig.phase is RigPhase.UP)
        device._answers = False
        qtbot.waitUntil(lambda: rig.phase is RigPhase.OFF)
        text = next(item.text for item in session.notifications.items if "has not answered" in item.text)
        assert device.endpoints.text() in text
        device._answers = True
        rig.ensure()
        qtbot.waitUntil(lambda: rig.phase is RigPhase.UP)
        session.context.bridge.disconnect_device()


def test_the_stop_button_stops_as_it_goes_down(qtbot: QtBot, open_window: Open) -> None:
    session = open_window()
    with DeviceDouble() as device:
        session.context.rig.join(device.endpoints)
        qtbot.waitUntil(lambda: session.context.rig.phase is RigPhase.UP)
        button = next(
            item for item in session.window.findChildren(QPushButton) if item.text().startswith("STOP")
        )
        qtbot.mousePress(button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: ("stop", {"reason": "the STOP button"}) in device.commands)
        session.context.bridge.disconnect_device()


def test_an_unconfirmed_stop_is_said(
    qtbot: QtBot, open_window: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_window()
    monkeypatch.setattr("widgets.rig_session.STOP_TIMEOUT_S", 0.2)
    with DeviceDouble() as device:
        session.context.rig.join(device.endpoints)
        qtbot.waitUntil(lambda: session.context.rig.phase is RigPhase.UP)
        device._answers = False
        session.window.software_stop("a test")
        items = session.notifications.items
        qtbot.waitUntil(lambda: any("stop was not confirmed" in item.text for item in items))
        session.context.bridge.disconnect_device()


def test_the_key_map_shows_the_pages_keys_and_any_key_closes_it(qtbot: QtBot, open_window: Open) -> None:
    window = open_window().window
    QTest.keyClick(window, Qt.Key.Key_F1)
    assert window.key_map.isVisible()
    QTest.keyClick(window.key_map, Qt.Key.Key_A)
    assert not window.key_map.isVisible()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_strip_takes_the_colour_of_the_state_and_says_it(
    qtbot: QtBot, open_window: Open, theme: str
) -> None:
    session = open_window(theme)
    strip = session.window.strip
    for state in State:
        session.context.status.set(state=state, words=state.value.upper(), hint="")
        picture = strip.grab().toImage()
        ground, text = session.context.theme.state(state)
        assert picture.pixelColor(4, 4) == ground, state
        assert strip.words == state.value.upper()
        words = {picture.pixelColor(x, strip.height() // 2).name() for x in range(16, 120)}
        assert text.name() in words, state


def test_exceptions_of_any_thread_become_messages_without_a_traceback(
    qtbot: QtBot, open_window: Open, capfd: pytest.CaptureFixture[str]
) -> None:
    session = open_window()

    def fail() -> None:
        raise DeviceError("camera 'wrist'", "it sends nothing", way_out="See whether its cable is in")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    items = session.notifications.items
    qtbot.waitUntil(lambda: bool(items))
    assert items[-1].text == "camera 'wrist': it sends nothing. See whether its cable is in."
    assert "Traceback" not in items[-1].text
    assert "Traceback" in items[-1].detail


@pytest.mark.process
def test_a_child_that_dies_is_a_message_and_a_toast(qtbot: QtBot, open_window: Open) -> None:
    session = open_window()
    session.context.jobs.start("train", "--no-such-option")
    items = session.notifications.items
    qtbot.waitUntil(lambda: bool(items), timeout=60000)
    assert items[-1].level == "error"
    assert items[-1].text.startswith("Training ended with status 2: ")
    assert session.window.toasts.isVisible()
    session.window.toggle_messages()
    assert session.window.panel.isVisible()
    assert session.notifications.unseen == 0


def test_same_messages_are_counted_whatever_their_numbers(qtbot: QtBot, open_window: Open) -> None:
    notifications = open_window().notifications
    for seconds in (0.11, 0.2, 3):
        notifications.warning(f"It stalled for {seconds} s.", "serve")
    assert [(item.text, item.count) for item in notifications.items] == [("It stalled for 3 s.", 3)]


def test_the_layout_is_remembered_and_a_broken_entry_spoils_nothing_else(
    qtbot: QtBot, open_window: Open, tmp_path: Path
) -> None:
    first = open_window()
    first.window.open_page(3)
    first.window.pages[0].bar.plan.setValue(7)  # type: ignore[attr-defined]
    first.window.close()
    path = tmp_path / "config" / "touchstone" / "layout.json"
    stored = json.loads(path.read_text())
    stored["geometry"] = "no base64 at all"
    path.write_text(json.dumps(stored))
    second = open_window()
    assert second.window.page.title == "Train"
    assert second.window.pages[0].session.plan == 7  # type: ignore[attr-defined]
    complaints = [item.text for item in second.notifications.items]
    assert len(complaints) == 1
    assert "'geometry'" in complaints[0]


def test_a_layout_file_of_rubbish_starts_afresh(qtbot: QtBot, open_window: Open, tmp_path: Path) -> None:
    path = tmp_path / "config" / "touchstone" / "layout.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    session = open_window()
    assert session.window.page.title == "Collect"
    assert "cannot be read" in session.notifications.items[0].text


def test_status_is_told_once_per_change(qtbot: QtBot, open_window: Open) -> None:
    model = open_window().context.status
    seen: list[Status] = []
    model.changed.connect(seen.append)
    model.set(kept=3)
    model.set(kept=3)
    assert [status.kept for status in seen] == [3]


def test_the_open_list_covers_toasts_and_esc_closes_it(qtbot: QtBot, open_window: Open) -> None:
    session = open_window()
    window = session.window
    session.notifications.error("The recorder was killed.", "collect")
    assert window.toasts.isVisible()
    window.toggle_messages()
    assert not window.toasts.isVisible()
    session.notifications.error("The camera stopped.", "serve")
    assert not window.toasts.isVisible(), "the list shows it already"
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.panel.isVisible()
    session.notifications.error("The disk is full.", "collect")
    assert window.toasts.isVisible()
