"""The drawing of the cloud in its own process: pictures come, a killed process is replaced and said, not for ever."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.cloud.message import TOPIC, pack
from app.cloud.orbit import Orbit
from app.cloud.painter import Viewpoint
from tests.widgets.device_double import DeviceDouble
from widgets.bench.memory import descendants
from widgets.bridge.bridge import Bridge
from widgets.cloud_drawer import MOST_STARTS, CloudDrawer
from widgets.notifications.centre import Notifications

VIEW = Viewpoint(Orbit(), 80, 60)


@pytest.fixture
def bridge(qtbot: QtBot) -> Iterator[Bridge]:
    made = Bridge()
    yield made
    made.close()
    made.deleteLater()


def pid_of_drawing() -> int:
    """Return the process that draws; 0 while there is none."""
    return next((pid for pid, role in descendants(os.getpid()).items() if role == "splat"), 0)


@pytest.mark.process
def test_a_dead_drawing_is_replaced_and_said(qtbot: QtBot, bridge: Bridge) -> None:
    notifications = Notifications()
    drawer = CloudDrawer(bridge, notifications, bridge)
    cloud = pack(np.array([Orbit().centre] * 30), np.full((30, 3), 200, dtype=np.uint8))[None]

    def shown() -> bool:
        drawer.want(VIEW)
        device.publish(TOPIC, cloud)
        return drawer.picture() is not None and drawer.offered == 30

    with DeviceDouble() as device:
        bridge.connect_device(device.endpoints)
        device.await_subscriber()
        drawer.start(device.endpoints.streams)
        qtbot.waitUntil(shown, timeout=10_000)
        picture = drawer.picture()
        assert picture is not None
        assert isinstance(picture.data, np.ndarray)
        assert picture.data.shape == (60, 80)
        assert picture.data[30, 40] == 0xFFC8C8C8
        first = pid_of_drawing()
        os.kill(first, signal.SIGKILL)
        qtbot.waitUntil(lambda: drawer.picture() is None, timeout=10_000)
        assert "started anew" in notifications.items[-1].text
        qtbot.waitUntil(shown, timeout=10_000)
        assert pid_of_drawing() not in (0, first)
        drawer._starts *= MOST_STARTS  # it died often within the last minute
        os.kill(pid_of_drawing(), signal.SIGKILL)
        qtbot.waitUntil(lambda: notifications.items[-1].level == "error", timeout=10_000)
        assert not drawer._again.isActive()
        drawer.stop()
    notifications.deleteLater()
