"""S9: the wall clock is set, or the machine sleeps, in the middle of a motion. Nothing may depend on the wall clock."""

from __future__ import annotations

import ast
import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.core.link.hub import Child
from app.core.wire.client import Endpoints
from tests.contracts.sources import ROOT
from tests.faults import live
from tests.faults.policy import injected
from tests.faults.trials import Verdict

SOON_MS = 250.0
MONOTONIC_ONLY = (
    "app/core",
    "app/teleop",
    "app/learning/runtime",
    "devices",
    "widgets/hand",
    "widgets/deploy/enabling.py",
)
WALL = {("time", "time"), ("time", "time_ns"), ("datetime", "now"), ("datetime", "utcnow")}
MAY_READ_IT = {"app/core/ids.py", "app/core/calibration.py"}  # names of runs, dates of calibrations


@pytest.fixture(scope="module")
def rig() -> Iterator[tuple[live.Parent, Child, Endpoints]]:
    """A device server whose wall clock can be made to jump, and its parent."""
    with live.Parent() as parent:
        with injected():
            device, ready = parent.start("device", "--rig", "sim/wipe")
        yield parent, device, Endpoints.parse(str(ready["connect"]))


@pytest.fixture
def driver(rig: tuple[live.Parent, Child, Endpoints]) -> Iterator[Child]:
    """A scripted operator whose wall clock can be made to jump."""
    parent, _, endpoints = rig
    with injected():
        child, _ = parent.start("operate", "--connect", endpoints.text(), "--operator", "script")
    yield child
    live.end_child(parent, child)


def wall_clocks(path: Path) -> list[str]:
    """Return where a file reads the wall clock."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)]
    return [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for node in calls
        if isinstance(node.value, ast.Name) and (node.value.id, node.attr) in WALL
    ]


def test_nothing_that_times_motion_reads_the_wall_clock() -> None:
    places = [ROOT / name for name in MONOTONIC_ONLY]
    files = [file for place in places for file in ([place] if place.suffix else sorted(place.rglob("*.py")))]
    assert len(files) > 50
    found = [
        where
        for file in files
        if str(file.relative_to(ROOT)) not in MAY_READ_IT
        for where in wall_clocks(file)
    ]
    assert found == []


@pytest.mark.process
def test_a_wall_clock_that_jumps_neither_moves_nor_stops_anything(
    rig: tuple[live.Parent, Child, Endpoints], driver: Child
) -> None:
    parent, device, endpoints = rig
    with contextlib.closing(live.Observer(endpoints)) as observer:
        observer.client.call("reset", timeout_s=30.0, seed=1, condition="nominal")
        assert live.drive_by_itself(parent, driver, observer) > 0.0
        for _ in range(2):  # an hour ahead, then two back
            jumped = time.monotonic_ns()
            for child in (device, driver):
                os.kill(child.process.pid, signal.SIGUSR2)
            observer.watch(5.0, lambda jumped=jumped: observer.moved_m(jumped) > live.MOVING_M)  # type: ignore[misc]
            assert observer.moved_m(jumped) > live.MOVING_M, "it goes on"
        observer.watch(5.0, observer.moves_now)
        verdict, broken = Verdict(), time.monotonic_ns()
        os.kill(driver.process.pid, signal.SIGKILL)
        observer.watch(live.WATCH_S)
        live.judge(verdict, observer, 1.0, broken, SOON_MS)
        observer.client.call("release", holder="operate-script")
    assert (verdict.trials, verdict.failures) == (1, 0)
    assert np.all(np.diff([t for t, _ in observer.rows]) > 0)


@pytest.mark.process
@pytest.mark.parametrize("seconds", [1.0, pytest.param(5.0, marks=pytest.mark.soak)])
def test_a_machine_that_sleeps_wakes_at_rest(
    rig: tuple[live.Parent, Child, Endpoints], driver: Child, seconds: float
) -> None:
    parent, device, endpoints = rig
    with contextlib.closing(live.Observer(endpoints)) as observer:
        observer.client.call("reset", timeout_s=30.0, seed=1, condition="nominal")
        ended = parent.ended[driver.run_id]
        assert live.drive_by_itself(parent, driver, observer) > 0.0
        pids = [child.process.pid for child in (driver, device)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        observer.watch(seconds)
        before = observer.rows[-1][1]
        woken = time.monotonic_ns()
        for pid in reversed(pids):
            os.kill(pid, signal.SIGCONT)
        observer.watch(20.0, lambda: parent.ended[driver.run_id] > ended)
        observer.watch(0.2)
        observer.client.call("release", holder="operate-script")
    assert parent.ended[driver.run_id] > ended, "the driver notices that its episode is over"
    late = [t for t, _ in observer.rows if t >= woken]
    assert late
    assert observer.moved_m(woken + 100_000_000) <= live.STILL_M
    assert np.abs(observer.rows[-1][1][:3] - before[:3]).max() < 0.03, "it comes to rest where it was"
    assert np.all(np.diff([t for t, _ in observer.rows]) > 0)
