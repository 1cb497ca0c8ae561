"""Scrubbing real episodes in the real window: all in step, each picture once; phases proposed, accepted, for many."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.review.answers import Answers
from app.review.phase_settings import read_thresholds
from recorders.labels import read_labels
from recorders.library import list_episodes
from recorders.reader import EpisodeFile
from tests.widgets.review.test_review import LONG_MS, open_review, opened
from widgets.review.page import ReviewPage
from widgets.review.scrub import Moment
from widgets.session import Session

pytestmark = pytest.mark.process
Open = Callable[..., Session]


def collect(page: ReviewPage) -> list[Moment]:
    moments: list[Moment] = []
    page.viewer.scrub.shown.connect(moments.append)
    return moments


def await_moments(qtbot: QtBot, moments: list[Moment], count: int) -> None:
    qtbot.waitUntil(lambda: len(moments) == count, timeout=LONG_MS)


def test_steps_show_each_picture_once_with_what_belongs_to_it(
    qtbot: QtBot, open_window: Open, demonstrations: Path
) -> None:
    page = open_review(qtbot, open_window)
    page.viewer.jump(int(page.clip.times["scene/color"][20]))
    qtbot.waitUntil(lambda: page.viewer.stage.cameras["scene/color"].seq == 20, timeout=LONG_MS)
    moments = collect(page)
    for count in range(1, 7):
        QTest.keyClick(page, Qt.Key.Key_Right)
        await_moments(qtbot, moments, count)
    assert [moment.pictures[0].index for moment in moments] == list(range(21, 27))
    with EpisodeFile(opened(page).path) as episode:
        wrench, times = episode.data("finger/wrench"), episode.times_ns("finger/wrench")
        poses, pose_times = episode.data("arm/pose"), episode.times_ns("arm/pose")
    for moment in moments:
        (touch,) = moment.live.touches
        at = int(np.searchsorted(times, moment.t_ns, side="right")) - 1
        assert touch.wrench is not None
        np.testing.assert_allclose(touch.wrench, wrench[at], atol=1e-6)
        for shown in moment.pictures:
            nearest = int(np.abs(pose_times - shown.t_ns).argmin())
            assert shown.live.pose is not None
            np.testing.assert_allclose(shown.live.pose, poses[nearest], atol=1e-9)


def test_a_late_picture_never_comes_after_a_newer_one(
    qtbot: QtBot, open_window: Open, demonstrations: Path
) -> None:
    page = open_review(qtbot, open_window)
    times = page.clip.times["scene/color"]
    moments = collect(page)
    wanted = [int(t_ns) for t_ns in times[2:-1]]
    for t_ns in wanted:
        page.player.seek(t_ns)
    qtbot.waitUntil(lambda: bool(moments) and moments[-1].t_ns == wanted[-1], timeout=LONG_MS)
    shown = [moment.t_ns for moment in moments]
    assert shown == sorted(shown)
    assert len(shown) < len(wanted) / 2  # skipped, not queued
    assert page.viewer.stage.cameras["scene/color"].seq == len(times) - 2


def test_playing_runs_to_the_end_and_back_at_all_speeds(
    qtbot: QtBot, open_window: Open, demonstrations: Path
) -> None:
    page = open_review(qtbot, open_window)
    page.player.set_speed(8.0)
    moments = collect(page)
    page.player.play()
    qtbot.waitUntil(lambda: not page.player.playing, timeout=LONG_MS)
    qtbot.waitUntil(lambda: bool(moments) and moments[-1].t_ns == page.player.end_ns, timeout=LONG_MS)
    forward = [moment.t_ns for moment in moments]
    assert forward == sorted(forward)
    moments.clear()
    page.player.shuttle(-1)
    qtbot.waitUntil(lambda: not page.player.playing, timeout=LONG_MS)
    qtbot.waitUntil(lambda: bool(moments) and moments[-1].t_ns == page.player.start_ns, timeout=LONG_MS)


def test_the_views_are_those_of_collect(qtbot: QtBot, open_window: Open, demonstrations: Path) -> None:
    page = open_review(qtbot, open_window)
    stage = page.viewer.stage
    assert list(stage.cameras) == ["scene/color", "wrist/color"]
    assert list(stage.pads) == ["finger"]
    assert all(view.standing() == ("", False) for view in stage.cameras.values())  # calibrated by the rig
    assert not any(view.calibrate.isVisible() for view in stage.cameras.values())
    places = [view.geometry() for view in stage.views]
    assert all(not a.intersects(b) for a in places for b in places if a is not b)
    QTest.keyClick(page, Qt.Key.Key_E)
    large = stage.cameras["scene/color"].geometry()
    assert large.width() > 0.6 * stage.width()


def test_the_stroke_is_found_where_the_scripted_operator_wiped(demonstrations: Path) -> None:
    answers = Answers(demonstrations)
    rows = [row for row in list_episodes(demonstrations) if row.operator == "script"]
    assert len(rows) == 2
    for row in rows:
        phases = answers.answer("phases", {"episode": row.uuid})["phases"]
        assert [name for *_, name in phases][:3] == ["approach", "contact", "slide"]
        with EpisodeFile(row.path) as episode:
            times, removed = episode.times_ns("task/score"), episode.data("task/score")[:, 1]
            pose_times, poses = episode.times_ns("arm/pose"), episode.data("arm/pose")
        gained = times[1:][np.diff(removed) > 1e-6]
        sliding = [(start, end) for start, end, name in phases if name == "slide"]
        inside = [any(start <= t <= end for start, end in sliding) for t in gained]
        assert len(inside) >= 10
        assert np.mean(inside) > 0.95  # what is wiped off is wiped off while it slides
        start, end, _ = phases[0]
        approach = poses[(pose_times >= start) & (pose_times <= end), 2]
        assert approach[-1] < approach.max() - 0.02  # it came down
    answers.close()


def test_proposals_follow_the_dragged_threshold_and_become_labels(
    qtbot: QtBot, open_window: Open, demonstrations: Path
) -> None:
    page = open_review(qtbot, open_window)
    tools, uuid = page.viewer.tools, opened(page).uuid
    tools.toggle()
    qtbot.waitUntil(lambda: bool(tools.proposed), timeout=LONG_MS)
    assert page.viewer.timeline.proposed.isVisible()
    line = tools.lines.lines["enter"]
    line.setValue(900.0)
    line.sigDragged.emit(line)
    qtbot.waitUntil(lambda: not tools.proposed, timeout=LONG_MS)
    assert "No contact" in tools.words.text()
    line.setValue(2.0)
    line.sigDragged.emit(line)
    qtbot.waitUntil(lambda: bool(tools.proposed), timeout=LONG_MS)
    root = page.context.project.root
    qtbot.waitUntil(
        lambda: read_thresholds(root, "finger/wrench").get("enter") == pytest.approx(2.0), timeout=LONG_MS
    )
    tools.accept.click()
    qtbot.waitUntil(lambda: len(page.viewer.phases) == len(tools.proposed), timeout=LONG_MS)
    assert [name for _, name in read_labels(demonstrations, uuid).labels.phases] == [
        name for *_, name in tools.proposed
    ]
    page.clip.undo()
    qtbot.waitUntil(lambda: not page.viewer.phases, timeout=LONG_MS)


def test_all_unlabelled_are_one_step_and_others_stay(
    qtbot: QtBot, open_window: Open, demonstrations: Path
) -> None:
    page = open_review(qtbot, open_window)
    first, *others = [row.uuid for row in list_episodes(demonstrations)]
    viewer = page.viewer
    with qtbot.waitSignal(viewer.bulk.told, timeout=LONG_MS) as told:
        viewer.bulk.start(demonstrations, [row for row in viewer.listed() if row.uuid != first], {})
    assert "of 2 unlabelled episodes" in told.args[0]
    written = [uuid for uuid in others if read_labels(demonstrations, uuid).labels.phases]
    assert written
    assert not read_labels(demonstrations, first).labels.phases


def test_a_subtask_is_written_on_the_lane(qtbot: QtBot, open_window: Open, demonstrations: Path) -> None:
    page = open_review(qtbot, open_window)
    item = opened(page)
    page.viewer.jump(item.start_ns + 2_000_000_000)
    QTest.keyClick(page, Qt.Key.Key_N)
    editor = page.viewer.timeline.subtasks._editor
    assert editor is not None
    QTest.keyClicks(editor, "wipe 1 slowly")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(page.viewer.subtasks) == 1, timeout=LONG_MS)
    (kept,) = read_labels(demonstrations, item.uuid).labels.subtasks
    assert kept == (item.start_ns + 2_000_000_000, item.start_ns + 3_000_000_000, "wipe 1 slowly")
    assert not read_labels(demonstrations, item.uuid).labels.phases  # the 1 was a letter
