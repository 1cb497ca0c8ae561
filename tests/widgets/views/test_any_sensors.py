"""Cameras and touch sensors of any name and number: what is shown follows what the device describes."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import numpy as np
import pytest

from app.core.sensors import camera_devices, derive_touches, touches_of
from app.core.wire.messages import SampleHeader, ServerInfo, StreamSpec, TouchInfo
from tests.widgets.device_double import CAMERA, INFO
from widgets.bridge.bridge import Bridge
from widgets.bridge.feed import Frame
from widgets.bridge.history import History
from widgets.session import Session
from widgets.views.camera_grid import rows_of
from widgets.views.live import Live, LiveReader, at_picture
from widgets.views.panels import panels_for

PLACE = (1.0, 0, 0, 0, 0, 1.0, 0, 0, 0, 0, 1.0, -0.1, 0, 0, 0, 1.0)
MARKERS = np.array([[-0.003, 0, 0], [0.003, 0, 0], [0, 0.003, 0], [0, -0.003, 0]])


def picture(name: str) -> StreamSpec:
    return StreamSpec(name, "color", "|u1", (240, 320, 3), 30.0, encoding="jpeg")


def rig(cameras: tuple[str, ...] = ("left eye", "right eye", "hand")) -> ServerInfo:
    """A rig of parts: cameras, the arm's wrench, a force sensor, two fingers of which one has a gel picture."""
    streams = (
        StreamSpec("arm", "pose", "<f8", (7,), 250.0),
        *(picture(name) for name in cameras),
        StreamSpec("arm", "wrench", "<f4", (6,), 250.0),
        StreamSpec("wrist_ft", "wrench", "<f4", (6,), 1000.0),
        StreamSpec("thumb", "field", "<f4", (4, 3), 60.0),
        picture("thumb"),
        StreamSpec("index", "field", "<f4", (4, 3), 60.0),
    )
    flat = tuple(float(value) for value in MARKERS.ravel())
    touches = (
        TouchInfo("arm", PLACE), TouchInfo("wrist_ft", PLACE), TouchInfo("thumb", PLACE, flat),
        TouchInfo("index", PLACE, flat),
    )  # fmt: skip
    known = (msgspec.structs.replace(CAMERA, name=cameras[0]),)
    return msgspec.structs.replace(
        INFO, streams=streams, cameras=known, touches=touches, limits={"force_n": 30.0}
    )


def test_sensors_are_found_by_what_they_publish() -> None:
    info = rig()
    assert camera_devices(info.streams) == [
        "left eye",
        "right eye",
        "hand",
    ]  # a gel's own picture is no camera
    assert [touch.name for touch in touches_of(info)] == ["arm", "wrist_ft", "thumb", "index"]
    old = msgspec.structs.replace(info, touches=(), markers_m=(0.0,) * 12)
    derived = {touch.name: touch for touch in touches_of(old)}
    assert set(derived) == {"arm", "wrist_ft", "thumb", "index"}
    assert len(derived["thumb"].markers_m) == 12
    assert derived["index"].markers_m == ()
    assert derive_touches(()) == ()


@pytest.mark.parametrize(("count", "rows"), [(1, [1]), (2, [1, 1]), (3, [1, 2]), (4, [2, 2]), (5, [1, 2, 2])])
def test_one_to_five_cameras_have_their_place(count: int, rows: list[int]) -> None:
    assert [len(row) for row in rows_of([str(index) for index in range(count)])] == rows


def fed(wrench_n: float, peak_n: float, age_s: float = 0.0) -> Bridge:
    """A bridge that has heard one second of every sensor."""
    now = 10_000_000_000
    times = now - np.arange(249, -1, -1) * 4_000_000
    pose, wrench = History(7), History(6)
    pose.append(times, np.tile([0.5, 0, 0.2, 1.0, 0, 0, 0], (250, 1)))
    forces = np.zeros((250, 6))
    forces[:, 0], forces[200, 0] = wrench_n, peak_n
    wrench.append(times - round(age_s * 1e9), forces)
    header = SampleHeader(1, "thumb", "field", 0, 1, (now,), (now,), "raw", "<f4", (4, 3))
    frames = {"thumb/field": Frame(header, now, now, np.full((4, 3), -0.2, np.float32))}
    histories = {"arm/pose": pose, "wrist_ft/wrench": wrench}
    return cast(Bridge, SimpleNamespace(history=histories.get, frames=frames))


def test_each_sensor_is_read_at_its_place_and_over_force_looks_at_what_was_not_smoothed() -> None:
    live = LiveReader(rig()).read(fed(5.0, 40.0))
    touches = {touch.name: touch for touch in live.touches}
    sensor = touches["wrist_ft"]
    assert sensor.place[2, 3] == pytest.approx(-0.1)
    assert sensor.force_n == pytest.approx(5.0, abs=0.5)
    assert sensor.peak_n == pytest.approx(40.0)
    assert sensor.over
    assert touches["arm"].wrench is None
    assert touches["thumb"].field_mm == pytest.approx(np.sqrt(3) * 0.2)
    assert touches["index"].displacement is None
    assert not LiveReader(rig()).read(fed(5.0, 29.0)).touches[1].over
    silent = LiveReader(rig()).read(fed(5.0, 40.0, age_s=2.0))
    assert silent.touches[1].wrench is None  # what a silent sensor said last is not drawn


def test_touch_is_drawn_where_the_finger_was_when_the_picture_was_taken() -> None:
    poses = History(7)
    times = np.arange(0, 2_000_000_000, 4_000_000)
    track = np.tile([0.0, 0, 0.2, 1.0, 0, 0, 0], (len(times), 1))
    track[:, 0] = times * 1e-10
    poses.append(times, track)
    bridge = cast(Bridge, SimpleNamespace(history={"arm/pose": poses}.get))
    live = Live(pose=track[-1])
    late = at_picture(live, bridge, 1_000_000_000).pose
    assert late is not None
    assert late[0] == pytest.approx(0.1, abs=5e-4)
    now = at_picture(live, bridge, int(times[-1])).pose
    assert now is not None
    assert now[0] == pytest.approx(track[-1, 0])
    assert at_picture(live, bridge, 9_000_000_000).pose is live.pose  # nothing is known of that time


def test_views_pads_and_curves_follow_the_rig(open_window: Callable[..., Session]) -> None:
    session = open_window()
    views: Any = session.window.pages[0].views  # type: ignore[attr-defined]
    assert list(views.cameras) == ["scene", "wrist"]
    info = rig(("left eye", "right eye", "hand", "top"))
    views.attach(info)
    assert list(views.cameras) == ["left eye", "right eye", "hand", "top"]
    assert list(views.pads.views) == ["arm", "wrist_ft", "thumb", "index"]
    assert views.curves.panels == panels_for(info)
    topics = {trace.topic for panel in panels_for(info) for trace in panel.traces}
    assert {"arm/wrench", "wrist_ft/wrench", "thumb/field/summary", "index/field/summary"} <= topics
    assert views.cameras["left eye"].standing() == ("", False)
    assert views.cameras["hand"].standing() == ("not calibrated", True)
    assert not views.cameras["hand"].calibrate.isHidden()
    state = views.save_state()
    views.attach(INFO)
    assert list(views.cameras) == ["scene"]
    views.restore_state(state)  # sizes of another number of cameras are left alone


def test_views_are_empty_when_the_rig_has_gone(open_window: Callable[..., Session]) -> None:
    session = open_window()
    views: Any = session.window.pages[0].views  # type: ignore[attr-defined]
    info = rig()
    views.attach(info)
    views.live = LiveReader(info).read(fed(5.0, 29.0))
    views.pads.show_live(views.live)
    plot = views.curves._plots[0]
    plot._curves[0].setData([-1.0, 0.0], [3.0, 4.0])
    camera = next(iter(views.cameras.values()))
    camera.show_image(None, 7, 1, views.live, "582 ms")
    assert any(view.touch is not None for view in views.pads.views.values())
    views.attach(None)
    assert all(view.touch is None for view in views.pads.views.values())
    assert plot._curves[0].xData.size == 0
    assert (camera.seq, camera._note) == (-1, "")


def test_a_finger_of_another_arm_is_drawn_where_that_arm_is() -> None:
    info = rig()
    second = msgspec.structs.replace(info.touches[1], arm="arm2")
    heard = fed(2.0, 2.0)
    first = heard.history("arm/pose")
    assert first is not None
    there = np.array([0.5, 0.4, 0.2, 0.0, 1.0, 0, 0])
    poses = History(7)
    poses.append(np.array([first.last_ns]), there[None])
    histories = {"arm/pose": first, "arm2/pose": poses}
    bridge = cast(Bridge, SimpleNamespace(history=histories.get, frames={}))
    live = LiveReader(msgspec.structs.replace(info, touches=(info.touches[0], second))).read(bridge)
    assert live.pose is not None
    assert np.array_equal(live.touches[0].carried_by(live.pose), live.pose)
    assert np.array_equal(live.touches[1].carried_by(live.pose), there)
