"""Messages that repeat are one message with a count, also when two kinds take turns; information is shown once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from tests.widgets.test_main_window import Open
from widgets.notifications.centre import AGAIN_S, RECENT, Notification, Notifications
from widgets.notifications.echo import Echo


@pytest.fixture
def centre(qtbot: QtBot) -> Iterator[Notifications]:
    made = Notifications()
    yield made
    made.deleteLater()


def said(centre: Notifications) -> list[tuple[str, int]]:
    return [(item.text, item.count) for item in centre.items]


def test_two_kinds_that_take_turns_are_two_messages(centre: Notifications) -> None:
    for tenths in range(4, 8):
        for stream in ("scene/color", "wrist/color"):
            centre.warning(f"stream {stream}: nothing came for 0.{tenths} s.", "record")
    assert said(centre) == [
        ("stream scene/color: nothing came for 0.7 s.", 4),
        ("stream wrist/color: nothing came for 0.7 s.", 4),
    ]
    assert centre.unseen == 2


def test_a_message_that_comes_much_later_or_after_many_others_is_a_new_one(centre: Notifications) -> None:
    centre.info("It began.")
    centre.items[0].when -= AGAIN_S + 1.0
    centre.info("It began.")
    assert said(centre) == [("It began.", 1)] * 2
    for letter in "abcdefgh"[:RECENT]:
        centre.info(letter)
    centre.info("It began.")
    assert said(centre)[-1] == ("It began.", 1)


def test_the_newest_of_a_kind_moves_to_the_end(centre: Notifications) -> None:
    for text in ("first", "second", "first"):
        centre.error(text)
    assert said(centre) == [("second", 1), ("first", 2)]
    told: list[Notification] = []
    centre.added.connect(told.append)
    centre.error("second")
    assert told == [centre.items[-1]]
    assert told[0].count == 2


LET_GO = "Motion was stopped: nobody holds the enabling input."


@pytest.mark.parametrize("hand_first", [True, False])
def test_what_the_hand_says_better_is_not_said_by_the_governor_too(
    qtbot: QtBot, centre: Notifications, hand_first: bool
) -> None:
    echo = Echo(centre)
    for source in ("hand", "serve") if hand_first else ("serve", "hand"):
        if source == "hand":
            centre.warning("Motion ended: the window stalled for 77 ms.", "hand")
        else:
            echo.post("warning", LET_GO, "serve")
    assert not echo._timer.isActive() or not echo._held
    assert [item.source for item in centre.items] == ["hand"]


def test_without_the_hand_the_governor_is_heard(qtbot: QtBot, centre: Notifications) -> None:
    echo = Echo(centre)
    force = "Motion was stopped: the contact force is over the limit, nobody holds the enabling input."
    echo.post("warning", LET_GO, "serve")
    assert not centre.items
    qtbot.waitUntil(lambda: said(centre) == [(LET_GO, 1)])
    centre.warning("Motion ended: Esc.", "hand")
    echo.post("warning", force, "serve")
    assert centre.items[-1].text == force


def test_information_that_repeats_is_not_shown_again_but_a_warning_is(open_window: Open) -> None:
    session = open_window()
    toasts = session.window.toasts
    for tell, again in ((session.notifications.info, False), (session.notifications.warning, True)):
        tell("The motion is faster than allowed.")
        assert toasts.isVisible()
        toasts.clear()
        tell("The motion is faster than allowed.")
        assert toasts.isVisible() is again
        toasts.clear()
