"""The wizard drives a real `calibrate` process over a device server that shows a board, and keeps what it finds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from tests.widgets.device_double import DeviceDouble
from widgets.calibrate.picture import BoardPicture
from widgets.calibrate.wizard import CalibrationWizard
from widgets.session import Session
from widgets.theme.tokens import Theme


def test_uncovered_parts_are_dimmed_and_corners_are_marked(qtbot: QtBot) -> None:
    picture = BoardPicture(Theme.load("dark"))
    qtbot.addWidget(picture)
    picture.resize(640, 480)
    image = QImage(320, 240, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    picture.show_image(image)
    counts = [[1] * 5 for _ in range(4)]
    counts[0][0] = 0
    picture.show_coverage(counts)
    picture.show_board([[160.0, 120.0]], (320, 240), still=True)
    shown = picture.grab().toImage()
    assert shown.pixelColor(30, 30).lightness() < 180
    assert shown.pixelColor(620, 460) == QColor("white")
    centre = shown.pixelColor(320, 240)
    assert centre.green() > centre.red() + 60


@pytest.mark.process
def test_the_wizard_starts_its_child_and_says_what_is_missing(
    open_window: Callable[..., Session], qtbot: QtBot, tmp_path: Path
) -> None:
    session = open_window()
    with DeviceDouble() as device:
        session.context.rig.join(device.endpoints)
        qtbot.waitUntil(lambda: session.context.rig.info is not None)
        wizard = CalibrationWizard(session.context, "scene", session.window)
        wizard.show()
        assert wizard.settings.mount.currentData() == "base"
        assert not wizard.take.isEnabled()
        wizard.save_board(str(tmp_path / "board.pdf"))
        wizard.start.click()
        job = wizard.job
        assert job is not None
        qtbot.waitUntil(lambda: "Show the board" in wizard.advice.text(), timeout=30000)
        assert wizard.take.isEnabled()
        assert not wizard.solve.isEnabled()
        job.intent("solve")
        qtbot.waitUntil(lambda: "needs 10" in wizard.outcome.text(), timeout=10000)
        qtbot.waitUntil(lambda: "board.pdf" in wizard.board.text(), timeout=30000)
        assert (tmp_path / "board.pdf").is_file()
        assert "Show the board" in wizard.advice.text(), "the board's words took the place of the advice"
        with qtbot.waitSignal(job.ended, timeout=20000):
            wizard.close()
        qtbot.waitUntil(lambda: not session.context.jobs.running(), timeout=20000)
