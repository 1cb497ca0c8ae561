"""Lanes over the time axis: what is drawn where, what a hand does to edges and words."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from widgets.review.band import Lane, Stretch
from widgets.review.lane import beside
from widgets.theme.tokens import Theme

AXIS = (0.0, 10.0, 60.0, 560.0)  # 50 pixels a second
STRETCHES = (Stretch(1.0, 3.0, "contact"), Stretch(3.0, 6.0, "slide"))


def make_lane(qtbot: QtBot, joined: bool = True, written: bool = False) -> Lane:
    lane = Lane(Theme.load("dark"), "Phases", lambda: AXIS, joined=joined, written=written)
    qtbot.addWidget(lane)
    lane.resize(600, 22)
    lane.show_stretches(STRETCHES)
    lane.show()
    return lane


def drag(lane: Lane, start: int, end: int) -> None:
    QTest.mousePress(lane, Qt.MouseButton.LeftButton, pos=QPoint(start, 11))
    QTest.mouseMove(lane, QPoint(end, 11))
    QTest.mouseRelease(lane, Qt.MouseButton.LeftButton, pos=QPoint(end, 11))


def test_each_stretch_has_its_colour_where_its_time_is(qtbot: QtBot) -> None:
    lane = make_lane(qtbot)
    image = lane.grab().toImage()
    ground = image.pixelColor(90, 11)
    contact, slide = image.pixelColor(200, 4), image.pixelColor(340, 4)
    assert len({ground.name(), contact.name(), slide.name()}) == 3
    assert image.pixelColor(500, 11) == ground  # after the last one


def test_a_joined_edge_is_dragged_and_stays_between_its_neighbours(qtbot: QtBot) -> None:
    lane = make_lane(qtbot)
    moved: list[tuple[int, str, float]] = []
    lane.moved.connect(lambda *what: moved.append(what))
    drag(lane, 210, 260)  # the edge at 3 s, to 4 s
    drag(lane, 210, 20)  # far to the left: not over the begin of the one before
    assert moved[0] == (1, "start", 4.0)
    assert 1.0 < moved[1][2] < 1.1


def test_a_click_seeks(qtbot: QtBot) -> None:
    lane = make_lane(qtbot)
    with qtbot.waitSignal(lane.sought) as sought:
        QTest.mouseClick(lane, Qt.MouseButton.LeftButton, pos=QPoint(460, 11))
    assert sought.args == [8.0]


def test_words_are_typed_on_a_stretch_or_beside_it(qtbot: QtBot) -> None:
    lane = make_lane(qtbot, joined=False, written=True)
    renamed: list[tuple[int, str]] = []
    made: list[tuple[float, str]] = []
    lane.renamed.connect(lambda *what: renamed.append(what))
    lane.made.connect(lambda *what: made.append(what))
    for at, words in ((2.0, "press firmly"), (8.0, "lift")):
        lane.write_at(at)
        editor = lane._editor
        assert editor is not None
        editor.setText(words)
        QTest.keyClick(editor, Qt.Key.Key_Return)
    assert renamed == [(0, "press firmly")]
    assert made == [(8.0, "lift")]


def test_words_of_an_empty_lane_do_not_lie_under_the_playhead() -> None:
    area = QRectF(60.0, 1.0, 500.0, 20.0)
    for head in range(50, 76):
        start = beside(area, float(head)).left()
        assert start == 68.0 or start - head == 8.0, head
    assert beside(area, 300.0).right() == 552.0
