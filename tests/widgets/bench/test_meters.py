"""The meters of `bench window` measure what is known: a blocked loop, counted paints, a line with noise."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.core.rig import RIGS
from tests.contracts.sources import ROOT
from widgets.bench.memory import MemoryLog, rss_mb, slope
from widgets.bench.meters import Heartbeat, Paints

BLOCK_S = 0.12


def block() -> None:
    """Keep the event loop away."""
    end = time.monotonic() + BLOCK_S
    while time.monotonic() < end:
        pass


def test_a_blocked_event_loop_is_a_stall_of_that_length(qtbot: QtBot) -> None:
    owner = QObject()
    beat = Heartbeat(owner)
    beat.start()
    QTimer.singleShot(50, block)
    qtbot.waitUntil(lambda: beat.most_ms > 0.7e3 * BLOCK_S)
    qtbot.waitUntil(lambda: beat.beats > 40)
    beat.stop()
    assert beat.percentiles((100.0,))[0] == pytest.approx(beat.most_ms, abs=0.05)
    half, most = beat.percentiles((50.0, 100.0))
    assert half < most


def test_painting_one_picture_twice_is_one(qtbot: QtBot) -> None:
    class View(QWidget):
        seq = 0

    view, owner = View(), QObject()
    qtbot.addWidget(view)
    view.resize(50, 50)
    paints = Paints(owner, [("view", view)], lambda shown: getattr(shown, "seq", None))
    with qtbot.waitExposed(view):
        view.show()
    paints.start()
    for seq in (1, 1, 2, 2, 3):
        view.seq = seq
        view.repaint()
    assert paints.counts == {"view": 3}


def test_the_slope_of_a_noisy_line_lies_in_its_interval() -> None:
    chance = np.random.default_rng(3)
    times = np.arange(0.0, 3600.0, 5.0)
    for true in (0.0, 0.8, 25.0):
        found = slope(times, 200.0 + true * times / 3600.0 + chance.normal(0, 0.3, len(times)))
        assert found is not None
        assert abs(found.mb_per_hour - true) < 2 * found.margin
        assert found.margin < 0.3
    assert slope(times[:10], times[:10]) is None, "too short to tell"


def test_memory_that_is_taken_is_seen() -> None:
    before = rss_mb()
    held = np.ones(40_000_000, dtype=np.uint8)
    assert rss_mb() - before > 30
    assert held.sum() == 40_000_000
    log = MemoryLog()
    for second in range(0, 600, 5):
        log.sample(float(second), {})
    assert set(log.slopes(60.0)) == {"rss_slope_mb_per_h", "rss_slope_margin_mb_per_h"}


@pytest.mark.soak
@pytest.mark.process
def test_the_bench_runs_and_loses_no_sample_in_the_recorder(tmp_path: Path) -> None:
    rig = tmp_path / "small.toml"
    rig.write_text((RIGS / "bench" / "cloud.toml").read_text().replace("[640, 480]", "[160, 120]"))
    words = [
        sys.executable,
        str(ROOT / "main.py"),
        "bench",
        "window",
        "--rig",
        str(rig),
        "--seconds",
        "3",
        "--json",
    ]
    answer = subprocess.run(words, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr[-2000:]
    result = json.loads(answer.stdout.splitlines()[-1])
    assert set(result["paints_by_camera"]) == {"scene", "wrist", "side"}
    assert 0 < result["paints_per_s"] <= 63
    assert 0 < result["stall_p50_ms"] <= result["stall_p99_ms"] <= result["stall_max_ms"] + 0.05
    assert result["clouds_per_s"] > 1
    assert result["cloud_points"] > 1000
    assert result["recorder_dropped"] == 0
