"""Quality in Review: measured by itself, flags that jump, the few to watch, statistics whose bars filter the list."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.quality.episode import measure_episode
from recorders.library import list_episodes
from tests.app.quality.planted import DEFECT_S, START_NS, make_take
from widgets.parts.plan import Plan
from widgets.review.charts import Bars, Chart
from widgets.review.page import ReviewPage
from widgets.session import Session

pytestmark = pytest.mark.process
LONG_MS = 30_000
Open = Callable[..., Session]


@pytest.fixture
def takes(tmp_path: Path) -> Path:
    folder = tmp_path / "project" / "demonstrations"
    make_take(folder, "spike", 4.5, operator="ben")
    for seed in range(3):
        make_take(folder, "", 4.2 + seed, seed)
    return folder


def open_review(qtbot: QtBot, open_window: Open, count: int = 4) -> ReviewPage:
    session = open_window()
    session.window.open_page(1)
    page = session.window.page
    assert isinstance(page, ReviewPage)
    qtbot.waitUntil(lambda: page.measuring.measured == count and not page.measuring.running, timeout=LONG_MS)
    return page


def click(chart: Chart, x: float, y: float) -> None:
    scene = chart.plot.plotItem.vb.mapViewToScene(QPointF(x, y))
    place: QPoint = chart.plot.mapFromScene(scene)
    QTest.mouseClick(chart.plot.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_new_episodes_are_measured_and_flags_lead_to_their_place(
    qtbot: QtBot, open_window: Open, takes: Path
) -> None:
    page = open_review(qtbot, open_window)
    (item,) = page.measuring.watch
    qtbot.waitUntil(lambda: any(row.doubts == ("spike",) for row in page.list.model.items), timeout=LONG_MS)
    page.list.select_row(next(n for n, row in enumerate(page.list.shown()) if row.uuid == item["uuid"]))
    qtbot.waitUntil(lambda: [flag["kind"] for flag in page.quality.flags] == ["spike"], timeout=LONG_MS)
    page.quality.list.itemClicked.emit(page.quality.list.item(0))
    assert abs(page.player.t_ns - START_NS - DEFECT_S * 1e9) < 0.05e9
    flags = page.viewer.timeline.flags
    assert [mark.severity for mark in flags.marks] == ["warning"]
    page.viewer.jump(START_NS)
    page.judging.show_side("Labels")
    QTest.mouseClick(
        flags, Qt.MouseButton.LeftButton, pos=QPoint(round(flags.pixel(flags.marks[0].start)), 10)
    )
    assert page.player.t_ns == page.quality.flags[0]["start_ns"]
    assert page.judging.side == "Quality"
    assert page.quality.list.currentRow() == 0
    page.viewer.jump(START_NS)
    page.viewer.step_flag(1)
    assert page.player.t_ns == page.quality.flags[0]["start_ns"]
    page.viewer.step_flag(1)  # there is no further one
    assert page.player.t_ns == page.quality.flags[0]["start_ns"]
    shown = [page.quality.table.texts(number) for number in range(page.quality.table.rowCount())]
    assert ["force spikes", "1"] in shown
    assert ["length", "4.5 s"] in shown


def test_only_what_is_worth_watching(qtbot: QtBot, open_window: Open, takes: Path) -> None:
    page = open_review(qtbot, open_window)
    button = page.watching.watch_button
    assert "Watch these 1" in button.text()
    button.click()
    assert [row.uuid for row in page.list.shown()] == page.watching.uuids
    assert "0 of 1" in button.text()
    assert page.judging.side == "Quality"
    qtbot.waitUntil(lambda: "1 of 1 watched" in button.text(), timeout=LONG_MS)
    button.click()
    assert len(page.list.shown()) == 4


def test_statistics_show_the_set_and_filter_the_list(qtbot: QtBot, open_window: Open, takes: Path) -> None:
    page = open_review(qtbot, open_window)
    Plan.of(page.context).set(10)
    page.watching.statistics_button.click()
    view = page.statistics
    qtbot.waitUntil(lambda: view.outcomes.isVisible() and len(view.people._bars) == 2, timeout=LONG_MS)
    assert "4 of 10 planned" in view.outcomes.note.text()
    assert [(bar.label, bar.count) for bar in view.people._bars] == [("ada", 3), ("ben", 1)]
    assert sum(bar.count for bar in view.length._bars) == 4
    assert "TQ 1.00" in view.about.text()
    view.people.ensurePolished()
    asked: list[str] = []
    view.asked.connect(asked.append)
    assert isinstance(view.people, Bars)
    view.people.asked.emit(view.people.at(QPointF(1.0, 0.5))[1])
    assert asked == ["operator:ben"]
    assert page.list.search.text() == "operator:ben"
    click(view.outcomes, 0.0, 1.0)
    assert asked[-1] == "outcome:success"


def test_scripted_demonstrations_have_no_flags(recorded: Path) -> None:
    """Recorded in the simulator by the scripted operator: what is clean is called clean."""
    rows = [row for row in list_episodes(recorded) if row.operator == "script"]
    assert len(rows) >= 2
    for row in rows:
        found, cells = measure_episode(row, "v")
        assert found.flags == ()
        assert found.measures["peak_n"] > 5.0
        assert len(cells) > 5


def test_without_episodes_the_statistics_say_so(qtbot: QtBot, open_window: Open) -> None:
    session = open_window()
    session.window.open_page(1)
    page = session.window.page
    assert isinstance(page, ReviewPage)
    page.watching.statistics_button.click()
    qtbot.waitUntil(lambda: "first recorded episode" in page.statistics.empty.text(), timeout=LONG_MS)
    assert not page.statistics.csv.isEnabled()
    assert not page.watching.watch_button.isEnabled()
    assert "No episode was measured yet" in page.watching.watch_button.toolTip()
