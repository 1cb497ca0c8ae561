"""The list of Review: search text, menu, several at once, reject, trash, split and join, on the disk and back."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QMessageBox
from pytestqt.qtbot import QtBot

from recorders.labels import read_labels
from recorders.library import list_episodes
from tests.widgets.review.test_review import LONG_MS, Open, open_review, opened
from widgets.review.page import ReviewPage

pytestmark = pytest.mark.process


def shown(page: ReviewPage) -> list[str]:
    return [item.uuid for item in page.list.shown()]


def failure_action(page: ReviewPage) -> QAction:
    menu = page.list.filters.actions()[0].menu()
    assert isinstance(menu, QMenu)
    return next(action for action in menu.actions() if "Failure" in action.text())


def test_the_search_text_is_the_one_filter(qtbot: QtBot, open_window: Open, demonstrations: Path) -> None:
    page = open_review(qtbot, open_window)
    listed = page.list
    rows = {row.uuid: row for row in list_episodes(demonstrations)}
    middle = sorted(row.seconds for row in rows.values())[1]
    listed.search.setText(f"length > {math.ceil(middle * 1e6) / 1e3:.3f} ms")  # not below it by rounding
    assert set(shown(page)) == {uuid for uuid, row in rows.items() if row.seconds > middle + 1e-6}
    good = shown(page)
    listed.search.setText("length > 5 N")
    assert "length is a time" in listed.mistake.text()
    assert listed.mistake.isVisible()
    assert shown(page) == good  # the last good filter holds
    listed.search.clear()
    assert len(shown(page)) == 3
    assert not listed.mistake.isVisible()
    QTest.keyClicks(listed.search, "outc")
    assert len(shown(page)) == 3  # it may become the name of a field
    assert listed.search._words.stringList() == ["outcome:"]
    listed.search.clear()
    listed.filters.build()
    failure_action(page).trigger()
    assert listed.search.text() == "outcome:failure"
    assert {rows[uuid].outcome for uuid in shown(page)} == {"failure"}
    listed.filters.build()
    failure = failure_action(page)
    assert failure.isChecked()
    failure.trigger()
    assert listed.search.text() == ""


def test_orders_are_those_of_the_rows(qtbot: QtBot, open_window: Open, demonstrations: Path) -> None:
    page = open_review(qtbot, open_window)
    rows = list_episodes(demonstrations)
    uuid = opened(page).uuid
    newest = rows[::-1]  # which decides where the rest is the same
    for name, wanted in (
        ("oldest", rows),
        ("longest", sorted(newest, key=lambda row: -row.seconds)),
        ("worst", sorted(newest, key=lambda row: row.score if row.score is not None else 9.0)),
    ):
        page.list.order_box.setCurrentIndex(page.list.order_box.findData(name))
        assert shown(page) == [row.uuid for row in wanted]
        assert opened(page).uuid == uuid


def test_several_are_labelled_together_and_one_undo_takes_it_back(
    qtbot: QtBot, open_window: Open, demonstrations: Path
) -> None:
    page = open_review(qtbot, open_window)
    before = {row.uuid: row.outcome for row in list_episodes(demonstrations)}
    page.list.view.setFocus()
    QTest.keyClick(page.list.view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert page.bulk.isVisible()
    assert page.bulk.count.text() == "3 selected"
    QTest.keyClick(page, Qt.Key.Key_D)
    qtbot.waitUntil(
        lambda: {row.outcome for row in list_episodes(demonstrations)} == {"discarded"}, timeout=LONG_MS
    )
    QTest.keyClicks(page.bulk.tags, "wet, dry board")
    QTest.keyClick(page.bulk.tags, Qt.Key.Key_Return)
    qtbot.waitUntil(
        lambda: {row.tags for row in list_episodes(demonstrations)} == {("dry board", "wet")}, timeout=LONG_MS
    )
    qtbot.waitUntil(lambda: all(item.tags for item in page.list.shown()), timeout=LONG_MS)
    assert len(page.list.marked_items()) == 3  # the list was read again meanwhile

    again = open_review(qtbot, open_window)  # another window, another day
    again.list.mark(list(before))
    again.bulk.undo.click()
    qtbot.waitUntil(lambda: not any(row.tags for row in list_episodes(demonstrations)), timeout=LONG_MS)
    again.bulk.undo.click()
    qtbot.waitUntil(
        lambda: {row.uuid: row.outcome for row in list_episodes(demonstrations)} == before, timeout=LONG_MS
    )


def test_split_and_its_undo_from_a_part(qtbot: QtBot, open_window: Open, demonstrations: Path) -> None:
    page = open_review(qtbot, open_window)
    item = opened(page)
    at = item.start_ns + 2_000_000_000
    page.player.seek(at)
    QTest.keyClick(page, Qt.Key.Key_C)
    qtbot.waitUntil(
        lambda: len(page.list.model.items) == 4 and opened(page).part_of == item.uuid, timeout=LONG_MS
    )
    assert opened(page).end_ns == at
    assert (page.player.start_ns, page.player.end_ns) == (item.start_ns, at)
    qtbot.waitUntil(lambda: page.panel.undo.isEnabled() and page.panel.join.isEnabled(), timeout=LONG_MS)
    page.panel.undo.click()
    qtbot.waitUntil(
        lambda: len(page.list.model.items) == 3 and opened(page).uuid == item.uuid, timeout=LONG_MS
    )
    qtbot.waitUntil(page.panel.redo.isEnabled, timeout=LONG_MS)
    page.panel.redo.click()
    qtbot.waitUntil(lambda: opened(page).part_of == item.uuid and bool(page.panel._labels), timeout=LONG_MS)
    QTest.keyClick(page, Qt.Key.Key_C, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: opened(page).uuid == item.uuid, timeout=LONG_MS)


def test_trash_restore_and_emptying_after_a_question(
    qtbot: QtBot, open_window: Open, demonstrations: Path
) -> None:
    page = open_review(qtbot, open_window)
    item = opened(page)
    QTest.keyClick(page, Qt.Key.Key_X)
    qtbot.waitUntil(lambda: read_labels(demonstrations, item.uuid).labels.rejected, timeout=LONG_MS)
    QTest.keyClick(page, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: item.uuid not in shown(page), timeout=LONG_MS)
    assert opened(page).uuid != item.uuid
    told = page.context.notifications.items[-1].text
    assert told.startswith("1 episode put into the trash for 30 days.")
    assert "Restore" in told  # the episode has left, and Ctrl+Z now means the one that is open
    page.list.search.setText("is:trashed")
    assert shown(page) == [item.uuid]
    assert page.list.trash.isVisible()
    assert "1 episode in the trash" in page.list.trash.about.text()
    page.list.select_row(0)
    page.list.trash.restore.click()
    qtbot.waitUntil(lambda: shown(page) == [], timeout=LONG_MS)
    assert read_labels(demonstrations, item.uuid).labels.rejected  # as it was before
    page.life.many("trash", [item.uuid])
    qtbot.waitUntil(lambda: shown(page) == [item.uuid], timeout=LONG_MS)
    asked: list[str] = []

    def press(which: str) -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        asked.append(box.text())
        next(button for button in box.buttons() if which in button.text()).click()

    QTimer.singleShot(0, lambda: press("Cancel"))
    page.list.trash.empty.click()
    assert Path(item.path).exists()
    QTimer.singleShot(0, lambda: press("Delete"))
    page.list.trash.empty.click()
    qtbot.waitUntil(lambda: len(page.list.model.items) == 2, timeout=LONG_MS)
    assert asked[0].startswith(f"Delete 1 episode (1 file, {item.bytes / 1e6:.1f} MB) and their labels")
    assert not Path(item.path).exists()
    assert {row.uuid for row in list_episodes(demonstrations)}.isdisjoint({item.uuid})
