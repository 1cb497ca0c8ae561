"""The menu of the cloud: a choice reaches the role `cloud`, off takes the cloud away, the choice is remembered."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
from pytestqt.qtbot import QtBot

from app.cloud.message import PICTURE
from app.core.wire.messages import SampleHeader
from widgets.bridge.feed import Frame
from widgets.cloud_session import DENSITIES, OFF
from widgets.session import Session
from widgets.views.scene.cloud_menu import CloudMenu


class JobDouble:
    """Takes intents as the job of a cloud process does."""

    def __init__(self) -> None:
        self.intents: list[tuple[str, dict[str, Any]]] = []

    def intent(self, name: str, **body: Any) -> None:
        self.intents.append((name, body))


def picture_frame(seq: int) -> Frame:
    picture = np.full((50, 80), 0xFFC8C8C8, dtype=np.uint32)
    header = SampleHeader(1, "cloud", "picture", seq, 1, (seq,), (seq,), "raw", "<u4", picture.shape)
    return Frame(header, seq, 0, picture)


def test_the_choice_reaches_the_cloud_and_off_takes_it_away(
    qtbot: QtBot, open_window: Callable[..., Session]
) -> None:
    session = open_window()
    session.window.show()
    clouds, views = session.context.clouds, session.window.pages[0].views  # type: ignore[attr-defined]
    menu = views.findChild(CloudMenu)
    assert menu is not None
    assert menu.isHidden(), "no camera sees depth"
    job = JobDouble()
    clouds._job = job  # type: ignore[assignment]
    clouds.changed.emit()
    assert menu.isVisible()
    clouds.drawer.offered = 50
    session.bridge.frames[PICTURE] = picture_frame(1)
    views._refresh_scene()
    assert views.cloud.count == 50
    menu.actions_by_name["fine"].trigger()
    assert job.intents[-1][0] == "density"
    assert job.intents[-1][1]["voxel_mm"] == DENSITIES["fine"][1].voxel_mm
    menu.refine.trigger()
    assert job.intents.pop()[0] == "refine"
    menu.actions_by_name[OFF].trigger()
    assert job.intents[-1][1]["wanted"] is False
    assert views.cloud.count == 0
    session.bridge.frames[PICTURE] = picture_frame(2)  # one was still on its way
    views._refresh_scene()
    assert views.cloud.count == 0
    assert not menu.refine.isEnabled()
    clouds._job = None
    session.layout_state.save()
    assert json.loads(session.layout_state.path.read_text())["cloud"] == OFF, "it is remembered"
