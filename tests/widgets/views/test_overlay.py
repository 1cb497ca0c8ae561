"""Touch is drawn where the projection says: numbers first, then pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot

from app.core.wire.messages import SampleHeader
from tests.widgets.device_double import CAMERA
from widgets.bridge.feed import Frame
from widgets.theme.tokens import Theme
from widgets.views.camera_view import CameraView
from widgets.views.live import Live
from widgets.views.overlay import Overlay, legend_rows, paint_overlay
from widgets.views.touch import LONGEST_M, METRES_PER_NEWTON, field_points, force_arrow

DOWN = (0.0, 1.0, 0.0, 0.0)  # tool z down, tool x along base x
POSE = np.array([0.5, 0.0, 0.2, *DOWN])


def live(**more: object) -> Live:
    return Live(pose=POSE, **more)  # type: ignore[arg-type]


def test_the_force_arrow_is_in_the_base_frame_and_bounded() -> None:
    arrow = force_arrow(POSE, np.array([2.0, 3.0, -5.0, 0, 0, 0]))
    assert arrow[0] == pytest.approx([0.5, 0.0, 0.2], abs=1e-12)
    # half a turn about x: y and z change sign
    expected = np.array([2.0, -3.0, 5.0]) * METRES_PER_NEWTON
    assert arrow[1] - arrow[0] == pytest.approx(expected, abs=1e-12)
    long = force_arrow(POSE, np.array([0, 0, -1000.0, 0, 0, 0]))
    assert np.linalg.norm(long[1] - long[0]) == pytest.approx(LONGEST_M, abs=1e-12)


def test_the_overlay_projects_by_hand() -> None:
    """The camera hangs 1 m over (0.5, 0) and looks down: x right is base x, y down is base −y, depth 0.8 m."""
    overlay = Overlay.project(CAMERA, live(wrench=np.array([10.0, 0, 0, 0, 0, 0])), 240.0)
    assert overlay.arrow is not None
    assert overlay.arrow[0] == pytest.approx([160.0, 120.0], abs=1e-9)
    assert overlay.arrow[1] == pytest.approx([160.0 + 300.0 * 0.06 / 0.8, 120.0], abs=1e-9)
    assert overlay.pad[0] == pytest.approx(
        [160 - overlay.field_size * 300 * 0.016 / 0.8, 120 - overlay.field_size * 300 * 0.020 / 0.8], abs=1e-9
    )


def test_no_arrow_for_noise_no_ghost_for_old_commands_and_nothing_behind_the_camera() -> None:
    quiet = Overlay.project(CAMERA, live(wrench=np.full(6, 0.05)), 240.0)
    assert quiet.arrow is None
    commanded = np.append(POSE, 0.04)
    old = Overlay.project(CAMERA, live(commanded=commanded, commanded_age_s=3.0), 240.0)
    assert old.ghost is None
    assert "commanded" not in [signal for signal, _ in legend_rows(old)]
    above = Live(pose=np.array([0.5, 0.0, 1.5, *DOWN]), wrench=np.array([5.0, 0, 0, 0, 0, 0]))
    behind = Overlay.project(CAMERA, above, 240.0)
    assert behind.arrow is not None
    assert np.isnan(behind.arrow).all()


def test_marker_displacement_is_enlarged_about_its_rest() -> None:
    rest = np.array([[0.003, 0.0, 0.0]])
    still, moved = field_points(POSE, rest, np.array([[0.0, 0.5, 0.0]]), size=2.0)
    assert still[0] == pytest.approx([0.506, 0.0, 0.2], abs=1e-12)
    assert moved[0] - still[0] == pytest.approx([0.0, -0.5e-3 * 8.0 * 2.0, 0.0], abs=1e-12)


def is_like(colour: QColor, other: QColor, tolerance: int = 40) -> bool:
    differences = (colour.red() - other.red(), colour.green() - other.green(), colour.blue() - other.blue())
    return all(abs(difference) <= tolerance for difference in differences)


def test_the_arrows_pixels_are_where_the_projection_says(qtbot: QtBot) -> None:
    theme = Theme.load("dark")
    overlay = Overlay.project(CAMERA, live(wrench=np.array([25.0, 0, 0, 0, 0, 0])), 240.0)
    assert overlay.arrow is not None
    image = QImage(640, 480, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint_overlay(painter, overlay, theme, QPointF(0, 0), 2.0)
    painter.end()
    (tail_u, tail_v), (tip_u, tip_v) = (overlay.arrow * 2.0).tolist()
    force = theme.signal("force")
    assert is_like(image.pixelColor(round(tip_u) - 3, round(tip_v)), force)
    assert is_like(image.pixelColor(round((tail_u + tip_u) / 2), round(tail_v)), force)
    assert image.pixelColor(round(tip_u) + 12, round(tip_v)) == QColor("white")
    assert image.pixelColor(round(tail_u) - 12, round(tail_v)) == QColor("white")


def test_the_camera_view_shows_picture_and_arrow_at_its_own_size(qtbot: QtBot, tmp_path: Path) -> None:
    theme = Theme.load("dark")
    view = CameraView("scene", theme)
    qtbot.addWidget(view)
    view.resize(640 + 2, 480 + 25)
    picture = QImage(320, 240, QImage.Format.Format_RGB32)
    picture.fill(QColor("#808080"))
    path = tmp_path / "picture.jpg"
    assert picture.save(str(path))
    header = SampleHeader(1, "scene", "color", 0, 1, (0,), (0,), "jpeg", "|u1", (240, 320, 3))
    view.set_camera(CAMERA)
    view.show_frame(Frame(header, 0, 0, path.read_bytes()), live(wrench=np.array([25.0, 0, 0, 0, 0, 0])))
    shown = view.grab().toImage()
    area = view.picture_area()
    assert area.width() / area.height() == pytest.approx(4 / 3, abs=0.01)
    scale = area.width() / 320
    u, v = area.x() + (160 + 300 * 0.15 / 0.8) * scale, area.y() + 120 * scale
    assert is_like(shown.pixelColor(round(u) - 3, round(v)), theme.signal("force"))
    assert is_like(shown.pixelColor(round(area.x()) + 10, round(area.y()) + 10), QColor("#808080"))
