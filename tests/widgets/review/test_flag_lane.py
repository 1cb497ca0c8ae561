"""The lane of flags: a sign where each lies, why as a tip, a click and two keys that go there."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from widgets.review.flag_lane import COLOURS, FlagLane, FlagMark, tip
from widgets.theme.tokens import Theme

AXIS = (0.0, 10.0, 60.0, 560.0)  # 50 pixels a second
SPIKE = FlagMark(2.0, 2.02, "warning", "Force spike of 15.0 N (limit 5 N).")
STOP = FlagMark(6.0, 7.0, "severe", "The governor held the arm for 1.00 s (limit 0.02 s).")
LAG = FlagMark(6.1, 9.0, "warning", "The motion lies 400 ms behind the command (limit 250 ms).")


def make_lane(qtbot: QtBot, marks: Sequence[FlagMark] = (LAG, SPIKE, STOP), theme: str = "dark") -> FlagLane:
    lane = FlagLane(Theme.load(theme), lambda: AXIS)
    qtbot.addWidget(lane)
    lane.resize(600, 22)
    lane.show_marks(marks, "Nothing stands out.")
    lane.show()
    return lane


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_each_flag_lies_where_it_was_in_the_colour_of_its_severity(qtbot: QtBot, theme: str) -> None:
    lane = make_lane(qtbot, theme=theme)
    image, bottom = lane.grab().toImage(), 19
    for mark, seconds in ((STOP, 6.5), (LAG, 8.0)):
        drawn = image.pixelColor(int(lane.pixel(seconds)), bottom)
        assert drawn.name() == Theme.load(theme).colour(COLOURS[mark.severity]).name()
    ground = image.pixelColor(int(lane.pixel(4.0)), bottom)
    assert image.pixelColor(int(lane.pixel(9.5)), bottom) == ground
    signs = {
        image.pixelColor(x, y).name()
        for x in range(150, 170) for y in range(3, 16)
    }  # fmt: skip
    assert Theme.load(theme).colour("warning").name() in signs  # the sign of the spike, which lasts one pixel


def test_signs_that_would_overlap_share_a_place_and_the_worst_leads(qtbot: QtBot) -> None:
    lane = make_lane(qtbot)
    assert [place.marks for place in lane.places()] == [(SPIKE,), (STOP, LAG)]
    lane = make_lane(qtbot, (FlagMark(6.0, 6.1, "info", "a"), FlagMark(6.2, 6.3, "severe", "b")))
    with qtbot.waitSignal(lane.asked) as asked:
        QTest.mouseClick(lane, Qt.MouseButton.LeftButton, pos=QPoint(360, 10))
    assert asked.args == [6.2]


def test_a_click_goes_to_the_flag_and_beside_it_to_the_time(qtbot: QtBot) -> None:
    lane = make_lane(qtbot)
    with qtbot.waitSignal(lane.asked) as asked:
        QTest.mouseClick(
            lane, Qt.MouseButton.LeftButton, pos=QPoint(165, 10)
        )  # beside the middle of the sign
    assert asked.args == [SPIKE.start]
    with qtbot.waitSignal(lane.sought) as sought:
        QTest.mouseClick(lane, Qt.MouseButton.LeftButton, pos=QPoint(460, 10))  # while the lag lasts
    assert sought.args == [8.0]


def test_the_tip_says_why_with_the_numbers(qtbot: QtBot) -> None:
    lane = make_lane(qtbot)
    pointed: list[FlagMark | None] = []
    lane.pointed.connect(pointed.append)
    QTest.mouseMove(lane, QPoint(360, 10))
    assert "1.00 s (limit 0.02 s)" in lane.toolTip()
    assert "400 ms" in lane.toolTip()
    assert "Click" in lane.toolTip()
    QTest.mouseMove(lane, QPoint(500, 10))
    assert lane.toolTip() == f"6.10 s   {LAG.text}"
    assert pointed == [STOP, LAG]
    assert "and 3 more" in tip([SPIKE] * 9, True)


def test_next_and_before_stop_at_the_ends(qtbot: QtBot) -> None:
    lane = make_lane(qtbot)
    assert lane.neighbour(0.0, 1) == 2.0
    assert lane.neighbour(2.0, 1) == 6.0
    assert lane.neighbour(6.1, 1) is None
    assert lane.neighbour(6.1, -1) == 6.0
    assert lane.neighbour(2.0, -1) is None
