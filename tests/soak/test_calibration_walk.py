"""From the first view to Keep in the window: keys drive the arm, the wizard takes the views, the camera is kept."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.core.calibration import load_calibration
from app.core.geometry import project
from devices.simulated.bench import Bench
from tests.widgets.conftest import open_window  # noqa: F401 - a fixture
from widgets.calibrate.wizard import CalibrationWizard
from widgets.collect.page import CollectPage
from widgets.collect.session import Phase
from widgets.hand.hand import Grip
from widgets.session import Session

pytestmark = [pytest.mark.soak, pytest.mark.process, pytest.mark.timeout(900)]
LONG_MS = 90_000
PICTURES = os.environ.get("TOUCHSTONE_WALK_PICTURES")  # a folder for pictures of the walk
K = Qt.Key
# which keys for how long (ms), in an order that brings the camera to all sides and back
MOVES: tuple[tuple[tuple[Qt.Key, ...], int], ...] = (
    ((K.Key_E,), 500), ((K.Key_Up,), 700), ((K.Key_D,), 500), ((K.Key_Down,), 1300), ((K.Key_A,), 900),
    ((K.Key_Up, K.Key_Left), 700), ((K.Key_W,), 500), ((K.Key_Right,), 1300), ((K.Key_S,), 900), ((K.Key_Comma,), 700),
    ((K.Key_E, K.Key_D), 500), ((K.Key_Left, K.Key_Down), 600), ((K.Key_Period,), 1200), ((K.Key_A, K.Key_W), 700),
    ((K.Key_Up,), 800), ((K.Key_Q,), 500), ((K.Key_Right, K.Key_S), 700), ((K.Key_Down,), 700), ((K.Key_D,), 600),
    ((K.Key_Left,), 900), ((K.Key_W,), 500), ((K.Key_Comma, K.Key_Up), 600), ((K.Key_A,), 900), ((K.Key_Right,), 700),
    ((K.Key_S, K.Key_E), 700), ((K.Key_Down,), 500), ((K.Key_D, K.Key_Period), 600), ((K.Key_Q, K.Key_Up), 500),
)  # fmt: skip


def picture(session: Session, wizard: CalibrationWizard, name: str) -> None:
    """Keep a picture of window and wizard, if somebody wants to look."""
    if PICTURES:
        folder = Path(PICTURES)
        folder.mkdir(parents=True, exist_ok=True)
        session.window.grab().save(str(folder / f"{name}-window.png"))
        wizard.grab().save(str(folder / f"{name}-wizard.png"))


def press(qtbot: QtBot, session: Session, page: CollectPage, keys: tuple[Qt.Key, ...], ms: int) -> None:
    """Hold the dead-man and some keys for a while, as a person does; again if a stall spent the press."""
    session.window.activateWindow()
    page.setFocus()
    for key in (K.Key_Space, *keys):
        QTest.keyPress(page, key)
    until = time.monotonic() + ms * 1e-3

    def held_long_enough() -> bool:
        if session.context.hand.grip is Grip.LOST:
            QTest.keyRelease(page, K.Key_Space)
            QTest.keyPress(page, K.Key_Space)
        return time.monotonic() > until

    qtbot.waitUntil(held_long_enough, timeout=LONG_MS)
    for key in (*keys, K.Key_Space):
        QTest.keyRelease(page, key)


def looked_at(wizard: CalibrationWizard, count: int) -> bool:
    return wizard.looks >= count


def turns() -> Iterator[tuple[tuple[Qt.Key, ...], int]]:
    for _ in range(3):
        yield from MOVES


def test_a_camera_is_calibrated_in_the_window_from_the_first_view_to_keep(
    qtbot: QtBot,
    open_window: Callable[..., Session],  # noqa: F811
) -> None:
    session = open_window(rig="sim/board")
    page = session.window.pages[0]
    assert isinstance(page, CollectPage)
    QTest.keyClick(page, K.Key_Return)
    qtbot.waitUntil(lambda: page.session.phase is Phase.READY, timeout=LONG_MS)
    qtbot.waitUntil(lambda: session.context.hand.engaged, timeout=LONG_MS)
    view = page.views.cameras["wrist"]
    qtbot.waitUntil(view.calibrate.isVisible, timeout=LONG_MS)
    view.calibrate.click()
    wizard = next(each for each in QApplication.topLevelWidgets() if isinstance(each, CalibrationWizard))
    wizard.settings.mount.setCurrentIndex(wizard.settings.mount.findData("tool"))
    wizard.start.click()
    qtbot.waitUntil(lambda: "Show the board" in wizard.advice.text(), timeout=LONG_MS)
    picture(session, wizard, "first")
    told: list[str] = []
    for keys, ms in turns():
        press(qtbot, session, page, keys, ms)
        looked = (
            wizard.looks + 8
        )  # about a second of pictures: the arm comes to rest, and a view is taken or not
        qtbot.waitUntil(partial(looked_at, wizard, looked), timeout=LONG_MS)
        told.append(f"{wizard.views.count()} views; {wizard.advice.text()}")
        if wizard.solve.isEnabled() and wizard.views.count() >= 16:
            break
    picture(session, wizard, "views")
    assert wizard.views.count() >= 16, "\n".join(told)
    wizard.solve.click()
    qtbot.waitUntil(wizard.keep.isEnabled, timeout=LONG_MS)
    picture(session, wizard, "solved")
    wizard.keep.click()
    qtbot.waitUntil(lambda: "Kept" in wizard.outcome.text(), timeout=LONG_MS)
    qtbot.waitUntil(lambda: not view.calibrate.isVisible(), timeout=LONG_MS)
    picture(session, wizard, "kept")
    made = load_calibration("sim/board", "wrist")
    assert made is not None
    assert made.residuals.held_out_px < 1.0
    bench = Bench(picture=(640, 480))
    truth = bench.camera_info("wrist")
    pose = np.array([0.5, 0.0, 0.3, 0.0, 1.0, 0.0, 0.0])
    around = np.array([0.42, 0.0, 0.13]) + np.random.default_rng(1).uniform(-0.03, 0.03, (40, 3))
    errors = np.abs(project(made.info(640, 480), pose, around) - project(truth, pose, around))
    bench.close()
    assert errors.max() < 3.0, f"{errors.max():.1f} px"
    wizard.close()
    session.window.close()
    qtbot.waitUntil(lambda: not session.context.jobs.running(), timeout=LONG_MS)
