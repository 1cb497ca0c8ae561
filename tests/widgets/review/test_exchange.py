"""Export and Import from Review: real roles, real files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from recorders.labels import change_labels
from recorders.library import list_episodes
from tests.app.exchange.motions import make_motion
from widgets.review.page import ReviewPage
from widgets.session import Session

pytestmark = pytest.mark.process
LONG_MS = 30_000
Open = Callable[..., Session]


@pytest.fixture
def page(qtbot: QtBot, open_window: Open, tmp_path: Path) -> Iterator[ReviewPage]:
    """Review with two successes and a failure of half a second."""
    folder = tmp_path / "project" / "demonstrations"
    uuids = [make_motion(folder, 0.5, outcome) for outcome in ("success", "success", "failure")]
    change_labels(folder, uuids[0], {"notes": "the one"})
    session = open_window()
    session.window.open_page(1)
    shown = session.window.page
    assert isinstance(shown, ReviewPage)
    qtbot.waitUntil(lambda: len(shown.list.model.items) == 3, timeout=LONG_MS)
    yield shown
    shown.exporting.close()
    shown.importing.close()


def test_export_and_import_from_the_list(page: ReviewPage, qtbot: QtBot, tmp_path: Path) -> None:
    page.list.export_button.click()
    dialog = page.exporting
    assert dialog.isVisible()
    assert not dialog.isModal()
    assert dialog.which.currentText() == "All 2 successes"
    dialog.target.setCurrentIndex(dialog.target.findData("zarr"))
    assert dialog.path.text() == str(tmp_path / "project" / "demonstrations-zarr.zarr")
    dialog.start.click()
    assert not dialog.start.isEnabled()
    assert not dialog.path.isEnabled()
    qtbot.waitUntil(lambda: dialog.job is None, timeout=LONG_MS)
    made = tmp_path / "project" / "demonstrations-zarr.zarr"
    assert (made / ".zattrs").is_file()
    assert "2 episodes" in dialog.told.text()
    assert str(made) in dialog.told.text()
    assert dialog.show_result.isEnabled()
    assert not dialog.start.isEnabled()  # it is there now
    assert "written over" in dialog.start.toolTip()

    page.list.import_button.click()
    bring = page.importing
    assert "Say what" in bring.start.toolTip()
    bring.path.setText(str(made))
    assert bring.start.isEnabled()
    bring.start.click()
    qtbot.waitUntil(lambda: bring.job is None, timeout=LONG_MS)
    assert "2 episodes" in bring.told.text()
    qtbot.waitUntil(lambda: len(page.list.model.items) == 5, timeout=LONG_MS)
    assert len(list_episodes(tmp_path / "project" / "demonstrations")) == 5


def test_what_the_list_shows_can_be_chosen(page: ReviewPage, qtbot: QtBot, tmp_path: Path) -> None:
    page.list.search.setText("the one")
    page.list.export_button.click()
    dialog = page.exporting
    names = [dialog.which.itemText(number) for number in range(dialog.which.count())]
    assert names[1] == "The 1 episode that the list shows"
    dialog.which.setCurrentIndex(1)
    words = dialog.words()
    (shown,) = page.list.shown()
    assert words[words.index("--episodes") + 1] == shown.uuid
    assert words[words.index("--outcome") + 1] == "success"


def test_a_failed_run_says_why_and_nothing_is_left(page: ReviewPage, qtbot: QtBot, tmp_path: Path) -> None:
    page.list.import_button.click()
    dialog = page.importing
    (tmp_path / "noise.hdf5").write_bytes(b"noise" * 100)
    dialog.path.setText(str(tmp_path / "noise.hdf5"))
    dialog.start.click()
    qtbot.waitUntil(lambda: dialog.job is None, timeout=LONG_MS)
    assert "no HDF5 file" in dialog.told.text()
    assert dialog.start.isEnabled()
    assert len(list_episodes(tmp_path / "project" / "demonstrations")) == 3
