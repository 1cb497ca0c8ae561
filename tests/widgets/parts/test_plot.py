"""Numbers at an axis never lie on each other, however low the plot is."""

from __future__ import annotations

from functools import partial
from itertools import combinations

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPicture
from pytestqt.qtbot import QtBot

from widgets.parts.plot import LogAxis, Plot
from widgets.theme.tokens import Theme


def numbers(plot: Plot) -> list[tuple[QRectF, str]]:
    """Return what stands at the left axis, and where."""
    axis, picture = plot.getAxis("left"), QPicture()
    with QPainter(picture) as painter:
        painter.setFont(axis.style["tickFont"])
        _axis, _ticks, texts = axis.generateDrawSpecs(painter)
    return [(rect, text) for rect, _flags, text in texts if text]


def fills(plot: Plot, height: int) -> bool:
    """Whether a plot has been laid out at its new height."""
    return bool(abs(plot.plotItem.size().height() - height) < 3)


@pytest.mark.parametrize("high", [0.27, 1.15, 4.0, 23.0])
def test_numbers_at_a_low_plot_lie_beside_each_other(qtbot: QtBot, high: float) -> None:
    plot = Plot(Theme.load("dark"), "Touch  mm", second_ticks=True)
    qtbot.addWidget(plot)
    plot.setYRange(0.0, high, padding=0.02)
    counts = []
    for height in (52, 60, 76, 110, 300):
        plot.resize(500, height)
        plot.show()
        qtbot.waitUntil(partial(fills, plot, height))
        found = numbers(plot)
        counts.append(len(found))
        assert found
        for (one, _), (two, _) in combinations(found, 2):
            assert one.intersected(two).height() <= 2.0  # the leading of a line holds no ink
    assert counts[-1] >= 3


def test_a_logarithmic_axis_writes_ten_as_ten(qtbot: QtBot) -> None:
    texts = LogAxis("left").logTickStrings([-1.0, 0.0, 0.602, 1.0, 2.0], 1.0, 1.0)
    assert texts == ["0.1", "1", "", "10", "100"]


def test_an_upright_title_is_whole_or_not_there(qtbot: QtBot) -> None:
    plot = Plot(Theme.load("dark"), "Touch  mm", second_ticks=True)
    qtbot.addWidget(plot)
    label, shown = plot.getAxis("left").label, []
    plot.show()
    for height in (300, 60, 300):
        plot.resize(500, height)
        qtbot.waitUntil(partial(fills, plot, height))
        plot.getAxis("left").setLabel("Touch  mm", **plot.label_style())  # as a change of the theme does
        shown.append(label.isVisible())
    assert shown == [True, False, True]
