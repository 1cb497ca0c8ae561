"""Augment with real demonstrations and the real role."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.core.link.hub import MAIN
from recorders.library import list_episodes
from widgets.augment.failures import Failures, reason
from widgets.augment.page import AugmentPage
from widgets.augment.paths import DRAWN, FAILED, KEPT, SHOWN, PathView
from widgets.augment.paths import Path as Motion
from widgets.session import Session
from widgets.theme.tokens import Theme

LONG_MS = 90_000
Open = Callable[..., Session]


def open_augment(qtbot: QtBot, open_window: Open) -> AugmentPage:
    session = open_window()
    session.window.open_page(2)
    page = session.window.page
    assert isinstance(page, AugmentPage)
    qtbot.waitUntil(lambda: page.settings.counts.text() != "", timeout=LONG_MS)
    return page


def test_without_demonstrations_it_refuses_and_says_why(qtbot: QtBot, open_window: Open) -> None:
    page = open_augment(qtbot, open_window)
    assert not page.start.isEnabled()
    assert not page.preview.isEnabled()
    assert page.start.toolTip() == "There are no demonstrations yet: record some in Collect (Ctrl+1)."
    assert "record some in Collect" in page.empty.text()
    assert page.stop.toolTip() == "Nothing runs."


@pytest.mark.process
def test_the_preview_draws_the_paths_that_the_role_gives(
    qtbot: QtBot, open_window: Open, demonstrations: Path
) -> None:
    page = open_augment(qtbot, open_window)
    assert page.settings.counts.text() == "2 kept successes of 3 episodes."
    page.settings.attempts.setValue(6)
    page.settings.seed.setValue(3)
    QTest.keyClick(page, Qt.Key.Key_P)
    qtbot.waitUntil(
        lambda: len(page.paths.attempts) == 6 and len(page.paths.demonstrations) >= 1, timeout=LONG_MS
    )
    command = [sys.executable, str(MAIN), "augment", *page.settings.words(), "--preview", "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    told = json.loads(done.stdout.strip().splitlines()[-1])["paths"]
    assert [path.parent for path in page.paths.attempts] == [item["parent"] for item in told]
    for path, item in zip(page.paths.attempts, told, strict=True):
        assert np.array_equal(path.points, np.asarray(item["path"]))
    drawn = page.paths.motions()
    assert len(drawn[DRAWN]) == 6
    qtbot.waitUntil(
        lambda: set(page.paths.demonstrations) == {item["parent"] for item in told}, timeout=LONG_MS
    )
    x, _ = page.paths.plots[0]._lines[SHOWN].getData()
    assert np.isfinite(x).any()
    qtbot.waitUntil(page.preview.isEnabled, timeout=LONG_MS)


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_run_shows_its_progress_and_leaves_episodes(
    qtbot: QtBot, open_window: Open, demonstrations: Path
) -> None:
    page = open_augment(qtbot, open_window)
    page.settings.attempts.setValue(2)
    page.start.click()
    assert page.start.toolTip() == "It runs already."
    assert page.stop.isEnabled()
    qtbot.waitUntil(lambda: len(page.paths.attempts) == 2, timeout=LONG_MS)
    qtbot.waitUntil(lambda: page.job is None, timeout=LONG_MS)
    states = [path.state for path in page.paths.attempts]
    rows = list_episodes(page.context.project.augmented)
    assert states.count(KEPT) == sum(row.outcome == "success" for row in rows)
    assert len(rows) == 2
    assert page.failures.rowCount() == states.count(FAILED)
    assert page.progress.text().startswith(f"{states.count(KEPT)} of 2 kept")
    assert page.start.isEnabled()


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_stop_keeps_what_is_there(qtbot: QtBot, open_window: Open, demonstrations: Path) -> None:
    page = open_augment(qtbot, open_window)
    page.settings.attempts.setValue(500)
    page.start.click()
    qtbot.waitUntil(lambda: len(page.paths.attempts) >= 1, timeout=LONG_MS)
    page.stop.click()
    assert page.stop.toolTip() == "It stops after this attempt."
    qtbot.waitUntil(lambda: page.job is None, timeout=LONG_MS)
    assert 1 <= len(list_episodes(page.context.project.augmented)) < 500
    assert " kept" in page.progress.text()


def test_failures_are_dashed_and_end_in_a_cross(qtbot: QtBot) -> None:
    view = PathView(Theme.load("dark"))
    qtbot.addWidget(view)
    line = np.linspace([0.4, -0.1, 0.1], [0.4, 0.1, 0.1], 5)
    view.show_demonstration("a", line)
    view.add_attempt(Motion("a", line + np.array((0.01, 0, 0)), KEPT))
    view.add_attempt(Motion("b", line + np.array((0.02, 0, 0)), FAILED))
    above = view.plots[0]
    styles = {state: above._lines[state].opts["pen"].style() for state in (KEPT, FAILED)}
    assert styles[KEPT] != styles[FAILED]
    crosses, _ = above._ends.getData()
    assert crosses.tolist() == [pytest.approx(100.0)]  # y in mm lies across: the stroke is longer along y
    view.show_only("a")
    assert (len(view.motions()[KEPT]), len(view.motions()[FAILED])) == (1, 0)


def test_failures_say_why(qtbot: QtBot) -> None:
    assert reason(0.7, "done") == "Score 0.70 is below 0.9: the task was not finished"
    assert "pressed harder" in reason(-0.5, "done")
    assert reason(0.95, "fault") == "The replay was broken off by a fault"
    table = Failures(Theme.load("light"))
    qtbot.addWidget(table)
    pointed: list[object] = []
    table.pointed.connect(pointed.append)
    table.add(4, {"score": 0.3, "why": "time"}, "Seed 7")
    assert table.texts(0) == ["5", "0.30", "Score 0.30 is below 0.9: the task was not finished", "Seed 7"]
    table.selectRow(0)
    assert pointed == [4]
