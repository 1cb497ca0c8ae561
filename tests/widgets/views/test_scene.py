"""The 3D view without OpenGL: projection by hand, near points over far ones, the cloud where the camera saw it."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.cloud.orbit import Orbit
from app.core.errors import UsageError
from widgets.theme.tokens import Theme
from widgets.views.live import Live, Touch
from widgets.views.scene.choice import make_scene, renderer
from widgets.views.scene.content import set_ground, set_live
from widgets.views.scene.software import SoftwareScene

LEVEL = Orbit(centre=(0.0, 0.0, 0.0), distance=2.0, azimuth=0.0, elevation=0.0, field_of_view=90.0)


def test_the_orbit_projects_by_hand() -> None:
    """The eye is at x = 2 and looks along −x: right is base +y, up is base +z, focal length half the width."""
    points = np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 0.5], [3.0, 0.0, 0.0]])
    pixels = LEVEL.project(points, 400.0, 200.0)
    assert pixels[0] == pytest.approx([200.0, 100.0, 2.0], abs=1e-9)
    assert pixels[1] == pytest.approx([200.0 + 200.0 * 1.0 / 2.0, 100.0 - 200.0 * 0.5 / 2.0, 2.0], abs=1e-9)
    assert np.isnan(pixels[2, :2]).all()


def test_a_picture_of_the_cloud_lies_over_the_ground_and_thinning_is_told(qtbot: QtBot) -> None:
    theme = Theme.load("dark")
    scene = SoftwareScene(theme)
    qtbot.addWidget(scene)
    scene.resize(400, 200)
    scene.set_orbit(LEVEL)
    across = np.array([[0.0, -0.5, 0.0], [0.0, 0.5, 0.0]])
    scene.set_lines("ground", across, QColor(0, 0, 255), 9.0)
    picture = np.zeros((200, 400), dtype=np.uint32)
    picture[95:105, 190:210] = 0xFFFF0000
    picture.setflags(write=False)  # as it comes from the wire
    scene.set_cloud(picture, 100, 100)
    shown = scene.grab().toImage()
    assert shown.pixelColor(200, 100) == QColor(255, 0, 0)
    assert shown.pixelColor(150, 100) == QColor(0, 0, 255), "where there is no point, the ground is seen"
    assert shown.pixelColor(200, 50) == theme.colour("well")
    scene.set_cloud(picture, 90_000, 30_000)
    told = scene.grab().toImage()
    assert any(told.pixelColor(x, 181) != shown.pixelColor(x, 181) for x in range(12, 200))
    scene.set_cloud(None)
    assert scene.grab().toImage().pixelColor(200, 100) == QColor(0, 0, 255)


@pytest.mark.parametrize("width", [900, 300, 220, 200])
def test_thinning_is_told_in_as_many_words_as_there_is_room_for(qtbot: QtBot, width: int) -> None:
    scene = SoftwareScene(Theme.load("dark"))
    qtbot.addWidget(scene)
    scene.resize(width, 200)
    picture = np.zeros((200, width), dtype=np.uint32)
    scene.set_cloud(picture, 100, 100)
    before = scene.grab().toImage()
    scene.set_cloud(picture, 16_000, 13_000)
    after = scene.grab().toImage()
    changed = [x for x in range(width) if after.pixelColor(x, 181) != before.pixelColor(x, 181)]
    assert 8 <= changed[0] < changed[-1] <= width - 8


def test_a_drag_turns_the_scene_and_the_wheel_is_bounded(qtbot: QtBot) -> None:
    scene = SoftwareScene(Theme.load("dark"))
    qtbot.addWidget(scene)
    scene.resize(400, 200)
    scene.show()
    before = scene.orbit()
    QTest.mousePress(scene, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    QTest.mouseMove(scene, QPoint(150, 100))
    QTest.mouseRelease(scene, Qt.MouseButton.LeftButton, pos=QPoint(150, 100))
    assert scene.orbit().azimuth != before.azimuth
    assert before.zoomed(1e-9).distance == 0.1


def test_the_live_state_is_drawn_and_taken_away(qtbot: QtBot) -> None:
    theme = Theme.load("dark")
    scene = SoftwareScene(theme)
    qtbot.addWidget(scene)
    pose = np.array([0.5, 0.0, 0.2, 0.0, 1.0, 0.0, 0.0])
    live = Live(
        pose=pose,
        touches=(
            Touch(
                "finger",
                np.eye(4),
                np.array([0, 0, -9.0, 0, 0, 0]),
                markers=np.zeros((63, 3)),
                displacement=np.ones((63, 3)),
            ),
        ),
        stain=np.array([0.4, 0.0, 0.1, 0.3]),
        path=np.linspace([0, 0, 0], [1, 1, 1], 9),
        plan=np.linspace([0, 0, 0], [1, 0, 0], 9),
    )
    set_ground(scene, theme)
    set_live(scene, live, theme)
    assert {"ground", "pad", "palm", "force", "field", "path", "plan", "stroke", "tool.z"} <= set(
        scene._lines
    )
    assert scene._lines["force"].points[1] == pytest.approx([0.5, 0.0, 0.2 + 9 * 0.006], abs=1e-12)
    set_live(scene, Live(), theme)
    assert set(scene._lines) == {"ground"}


def test_an_unknown_view_names_the_valid_ones(qtbot: QtBot) -> None:
    with pytest.raises(UsageError, match="auto, gl, software"):
        make_scene(Theme.load("dark"), "vulkan")


@pytest.mark.gl
def test_the_opengl_view_draws_the_same_point_at_the_same_place(qtbot: QtBot) -> None:
    if os.environ.get("QT_QPA_PLATFORM") == "offscreen" or not renderer():
        pytest.skip("no OpenGL on this screen")
    from widgets.views.scene.opengl import OpenGLScene

    view, widget = make_scene(Theme.load("dark"), "gl")
    qtbot.addWidget(widget)
    widget.resize(400, 300)
    widget.show()
    qtbot.waitExposed(widget)
    view.set_orbit(Orbit())
    point = np.array([[0.5, 0.1, 0.2]])
    assert isinstance(view, OpenGLScene)
    view.set_points("cloud", point, np.array([[255, 0, 0]], dtype=np.uint8), 12.0)
    view.redraw()
    image = widget.grabFramebuffer()  # type: ignore[attr-defined]
    u, v, _ = Orbit().project(point, image.width(), image.height())[0]
    assert image.pixelColor(round(u), round(v)) == QColor(255, 0, 0)
