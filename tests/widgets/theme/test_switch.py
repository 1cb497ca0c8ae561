"""A switched window looks as one that was opened in the other theme."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.quality.charts import Bar
from widgets.augment.paths import DRAWN, FAILED, KEPT, Path, PathView
from widgets.deploy.scores import ScorePlot
from widgets.parts.table import Table
from widgets.review.charts import Bars, Points
from widgets.session import Session, apply_theme
from widgets.theme.switch import Exchange, recolour
from widgets.theme.tokens import THEMES, Theme
from widgets.train.comparison import ComparisonView
from widgets.views.scene.content import set_ground
from widgets.views.scene.software import SoftwareScene


def pixels(widget: QWidget) -> np.ndarray:
    """Return what a widget shows, (H, W, 4) uint8."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_ARGB32)
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4).copy()


def filled(theme: Theme) -> QWidget:
    """Return parts that keep colours, with something in each."""
    host, scores, paths = QWidget(), ScorePlot(theme), PathView(theme)
    scores.show_scores([0.2, 1.0, 0.95], ["failure", "success", "success"], 5)
    line = np.linspace((0.0, 0.0, 0.0), (0.1, 0.05, 0.02), 9)
    paths.show_demonstration("one", line)
    states = ((0.01, FAILED), (0.02, KEPT), (0.03, DRAWN))
    paths.show_attempts([Path("one", line + step, state) for step, state in states])
    for plot in paths.plots:  # else their range follows the size in several steps
        plot.plotItem.vb.disableAutoRange()
        plot.plotItem.vb.setRange(xRange=(0.0, 150.0), yRange=(0.0, 60.0))
    table = Table(theme, ("A", "B"), 0)
    table.put(0, ["one", "two"], {1: theme.colour("bad")})
    bars, points, scene = Bars(theme, "Takes"), Points(theme, "Starts", "y", "x"), SoftwareScene(theme)
    bars.show_bars([Bar("kept", 3, "")], [theme.colour("good")])
    bars.mark_plan(5)
    points.show_points(np.array([[0.0, 1.0], [1.0, 0.0]]), "ab", "ab", [theme.colour("muted")] * 2, "")
    set_ground(scene, theme)
    column = QVBoxLayout(host)
    for part in (scores, paths, table, bars, points, scene, ComparisonView(theme)):
        part.setFixedHeight(150)
        column.addWidget(part)
    host.resize(700, 1150)
    return host


def test_plots_tables_and_scenes_take_the_colours_of_the_other_theme(qtbot: QtBot) -> None:
    shown = {}
    theme = Theme.load("dark")
    for name in THEMES:
        apply_theme(Theme.load(name))
        shown[name] = filled(Theme.load(name))
        qtbot.addWidget(shown[name])
    wanted = {}
    for name, host in shown.items():
        apply_theme(Theme.load(name))
        host.show()
        wanted[name] = pixels(host)
    assert (wanted["dark"] != wanted["light"]).any(axis=-1).mean() > 0.9
    apply_theme(theme)
    host = filled(theme)
    qtbot.addWidget(host)
    host.show()
    for name in ("light", "dark"):
        colours = Exchange(theme, Theme.load(name))
        theme.become(name)
        apply_theme(theme)
        recolour([host, *host.findChildren(QWidget)], colours)
        different = (pixels(host) != wanted[name]).any(axis=-1)
        assert not different.any(), (name, np.argwhere(different)[:5])


def test_what_the_theme_does_not_name_stays(qtbot: QtBot) -> None:
    dark, light = (Theme.load(name) for name in THEMES)
    colours = Exchange(dark, light)
    for signal in ("force.x", "plan", "over"):
        assert colours.colour(dark.signal(signal, 0.5)) == light.signal(signal, 0.5)
    assert colours.colour(dark.colour("accent", 0.25)) == light.colour("accent", 0.25)
    assert colours.text("color: #E9EDF2; width: 3px") == f"color: {light.colours['text']}; width: 3px"
    assert colours.pen(None).style() == pg.mkPen(None).style()


def test_two_names_never_share_a_colour_that_parts_in_the_other_theme(qtbot: QtBot) -> None:
    """Else the exchange could not tell them apart. `surface` and `accent_text` are light's white: style sheet only."""
    for one, other in (THEMES, THEMES[::-1]):
        old, new = Theme.load(one).colours, Theme.load(other).colours
        twice = {(a, b) for a in old for b in old if a < b and old[a] == old[b] and new[a] != new[b]}
        assert twice <= {("accent_text", "surface")}


def test_the_key_changes_the_open_window_at_once_and_is_remembered(
    open_window: Callable[..., Session],
) -> None:
    session = open_window("dark")
    window = session.window
    before = pixels(window)[..., :3].mean()
    QTest.keyClick(
        window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    assert session.context.theme.name == "light"
    assert before < 80 < 180 < pixels(window)[..., :3].mean()
    assert json.loads(session.layout_state.path.read_text())["theme"] == "light"
