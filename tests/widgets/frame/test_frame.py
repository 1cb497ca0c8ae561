"""Words and numbers of the header, the strip and the key map."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from tests.widgets.device_double import INFO
from widgets.bridge.rates import Health
from widgets.frame.health import Dot, HealthDots, dots, rate_text
from widgets.frame.key_map import balanced
from widgets.frame.strip import clock_text, disk_text, fields, is_measured
from widgets.status import Status
from widgets.theme.tokens import Theme


@pytest.mark.parametrize(
    ("rate", "text"), [(1000.0, "1.0 kHz"), (249.6, "250 Hz"), (4.84, "4.8 Hz"), (0, "0.0 Hz")]
)
def test_rates_read_shortly(rate: float, text: str) -> None:
    assert rate_text(rate) == text


def test_a_dot_says_what_its_device_does() -> None:
    health = {"arm/pose": Health(249.0, 2, 0, 0.01), "scene/color": Health(12.0, 0, 5, 0.02)}
    found = {dot.name: dot for dot in dots(INFO, health)}
    assert found["arm"].colour == "good"
    assert found["arm"].words == "arm: 249 Hz of 250 Hz, 2 missing, 0 not drawn"
    assert found["scene"].colour == "warning"
    silent = {dot.name: dot for dot in dots(INFO, {"arm/pose": Health(0.0, 0, 0, 7.2)})}
    assert silent["arm"].words == "arm: silent for 7 s"
    assert silent["scene"].rate == "–"
    assert dots(None, health) == []


def test_the_strip_reads_well_and_keeps_its_room() -> None:
    assert clock_text(72.34) == "01:12.3"
    assert clock_text(0.0) == "00:00.0"
    assert disk_text(2460) == "41 min"
    assert disk_text(20_000) == "5.6 h"
    numbers = {label: value for label, value, _ in fields(Status(kept=3, plan=20, dropped=0, latency_ms=8.4))}
    assert numbers == {"time": "––:––", "kept": "3 of 20", "disk": "–", "dropped": "0", "latency": "8 ms"}
    assert is_measured(Status(dropped=0))
    assert not is_measured(Status(words="TRAIN", plan=20))


def test_groups_of_keys_keep_their_order_over_the_columns() -> None:
    groups = [tuple((str(i), "words") for i in range(size)) for size in (10, 3, 5, 7)]
    stacks = balanced(groups, 3)
    assert [group for stack in stacks for group in stack] == groups
    assert [sum(len(group) for group in stack) for stack in stacks] == [10, 8, 7]
    assert balanced(groups, 1) == [groups]


def test_devices_give_up_rates_and_then_names_before_any_is_cut(qtbot: QtBot) -> None:
    shown = HealthDots(Theme.load("dark"))
    qtbot.addWidget(shown)
    shown.show_dots([Dot(f"camera{number}", "good", "25 Hz", "") for number in range(6)])
    found: dict[int, int] = {}
    for width in range(shown.sizeHint().width(), shown.minimumSizeHint().width() - 1, -1):
        shown.resize(width, 40)
        assert 6 * shown._widths()[2 - shown.detail] <= width
        found.setdefault(shown.detail, width)
    assert list(found) == [2, 1, 0]
