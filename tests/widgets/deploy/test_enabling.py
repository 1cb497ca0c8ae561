"""Consent while a policy drives, over a real socket; the clock is the test's."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from tests.widgets.device_double import DeviceDouble
from widgets.deploy.enabling import Consent, Enabling
from widgets.deploy.page import DeployPage
from widgets.rig_session import RigPhase
from widgets.session import Session

MS = 1_000_000


class Clock:
    ns = 1_000 * MS

    def __call__(self) -> int:
        return self.ns


@pytest.fixture
def page(qtbot: QtBot, open_window: Callable[..., Session]) -> DeployPage:
    session = open_window()
    session.window.open_page(4)
    page = session.window.page
    assert isinstance(page, DeployPage)
    return page


@pytest.fixture
def device(qtbot: QtBot, page: DeployPage) -> Iterator[DeviceDouble]:
    with DeviceDouble() as device:
        page.context.rig.join(device.endpoints)
        qtbot.waitUntil(lambda: page.context.rig.phase is RigPhase.UP)
        yield device
        page.context.bridge.disconnect_device()


def still(page: DeployPage, clock: Clock) -> Enabling:
    """Return consent whose timer never fires by itself: the test beats."""
    enabling = Enabling(page.context.bridge, page, clock)
    enabling._timer.setInterval(10**8)
    return enabling


def beat(enabling: Enabling, clock: Clock, after_ms: int = 16) -> None:
    clock.ns += after_ms * MS
    enabling.beat()


def test_each_beat_is_one_fresh_stamp(qtbot: QtBot, page: DeployPage, device: DeviceDouble) -> None:
    clock = Clock()
    enabling = still(page, clock)
    enabling.press()
    for _ in range(3):
        beat(enabling, clock)
    qtbot.waitUntil(lambda: len(device.enables) == 4)
    stamps = [enable.stamp_ns for enable in device.enables]
    assert stamps == [1_000 * MS + step * 16 * MS for step in range(4)]
    assert {(enable.press, enable.headless) for enable in device.enables} == {(1, False)}
    enabling.release()


def test_a_stall_ends_consent_and_nothing_more_is_sent(
    qtbot: QtBot, page: DeployPage, device: DeviceDouble
) -> None:
    clock = Clock()
    enabling = still(page, clock)
    lost: list[str] = []
    enabling.lost.connect(lost.append)
    enabling.press()
    beat(enabling, clock, 100)
    assert enabling.consent is Consent.LOST
    assert lost == ["the window stalled for 100 ms"]
    assert not enabling._timer.isActive()
    qtbot.waitUntil(lambda: len(device.enables) == 1)


def test_a_dialog_and_another_workspace_end_consent(
    qtbot: QtBot, page: DeployPage, device: DeviceDouble
) -> None:
    clock = Clock()
    enabling = still(page, clock)
    lost: list[str] = []
    enabling.lost.connect(lost.append)
    enabling.press()
    dialog = QDialog(page.window())
    qtbot.addWidget(dialog)
    dialog.open()
    beat(enabling, clock)
    dialog.close()
    enabling.press()
    page.window().open_page(1)  # type: ignore[attr-defined]
    beat(enabling, clock)
    assert lost == ["a dialog is open", "another workspace is open"]


def test_a_press_that_nobody_watches_any_more_enables_nothing(
    qtbot: QtBot, page: DeployPage, device: DeviceDouble
) -> None:
    clock = Clock()
    enabling = still(page, clock)
    lost: list[str] = []
    enabling.lost.connect(lost.append)
    page.window().open_page(1)  # type: ignore[attr-defined]
    enabling.press()  # the policy became ready a few seconds after Go
    assert (enabling.consent, lost) == (Consent.LOST, ["another workspace is open"])
    page.window().open_page(4)  # type: ignore[attr-defined]
    enabling.press()
    qtbot.waitUntil(lambda: bool(device.enables))
    assert [enable.press for enable in device.enables] == [1], "the first press was sent"
    enabling.release()
