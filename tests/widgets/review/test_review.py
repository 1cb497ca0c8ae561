"""Review with real episodes and a real reader process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.core.episodes import EpisodeRow
from recorders.labels import read_labels
from recorders.library import list_episodes
from recorders.reader import EpisodeFile
from widgets.parts.library import Library
from widgets.review.list_model import ITEM
from widgets.review.page import ReviewPage
from widgets.session import Session

pytestmark = pytest.mark.process
LONG_MS = 30_000
Open = Callable[..., Session]


def opened(page: ReviewPage) -> EpisodeRow:
    assert page.clip.item is not None
    return page.clip.item


def selected(page: ReviewPage) -> EpisodeRow:
    item = page.list.current()
    assert item is not None
    return item


def open_review(qtbot: QtBot, open_window: Open, count: int = 3) -> ReviewPage:
    session = open_window()
    session.window.open_page(1)
    page = session.window.page
    assert isinstance(page, ReviewPage)
    if count:
        qtbot.waitUntil(lambda: len(page.list.model.items) == count, timeout=LONG_MS)
        choose(qtbot, page, selected(page).uuid)
    return page


def choose(qtbot: QtBot, page: ReviewPage, uuid: str) -> None:
    page.list.select_row(
        page.list.filter.mapFromSource(page.list.model.index(page.list.model.row_of(uuid))).row()
    )
    qtbot.waitUntil(
        lambda: page.clip.item is not None and page.clip.item.uuid == uuid and bool(page.panel._labels)
        and len(page.clip.times) == 2 and page.viewer.stage.cameras["scene/color"]._image is not None,
        timeout=LONG_MS,
    )  # fmt: skip


def shown_field(page: ReviewPage) -> np.ndarray:
    touch = page.viewer.stage.pads["finger"].touch
    return np.zeros((1, 3)) if touch is None or touch.displacement is None else touch.displacement


def await_phases(qtbot: QtBot, page: ReviewPage, count: int) -> None:
    qtbot.waitUntil(lambda: len(page.viewer.phases) == count, timeout=LONG_MS)


def pixels(image: QImage | None) -> bytes:
    assert image is not None
    converted = image.convertToFormat(QImage.Format.Format_RGB888)  # its bits do not keep it alive
    return bytes(converted.constBits())


def test_without_episodes_it_says_what_to_do(qtbot: QtBot, open_window: Open) -> None:
    page = open_review(qtbot, open_window, 0)
    qtbot.waitUntil(lambda: "Ctrl+1" in page.empty.text(), timeout=LONG_MS)
    assert "Record your first demonstration in Collect (Ctrl+1)" in page.empty.text()
    assert page.empty.isVisible()
    button = page.panel.outcome_buttons["success"]
    assert not button.isEnabled()
    assert button.toolTip() == "Choose an episode first."


def test_the_list_shows_what_is_on_the_disk(qtbot: QtBot, open_window: Open, demonstrations: Path) -> None:
    page = open_review(qtbot, open_window)
    on_disk = list_episodes(demonstrations)
    shown = list(reversed(page.list.model.items))
    assert [item.uuid for item in shown] == [row.uuid for row in on_disk]
    assert [(item.outcome, item.seed, item.score, item.peak_force_n) for item in shown] == [
        (row.outcome, row.seed, row.score, row.peak_force_n) for row in on_disk
    ]
    uuid = shown[0].uuid
    page.list._ask_thumbnail(uuid)
    qtbot.waitUntil(lambda: page.list.model._thumbnails.get(uuid) is not None, timeout=LONG_MS)


def test_filters_by_outcome_and_by_words(qtbot: QtBot, open_window: Open, demonstrations: Path) -> None:
    page = open_review(qtbot, open_window)
    listed = page.list
    listed.search.setText("outcome:failure")
    assert listed.filter.rowCount() == 1
    assert selected(page).outcome == "failure"
    listed.search.clear()
    QTest.keyClicks(listed.search, "seed 1 script")
    assert listed.filter.rowCount() == 1
    assert listed.filter.index(0, 0).data(ITEM).seed == 1
    QTest.keyClicks(listed.search, " nobody")
    assert listed.empty.isVisible()
    assert "Nothing matches" in listed.empty.text()


def test_scrubbing_shows_the_recorded_picture_of_that_time(
    qtbot: QtBot, open_window: Open, demonstrations: Path
) -> None:
    page = open_review(qtbot, open_window)
    item = opened(page)
    with EpisodeFile(item.path) as episode:
        times = episode.times_ns("scene/color")
        index = len(times) * 2 // 3
        recorded = QImage.fromData(episode.picture("scene/color", index))
        field = episode.data("finger/field")
        wanted = int(times[index]) + 1_000_000
        t_field = int(np.searchsorted(episode.times_ns("finger/field"), wanted, side="right")) - 1
    page.player.seek(wanted)
    qtbot.waitUntil(
        lambda: pixels(page.viewer.stage.cameras["scene/color"]._image) == pixels(recorded), timeout=LONG_MS
    )
    qtbot.waitUntil(
        lambda: len(shown_field(page)) == 63 and np.allclose(shown_field(page), field[t_field], atol=1e-6),
        timeout=LONG_MS,
    )


def test_arrow_keys_step_from_picture_to_picture(
    qtbot: QtBot, open_window: Open, demonstrations: Path
) -> None:
    page = open_review(qtbot, open_window)
    times = page.clip.times["scene/color"]
    page.player.seek(int(times[4]))
    QTest.keyClick(page, Qt.Key.Key_Right)
    assert page.player.t_ns == times[5]
    QTest.keyClick(page, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert page.player.t_ns == max(times[0], page.player.start_ns)


def test_curves_are_the_recorded_force(qtbot: QtBot, open_window: Open, demonstrations: Path) -> None:
    page = open_review(qtbot, open_window)
    qtbot.waitUntil(lambda: set(page.viewer.timeline._data) == {"force", "touch"}, timeout=LONG_MS)
    with EpisodeFile(opened(page).path) as episode:
        force = episode.data("finger/wrench")[:, 2]
    _, drawn = page.viewer.timeline._curves["force"][2].getData()
    assert np.isclose(drawn.min(), force.min(), atol=1e-4)
    assert np.isclose(drawn.max(), force.max(), atol=1e-4)


def test_trim_and_its_undo_survive_reopening(qtbot: QtBot, open_window: Open, demonstrations: Path) -> None:
    page = open_review(qtbot, open_window)
    item = opened(page)
    at = item.start_ns + 1_500_000_000
    page.player.seek(at)
    QTest.keyClick(page, Qt.Key.Key_I)
    qtbot.waitUntil(
        lambda: read_labels(demonstrations, item.uuid).labels.trim_start_ns == at, timeout=LONG_MS
    )
    qtbot.waitUntil(lambda: page.viewer.timeline.trim() == (at, None), timeout=LONG_MS)
    assert page.panel.undo.isEnabled()
    QTest.keyClick(page, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: page.viewer.timeline.trim() == (None, None), timeout=LONG_MS)

    again = open_review(qtbot, open_window)
    choose(qtbot, again, item.uuid)
    assert again.viewer.timeline.trim() == (None, None)
    assert again.panel.redo.isEnabled()
    again.panel.redo.click()
    qtbot.waitUntil(lambda: again.viewer.timeline.trim() == (at, None), timeout=LONG_MS)
    assert read_labels(demonstrations, item.uuid).labels.trim_start_ns == at


def test_a_dragged_handle_trims(qtbot: QtBot, open_window: Open, demonstrations: Path) -> None:
    page = open_review(qtbot, open_window)
    item, handle = opened(page), page.viewer.timeline._handles["end"][0]
    handle.setValue(3.0)
    handle.sigDragged.emit(handle)
    assert page.player.t_ns == item.start_ns + 3_000_000_000
    handle.sigPositionChangeFinished.emit(handle)
    qtbot.waitUntil(
        lambda: read_labels(demonstrations, item.uuid).labels.trim_end_ns == item.start_ns + 3_000_000_000,
        timeout=LONG_MS,
    )
    qtbot.waitUntil(lambda: selected(page).trimmed, timeout=LONG_MS)


def test_keys_set_outcome_and_phases(qtbot: QtBot, open_window: Open, demonstrations: Path) -> None:
    page = open_review(qtbot, open_window)
    item = opened(page)
    QTest.keyClick(page, Qt.Key.Key_D)
    for count, (key, seconds) in enumerate(((Qt.Key.Key_1, 0.5), (Qt.Key.Key_2, 2.0)), 1):
        page.player.seek(item.start_ns + round(seconds * 1e9))
        QTest.keyClick(page, key)
        await_phases(qtbot, page, count)
    labels = read_labels(demonstrations, item.uuid).labels
    assert labels.outcome == "discarded"
    assert [name for _, name in labels.phases] == ["approach", "contact"]
    QTest.keyClick(page, Qt.Key.Key_Backspace)
    await_phases(qtbot, page, 1)
    qtbot.waitUntil(lambda: selected(page).outcome == "discarded", timeout=LONG_MS)


def test_typing_a_note_is_no_command(qtbot: QtBot, open_window: Open, demonstrations: Path) -> None:
    page = open_review(qtbot, open_window)
    item = opened(page)
    page.panel.notes.setFocus()
    QTest.keyClicks(page.panel.notes, "fsd 12 io kl")
    QTest.keyClick(page.panel.notes, Qt.Key.Key_Return)
    qtbot.waitUntil(
        lambda: read_labels(demonstrations, item.uuid).labels.notes == "fsd 12 io kl", timeout=LONG_MS
    )
    labels = read_labels(demonstrations, item.uuid).labels
    assert (labels.outcome, labels.phases, labels.trim_start_ns) == (None, (), None)
    assert not page.player.playing


def test_a_broken_file_is_shown_as_such(qtbot: QtBot, open_window: Open, demonstrations: Path) -> None:
    (demonstrations / "episodes" / "broken.h5").write_bytes(b"no HDF5")
    page = open_review(qtbot, open_window, 0)
    qtbot.waitUntil(lambda: len(page.list.model.items) == 4, timeout=LONG_MS)
    page.list.select_row(
        page.list.filter.mapFromSource(page.list.model.index(page.list.model.row_of("broken"))).row()
    )
    assert page.empty.isVisible()
    assert "no HDF5 file" in page.empty.text()
    assert page.panel.undo.toolTip() == "This file is broken: it cannot be labelled."


def test_a_damaged_file_is_recovered_by_a_button(
    qtbot: QtBot, open_window: Open, demonstrations: Path
) -> None:
    (row,) = [row for row in list_episodes(demonstrations) if row.outcome == "failure"]
    damaged = bytearray(Path(row.path).read_bytes())
    damaged[3] ^= 1
    Path(row.path).write_bytes(damaged)
    page = open_review(qtbot, open_window, 0)
    qtbot.waitUntil(lambda: len(page.list.model.items) == 3, timeout=LONG_MS)
    page.list.select_row(
        page.list.filter.mapFromSource(page.list.model.index(page.list.model.row_of(row.uuid))).row()
    )
    assert "python main.py recover" in page.empty.text()
    qtbot.mouseClick(page.empty.recover, Qt.MouseButton.LeftButton)
    assert not page.empty.recover.isEnabled()
    qtbot.waitUntil(lambda: page.clip.item is not None and not page.clip.item.broken, timeout=LONG_MS)
    assert page.clip.item is not None
    assert (page.clip.item.uuid, page.clip.item.outcome) == (row.uuid, "failure")
    assert not page.empty.isVisible()
    qtbot.waitUntil(lambda: page.empty.job is None, timeout=LONG_MS)
    assert Path(f"{row.path}.damaged").read_bytes() == damaged
    page.empty.say("Choose an episode")
    assert not page.empty.recover.isVisibleTo(page.empty)


def test_a_reader_that_was_lost_is_started_again(
    qtbot: QtBot, open_window: Open, demonstrations: Path
) -> None:
    page = open_review(qtbot, open_window)
    library = Library.of(page.context)
    first = library._reader
    assert first is not None
    with qtbot.waitSignal(first.lost, timeout=LONG_MS):
        first.close()
    answers: list[int] = []
    library.list(demonstrations, lambda items, _error: answers.append(len(items)))
    qtbot.waitUntil(lambda: answers == [3], timeout=LONG_MS)


def test_the_next_episode_shows_its_own_instruction_and_nothing_is_written(
    qtbot: QtBot, open_window: Open, demonstrations: Path
) -> None:
    page = open_review(qtbot, open_window)
    rows = list_episodes(demonstrations)
    for row in rows[:2]:
        choose(qtbot, page, row.uuid)
        assert page.panel.instruction.text() == row.instruction
        page.panel.instruction.editingFinished.emit()  # the field loses the focus
    assert all(read_labels(demonstrations, row.uuid).labels.instruction is None for row in rows[:2])


def test_an_axis_of_nothing_does_not_bind_the_next_one(
    qtbot: QtBot, open_window: Open, demonstrations: Path
) -> None:
    page = open_review(qtbot, open_window)
    page.viewer.timeline.open(1_000_000_000, 1_000_000_000)
    page.viewer.timeline.open(1_000_000_000, 6_000_000_000)
    low, high = page.viewer.timeline.force.plotItem.vb.viewRange()[0]
    assert low <= 0.0
    assert high >= 5.0
