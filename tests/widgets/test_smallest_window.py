"""The smallest window that is supported, 1100×680: nothing overlaps, nothing is cut, messages leave the views free."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from widgets.collect.page import CollectPage
from widgets.collect.recording_bar import PRIMARY, RecordingBar
from widgets.inputs.panel import InputPanel
from widgets.parts.key_button import CAP_MARGIN
from widgets.session import Session
from widgets.theme.tokens import Theme
from widgets.views.titled import GAP, Titled

Open = Callable[..., Session]


def collect_page(session: Session, width: int, height: int) -> CollectPage:
    session.window.resize(width, height)
    session.window.show()
    page = session.window.pages[0]
    assert isinstance(page, CollectPage)
    session.window.grab()  # lays everything out
    return page


def place(widget: QWidget, within: QWidget) -> QRect:
    return QRect(widget.mapTo(within, widget.rect().topLeft()), widget.size())


def check_apart(bar: RecordingBar, labelled: bool) -> None:
    parts = [part for part in bar.findChildren(QWidget) if part.isVisible() and part.parent() is bar]
    assert len(parts) == (15 if labelled else 10)
    for one, other in combinations(parts, 2):
        overlap = place(one, bar).intersected(place(other, bar))
        assert overlap.isEmpty(), (one.accessibleName(), other.accessibleName(), overlap)
    assert all(bar.rect().contains(place(part, bar)) for part in parts)


def test_bar_and_readouts_have_room(qtbot: QtBot, open_window: Open) -> None:
    session = open_window()
    page = collect_page(session, 1100, 680)
    check_apart(page.bar, labelled=False)
    button = page.bar.primary
    room = button.width() - button._cap_width - 2 * CAP_MARGIN
    widths = {words: QFontMetrics(button.font()).horizontalAdvance(words) for words in PRIMARY.values()}
    assert {words: width for words, width in widths.items() if width > room} == {}
    for words in ("Reset", "Discard"):
        width = QFontMetrics(page.bar.discard.font()).horizontalAdvance(words)
        assert width <= page.bar.discard.width() - page.bar.discard._cap_width - 2 * CAP_MARGIN
    assert page.bar.discard.text() == "Reset"
    for plot, panel in zip(page.views.curves._plots, page.views.curves.panels, strict=True):
        line = (plot._readout.height() - 18) / len(panel.traces)
        assert line >= 15.0, f"{panel.title}: {line:.1f} pixels a line"
    for width in (1320, 1600):
        check_apart(collect_page(session, width, 680).bar, labelled=True)


@pytest.mark.parametrize(("width", "shown"), [(400, True), (170, False)])
def test_a_hint_keeps_clear_of_the_name(qtbot: QtBot, width: int, shown: bool) -> None:
    theme = Theme.load("dark")
    box = Titled("3D scene", QWidget(), SimpleNamespace(theme=theme))  # type: ignore[arg-type]
    qtbot.addWidget(box)
    box.set_note("drag to turn, wheel to zoom")
    box.resize(width, 200)
    name = QFontMetrics(theme.font("small", bold=True)).horizontalAdvance("3D scene")
    assert box.note_area().isEmpty() is not shown
    if shown:
        assert box.note_area().left() >= 9 + name + GAP
        corner = QPushButton("Cloud …")
        box.set_corner(corner)
        box.show()
        assert not box.note_area().intersects(corner.geometry())


def test_messages_stand_beside_the_views_and_over_other_pages(qtbot: QtBot, open_window: Open) -> None:
    session = open_window()
    page = collect_page(session, 1100, 680)
    window, toasts = session.window, session.window.toasts
    for number in ("one", "two", "three"):
        session.notifications.warning(
            f"Motion ended: {number}. Release the dead-man and hold it again to go on.", number
        )
    window.grab()
    assert toasts.isVisible()
    assert not place(toasts, window).intersects(place(page, window))
    rail = window._rail
    free = rail.free_area().translated(rail.mapTo(window, rail.rect().topLeft()))
    assert free.contains(place(toasts, window)), "the names of the workspaces stay free too"
    shown = [toast.item.text for toast in toasts._toasts if toast.isVisible()]
    assert shown
    assert "three" in shown[-1], "the newest is among them"
    window.open_page(1)
    assert place(window.pages[1], window).contains(place(toasts, window))
    assert all(toast.isVisible() for toast in toasts._toasts)
    window.open_page(0)
    check_panel(qtbot, collect_page(session, 1600, 1000).input_panel)


def check_panel(qtbot: QtBot, panel: InputPanel) -> None:
    """It opens as high as what it holds."""
    panel.toggle()
    qtbot.waitUntil(lambda: panel._area.verticalScrollBar().maximum() == 0)
    assert panel.isVisible()
    assert panel.y() >= 0
