"""Touch is drawn where the projection says: numbers first, then pixels."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot

from app.core.wire.messages import SampleHeader
from tests.widgets.device_double import CAMERA
from widgets.bridge.feed import Frame
from widgets.theme.tokens import Theme
from widgets.views.camera_view import CameraView
from widgets.views.legend import badges, legend_rows, paint_legend
from widgets.views.live import Live, Touch
from widgets.views.overlay import Overlay, paint_overlay
from widgets.views.scales import FIELD_LENGTH_M, FORCE_LENGTH_M, Scales
from widgets.views.slip import Slip
from widgets.views.touch import LONGEST_M, field_points, force_arrow

DOWN = (0.0, 1.0, 0.0, 0.0)  # tool z down, tool x along base x
POSE = np.array([0.5, 0.0, 0.2, *DOWN])
SCALES = Scales(20.0, 0.5)


def touch(fx: float = 0.0, name: str = "finger", **more: object) -> Touch:
    return Touch(name, np.eye(4), np.array([fx, 0, 0, 0, 0, 0.0]), **more)  # type: ignore[arg-type]


def live(*touches: Touch, **more: object) -> Live:
    return Live(pose=POSE, touches=touches, scales=SCALES, **more)  # type: ignore[arg-type]


def test_the_force_arrow_is_in_the_base_frame_at_the_sensor_and_bounded() -> None:
    place = np.eye(4)
    place[:3, 3] = (0.0, 0.01, -0.1)
    arrow = force_arrow(POSE, np.array([2.0, 3.0, -5.0, 0, 0, 0]), place, SCALES)
    # half a turn about x: y and z change sign
    assert arrow[0] == pytest.approx([0.5, -0.01, 0.3], abs=1e-12)
    assert arrow[1] - arrow[0] == pytest.approx(np.array([2.0, -3.0, 5.0]) * FORCE_LENGTH_M / 20.0, abs=1e-12)
    long = force_arrow(POSE, np.array([0, 0, -1000.0, 0, 0, 0]))
    assert np.linalg.norm(long[1] - long[0]) == pytest.approx(LONGEST_M, abs=1e-12)


def test_the_overlay_projects_by_hand() -> None:
    """The camera hangs 1 m over (0.5, 0) and looks down: x right is base x, y down is base −y, depth 0.8 m."""
    overlay = Overlay.project(CAMERA, live(touch(10.0)))
    arrow = overlay.marks[0].arrow
    assert arrow is not None
    assert arrow[0] == pytest.approx([160.0, 120.0], abs=1e-9)
    assert arrow[1] == pytest.approx([160.0 + 300.0 * 0.06 / 0.8, 120.0], abs=1e-9)
    assert overlay.pad[0] == pytest.approx(
        [160 - overlay.field_size * 300 * 0.016 / 0.8, 120 - overlay.field_size * 300 * 0.020 / 0.8], abs=1e-9
    )


def test_a_scale_bar_is_as_long_as_an_arrow_of_its_newtons() -> None:
    overlay = Overlay.project(CAMERA, live(touch(10.0)))
    assert overlay.force_bar is not None
    again = Overlay.project(CAMERA, live(touch(overlay.force_bar.value))).marks[0].arrow
    assert again is not None
    assert overlay.force_bar.pixels == pytest.approx(np.linalg.norm(again[1] - again[0]), abs=1e-6)
    rows = legend_rows(overlay)
    assert rows[0].words.startswith(f"{overlay.force_bar.value:g} N")
    assert "10.0 N" in rows[0].words
    wide = Overlay.project(CAMERA, dataclasses.replace(live(touch(10.0)), scales=Scales(200.0, 0.5)))
    assert wide.force_bar is not None
    assert wide.force_bar.value == pytest.approx(10 * overlay.force_bar.value)


def test_no_arrow_for_noise_no_ghost_for_old_commands_and_nothing_behind_the_camera() -> None:
    quiet = Overlay.project(CAMERA, live(touch(0.05)))
    assert quiet.marks[0].arrow is None
    commanded = np.append(POSE, 0.04)
    old = Overlay.project(CAMERA, live(commanded=commanded, commanded_age_s=3.0))
    assert old.ghost is None
    assert "commanded" not in [row.signal for row in legend_rows(old)]
    above = Live(pose=np.array([0.5, 0.0, 1.5, *DOWN]), touches=(touch(5.0),))
    behind = Overlay.project(CAMERA, above)
    assert behind.marks[0].arrow is not None
    assert np.isnan(behind.marks[0].arrow).all()
    assert behind.force_bar is None


def test_marker_displacement_is_enlarged_about_the_fields_middle() -> None:
    rest = np.array([[0.003, 0.0, 0.0], [-0.003, 0.0, 0.0]])
    field = np.array([[0.0, 0.5, 0.0], [0.0, 0.0, 0.0]])
    still, moved = field_points(POSE, rest, field, 2.0, SCALES)
    assert still[0] == pytest.approx([0.506, 0.0, 0.2], abs=1e-12)
    assert moved[0] - still[0] == pytest.approx([0.0, -FIELD_LENGTH_M * 2.0, 0.0], abs=1e-12)


def test_slip_and_over_force_are_said_with_the_sensors_name() -> None:
    left = touch(50.0, "left", peak_n=51.0, limit_n=45.0)
    right = touch(1.0, "right", slip=Slip.SLIDING)
    found = badges(Overlay.project(CAMERA, live(left, right)))
    assert [signal for signal, _ in found] == ["over", "touch.slip"]
    assert found[0][1] == "left: over-force 51 N, limit 45 N"
    assert found[1][1] == "right: sliding"
    assert not badges(Overlay.project(CAMERA, live(touch(5.0, peak_n=5.0, limit_n=45.0))))


def is_like(colour: QColor, other: QColor, tolerance: int = 40) -> bool:
    differences = (colour.red() - other.red(), colour.green() - other.green(), colour.blue() - other.blue())
    return all(abs(difference) <= tolerance for difference in differences)


def painted(overlay: Overlay, theme: Theme, with_legend: bool = False) -> QImage:
    image = QImage(640, 480, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint_overlay(painter, overlay, theme, QPointF(0, 0), 2.0)
    if with_legend:
        paint_legend(painter, overlay, theme, QRectF(0, 0, 640, 480), 2.0)
    painter.end()
    return image


def test_the_arrows_pixels_are_where_the_projection_says(qtbot: QtBot) -> None:
    theme = Theme.load("dark")
    overlay = Overlay.project(CAMERA, live(touch(18.0)))
    arrow = overlay.marks[0].arrow
    assert arrow is not None
    image = painted(overlay, theme)
    (tail_u, tail_v), (tip_u, tip_v) = (arrow * 2.0).tolist()
    force = theme.signal("force")
    assert is_like(image.pixelColor(round(tip_u) - 3, round(tip_v)), force)
    assert is_like(image.pixelColor(round((tail_u + tip_u) / 2), round(tail_v)), force)
    assert image.pixelColor(round(tip_u) + 12, round(tip_v)) == QColor("white")
    assert image.pixelColor(round(tail_u) - 12, round(tail_v)) == QColor("white")


def test_over_force_has_a_light_rim_and_the_legend_a_bar_of_the_right_length(qtbot: QtBot) -> None:
    theme = Theme.load("dark")
    overlay = Overlay.project(CAMERA, live(touch(18.0, peak_n=50.0, limit_n=45.0)))
    image = painted(overlay, theme, with_legend=True)
    arrow = overlay.marks[0].arrow
    assert arrow is not None
    assert overlay.force_bar is not None
    middle = (arrow.mean(axis=0) * 2.0).tolist()
    assert is_like(image.pixelColor(round(middle[0]), round(middle[1])), theme.signal("over"))
    assert is_like(image.pixelColor(round(middle[0]), round(middle[1]) - 4), theme.colour("overlay"), 60)
    legend_y = 480 - 10
    coloured = [u for u in range(640) if is_like(image.pixelColor(u, legend_y), theme.signal("force"))]
    assert len(coloured) == pytest.approx(overlay.force_bar.pixels * 2.0, abs=3.0)


def frame_of(image: QImage) -> Frame:
    header = SampleHeader(1, "scene", "color", 0, 1, (0,), (0,), "jpeg", "|u1", (240, 320, 3))
    return Frame(header, 0, 0, b"", image)


def test_the_camera_view_shows_picture_and_arrow_at_its_own_size(qtbot: QtBot) -> None:
    theme = Theme.load("dark")
    view = CameraView("scene", theme)
    qtbot.addWidget(view)
    view.resize(640 + 2, 480 + 25)
    picture = QImage(320, 240, QImage.Format.Format_RGB32)
    picture.fill(QColor("#808080"))
    view.set_camera(CAMERA)
    view.show_frame(frame_of(picture), live(touch(18.0)))
    shown = view.grab().toImage()
    area = view.picture_area()
    assert area.width() / area.height() == pytest.approx(4 / 3, abs=0.01)
    scale = area.width() / 320
    u, v = area.x() + (160 + 300 * 18 * 0.006 / 0.8) * scale, area.y() + 120 * scale
    assert is_like(shown.pixelColor(round(u) - 3, round(v)), theme.signal("force"))
    assert is_like(shown.pixelColor(round(area.x()) + 30, round(area.y()) + 60), QColor("#808080"))


def test_an_uncalibrated_camera_has_no_arrows_and_leads_to_calibration(qtbot: QtBot) -> None:
    theme = Theme.load("dark")
    view = CameraView("left eye", theme)
    qtbot.addWidget(view)
    view.resize(400, 330)
    view.show()
    picture = QImage(320, 240, QImage.Format.Format_RGB32)
    picture.fill(QColor("#808080"))
    view.set_camera(None)
    view.show_frame(frame_of(picture), live(touch(18.0)))
    assert view.standing() == ("not calibrated", True)
    assert view.calibrate.isVisible()
    with qtbot.waitSignal(view.calibrate_asked):
        view.calibrate.click()
    shown, force = view.grab().toImage(), theme.signal("force")
    area = view.picture_area().toRect()
    assert not any(
        is_like(shown.pixelColor(u, v), force, 20)
        for u in range(area.left(), area.right(), 3)
        for v in range(area.top(), area.bottom(), 3)
    )
    dark = shown.pixelColor(area.right() - 4, area.bottom() - 6)
    assert dark.lightness() < 110  # the strip that says why


def test_age_expiry_and_a_moved_camera_are_said(qtbot: QtBot) -> None:
    view = CameraView("scene", Theme.load("dark"))
    qtbot.addWidget(view)
    view.set_camera(CAMERA)
    assert view.standing() == ("", False)  # the device itself knows where it sits
    old = type(CAMERA)(**{name: getattr(CAMERA, name) for name in CAMERA.__struct_fields__[:9]},
                       calibrated="2020-01-01T00:00:00+00:00", residual_px=0.4)  # fmt: skip
    view.set_camera(old)
    words, wrong = view.standing()
    assert wrong
    assert words.startswith("calibration expired")
    view.set_moved("It moved by 9 px.")
    assert view.standing() == ("camera has moved", True)
    view.set_camera(old)
    assert view.standing()[0].startswith("calibration expired")  # a new description begins anew
