"""Deploy: what it refuses, and one real series of a real checkpoint on the real bench."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.core.link.hub import MAIN
from app.deploy.preflight import Line, Verdict
from recorders.library import list_episodes
from tests.app.learning.runs_on_disk import write_run
from widgets.deploy.enabling import Consent
from widgets.deploy.page import DeployPage
from widgets.deploy.preflight_list import PreflightList, Words
from widgets.deploy.scores import ScorePlot
from widgets.deploy.session import Phase
from widgets.rig_session import RigPhase
from widgets.session import Session
from widgets.theme.tokens import Theme

LONG_MS = 150_000
Open = Callable[..., Session]


def open_deploy(open_window: Open) -> DeployPage:
    session = open_window()
    session.window.open_page(4)
    page = session.window.page
    assert isinstance(page, DeployPage)
    return page


def test_without_a_run_it_refuses_and_says_why(qtbot: QtBot, open_window: Open) -> None:
    page = open_deploy(open_window)
    assert not page.go.isEnabled()
    assert page.go.toolTip() == "There is no run to deploy: train one in Train (Ctrl+4)."
    assert page.stop.toolTip() == "Nothing drives."
    words = next(item for item in page.settings.preflight.findChildren(Words) if "no run" in item.text())
    qtbot.waitUntil(lambda: words.is_whole)  # the reason is read without pointing at it
    page.window().resize(1100, 680)
    qtbot.waitUntil(lambda: words.is_whole or bool(words.toolTip()))
    assert page.context.status.value.words == "NOTHING TO DEPLOY"
    QTest.keyClick(page, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert page.session.phase is Phase.IDLE
    assert page.context.rig.phase is RigPhase.OFF


def test_an_unfinished_run_is_refused(qtbot: QtBot, open_window: Open, tmp_path: Path) -> None:
    write_run(tmp_path / "project" / "runs" / "half", stage="planner", step=10)
    page = open_deploy(open_window)
    assert page.settings.run.currentText() == "half (stopped at 50 of 100)"
    assert "resume it in Train" in page.go.toolTip()


def test_a_reason_with_long_words_is_read_whole_where_there_is_room(qtbot: QtBot) -> None:
    shown = PreflightList(Theme.load("dark"))
    qtbot.addWidget(shown)
    reason = "no-weights lacks weights.safetensors: copy the whole folder, or train it again."
    shown.show_lines(
        [Line(name, Verdict.STOP, reason) for name in ("Checkpoint", "Same rig", "Rig", "Arm", "Disk")]
    )
    shown.resize(330, 600)
    shown.show()
    words = shown.findChildren(Words)
    qtbot.waitUntil(lambda: all(item.is_whole for item in words))
    assert words[0].height() > 2 * words[0].fontMetrics().height()
    shown.resize(330, shown.minimumSizeHint().height())
    qtbot.waitUntil(lambda: all(item.toolTip() == reason for item in words))
    assert words[0].shown().endswith("…")


def test_scores_show_mean_interval_and_outcome(qtbot: QtBot) -> None:
    plot = ScorePlot(Theme.load("dark"))
    qtbot.addWidget(plot)
    plot.show_scores([1.0, 0.95, 0.2], ["success", "failure", "failure"], 5)
    assert plot._kept.getData()[0].tolist() == [1]
    assert plot._failed.getData()[0].tolist() == [2, 3]
    assert plot.summary.startswith("mean 0.72, 95 %: 0.20 to 1.00")
    low, high = plot._band.getRegion()
    assert low < 0.72 < high


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.timeout(420)
def test_one_click_drives_and_esc_ends_it(
    qtbot: QtBot, open_window: Open, demonstrations: Path, tmp_path: Path
) -> None:
    run = tmp_path / "project" / "runs" / "tiny"
    command = [
        sys.executable,
        str(MAIN),
        "train",
        str(demonstrations),
        "--steps",
        "20",
        "--out",
        str(run),
        "--json",
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=150)
    page = open_deploy(open_window)
    assert page.go.isEnabled(), page.go.toolTip()
    page.settings.episodes.setValue(50)
    assert not page.settings.by_window  # a simulated rig may enable itself, and does by default
    page.settings.enable.setCurrentIndex(page.settings.enable.findData("window"))
    QTest.keyClick(page, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    told: list[dict[str, list[object]]] = []
    page.session.told.connect(told.append)
    qtbot.waitUntil(lambda: page.session.phase is Phase.DRIVING, timeout=LONG_MS)
    assert page.context.rig.owner == "deploy"
    assert page.enabling.consent is Consent.ON
    qtbot.waitUntil(
        lambda: any(len(list(body["plan"])) > 1 for body in told if body.get("plan")), timeout=LONG_MS
    )
    assert page.go.toolTip() == "A policy drives already."
    status = page.context.status
    qtbot.waitUntil(lambda: (status.value.seconds or 0.0) > 0.0, timeout=LONG_MS)  # what the recorder has
    assert status.value.dropped == 0
    assert (status.value.disk_s or 0.0) > 0.0
    QTest.keyClick(page, Qt.Key.Key_Escape)
    assert page.enabling.consent is not Consent.ON
    qtbot.waitUntil(lambda: page.session.phase is Phase.IDLE, timeout=LONG_MS)
    assert page.context.rig.owner == ""
    rows = list_episodes(page.context.project.rollouts)
    assert 1 <= len(rows) < 50
    assert rows[-1].provenance is not None
    assert str(rows[-1].provenance["checkpoint"]) == str(run.resolve())
    qtbot.waitUntil(lambda: page.rollouts.rowCount() == len(rows), timeout=LONG_MS)
    assert page.rollouts.texts(0)[0] == "tiny"
    page.window().close()
    qtbot.waitUntil(lambda: not page.context.jobs.running(), timeout=LONG_MS)
