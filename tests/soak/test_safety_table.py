"""The safety trials in full; writes what came out, good or bad, to resources/help/safety_table.md.

Full: 100 trials per live row, 20 where each needs new processes. `TOUCHSTONE_SOAK_SHARE=0.3` does that share of them;
the table says how many there were. `TOUCHSTONE_SOAK_MINUTES` is the length of the last one (20, times the share).
`TOUCHSTONE_SOAK_TABLE=FILE` writes the table elsewhere. Alone:
`python -m pytest -m soak tests/soak/test_safety_table.py --timeout 3600 -o faulthandler_timeout=3500`.
"""

from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes.util import find_library
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from app.core.priority import prefer_control
from app.core.wire.client import Endpoints
from tests.app.core.test_safety_trials import Enabling
from tests.contracts.sources import ROOT
from tests.faults import endurance, live, pad, policy, trials, window
from tests.faults.trials import Verdict

pytestmark = [pytest.mark.soak, pytest.mark.process, pytest.mark.timeout(3600)]
SHARE = float(os.environ.get("TOUCHSTONE_SOAK_SHARE", "1"))
TABLE = Path(os.environ.get("TOUCHSTONE_SOAK_TABLE", ROOT / "resources" / "help" / "safety_table.md"))
LIVE = max(2, round(100 * SHARE))
DEAR = max(2, round(20 * SHARE))  # where each trial starts processes anew
STEPS = 60_000  # some examples end earlier
BUSY_S = 30.0
MINUTES = float(os.environ.get("TOUCHSTONE_SOAK_MINUTES", 20 * SHARE))  # of random faults
EVERY_S = 10.0
MOST_MB = 50
STOPS, STILL = "still ≤ 100 ms", "no move without a press"
POLICY_FAULTS = (
    ("freeze", "window"), ("busy", "window"), ("dialog", "window"), ("page", "window"), ("escape", "headless"),
    ("stop", "headless"),
)  # fmt: skip
HOSTILE = int(os.environ.get("TOUCHSTONE_SOAK_HOSTILE", "1000000"))
HEAD = """# Safety trials: what came out last time

Written by `make soak` (tests/soak/test_safety_table.py) on {when}, {machine}.
Live trials: the real device server of `sim/wipe` in real time, real processes and links, faults by
`tests/faults/proxy.py`; the time is that of the last change of the commanded target, as the device stamps it, minus
the moment of the fault. A fault is done only when the device's own samples show the arm on its way. Void: by the
time of the fault it had come to rest, and nothing moved later than the line either; not counted as a trial.
Exact trials: the governor in simulated time. With no failure in n trials the 95 % upper bound is 3/n.
Not an emergency stop: all of this is software.

| test | what | kind | trials | void | failures | p50 ms | p99 ms | max ms | pass line |
|---|---|---|---|---|---|---|---|---|---|
"""


@dataclass
class Row:
    """One line of the table."""

    name: str
    what: str
    kind: str
    verdict: Verdict
    line: str

    def text(self) -> str:
        """Return the line in Markdown."""
        one = self.verdict
        times = [f"{one.percentile(share):.1f}" if one.times_ms else "" for share in (50, 99, 100)]
        cells = (self.name, self.what, self.kind, one.trials, one.void, one.failures, *times, self.line)
        return "| " + " | ".join(str(cell) for cell in cells) + " |"


ROWS: list[Row] = []


STARTED = (os.getloadavg()[0], time.monotonic())


@pytest.fixture(autouse=True)
def table(request: pytest.FixtureRequest) -> Iterator[None]:
    """Write the table after each test, so that a run that is cut off leaves what it found; not for a selection."""
    yield
    items, config = request.session.items, request.config
    if config.getoption("keyword") or any("::" in argument for argument in config.args):
        return
    minutes = (time.monotonic() - STARTED[1]) / 60.0
    loads = f"load {STARTED[0]:.1f} at the start and {os.getloadavg()[0]:.1f} at the end"
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {loads}, {minutes:.0f} minutes"
    if request.node is not items[-1]:
        machine += f"; cut off after {items.index(request.node) + 1} of {len(items)} tests"
    head = HEAD.format(when=time.strftime("%Y-%m-%d %H:%M", time.gmtime()) + " UTC", machine=machine)
    TABLE.write_text(
        head + "\n".join(row.text() for row in sorted(ROWS, key=lambda row: int(row.name[1:]))) + "\n"
    )


@pytest.fixture(scope="module")
def parent() -> Iterator[live.Parent]:
    prefer_control()  # as operators and devices do
    with live.Parent() as parent:
        yield parent


@pytest.fixture(scope="module")
def bench(parent: live.Parent) -> Endpoints:
    _, ready = parent.start("device", "--rig", "sim/wipe")
    return Endpoints.parse(str(ready["connect"]))


def conclude(name: str, what: str, kind: str, verdict: Verdict, line: str) -> None:
    """Add a line to the table and fail if a trial did."""
    ROWS.append(Row(name, what, kind, verdict, line))
    assert verdict.trials > 0
    assert verdict.failures == 0, (
        f"{verdict.failures} of {verdict.trials}, at most {max(verdict.times_ms, default=0)} ms"
    )


EXACT = {
    "S1": ("set-points cease in mid-motion", trials.link_loss, 1000, "still ≤ 100 ms"),
    "S4": ("dead-man released, from the governor on", trials.release, 1000, "still ≤ 50 ms"),
    "S5": ("link back, stale and reordered commands", trials.no_move_without_press, 1000, "no move without a press"),
    "S6": ("random hostile commands", trials.hostile, HOSTILE, "no output beyond any limit"),
    "S8": ("0 to 10 % of the set-points late", trials.punctuality, 1000, "told at 1 %, held at 2 %, a press goes on"),
    "S7": ("force rises over the limit", trials.force, 1000, "yields at once, re-arm needed"),
    "S10": ("operator, policy and a third want the arm", trials.two_sources, 1000, "one holder, operator at once"),
    "S12": ("arm moved while off, then a press", trials.far_start, 1000, "first command = measured ± 1 mm, 0.5°"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(EXACT))
def test_exact(name: str) -> None:
    what, trial, count, line = EXACT[name]
    conclude(name, what, "exact", trial(count), line)


class Counted(Enabling):
    """The state machine test, which counts its steps."""

    steps = 0

    @invariant()
    def count(self) -> None:
        Counted.steps += 1


def test_state_machine() -> None:
    run = settings(max_examples=STEPS // 40, stateful_step_count=40, deadline=None, database=None)
    run_state_machine_as_test(Counted, settings=run)  # raises at the first path to motion that is not allowed
    line = "no motion without lease, press, fresh set-point"
    conclude(
        "S11", "steps of the state machine in random order", "exact", Verdict(trials=Counted.steps), line
    )


@pytest.mark.parametrize("fault", ["stalled", "black_hole", "close", "reset"])
def test_broken_link(bench: Endpoints, fault: str) -> None:
    stopped, rearmed = Verdict(), Verdict()
    live.link_trials(bench, fault, LIVE, stopped, rearmed)
    ROWS.append(Row("S5", f"link mended after {fault}", "live", rearmed, STILL))
    conclude("S1", f"link to the device: {fault}", "live", stopped, STOPS)
    assert rearmed.failures == 0


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL, signal.SIGTERM])
def test_driver(parent: live.Parent, bench: Endpoints, how: signal.Signals) -> None:
    count = LIVE if how is signal.SIGSTOP else DEAR
    name = "S13" if how is signal.SIGTERM else "S1"
    verdict = live.process_trials(parent, bench, how, count)
    conclude(name, f"scripted operator: {how.name}", "live", verdict, STOPS)


@pytest.mark.parametrize(("how", "what"), [
    (signal.SIGSTOP, "halted (SIGSTOP)"), (signal.SIGUSR1, "computes, no thread may run"), (signal.SIGKILL, "killed"),
])  # fmt: skip
def test_policy(
    parent: live.Parent, bench: Endpoints, tmp_path: Path, how: signal.Signals, what: str
) -> None:
    run = policy.write_policy(tmp_path / "run", policy.markers_of(bench))
    count = DEAR if how is signal.SIGKILL else LIVE
    verdict = policy.policy_trials(parent, bench, run, how, count)
    conclude("S2", f"policy process: {what}", "live", verdict, STOPS)


@pytest.mark.parametrize(("fault", "name", "line"), [
    ("release", "S4", "still ≤ 50 ms"), ("freeze", "S3", STOPS), ("stop", "S13", STOPS),
])  # fmt: skip
def test_hand(parent: live.Parent, bench: Endpoints, fault: str, name: str, line: str) -> None:
    words = {"release": "hand lets go", "freeze": "beats cease while held", "stop": "stop command"}
    stopped, still = live.hand_trials(parent, bench, fault, LIVE)
    if still.trials:
        ROWS.append(Row("S5", f"held on after: {words[fault]}", "live", still, STILL))
    conclude(name, words[fault], "live", stopped, line)
    assert still.failures == 0


@pytest.mark.parametrize(("fault", "what"), [("release", "gamepad let go"), ("unplug", "gamepad unplugged")])
def test_gamepad(parent: live.Parent, bench: Endpoints, fault: str, what: str) -> None:
    stopped, still = pad.pad_trials(parent, bench, fault, DEAR)
    ROWS.append(Row("S5", f"stick held on after: {what}", "live", still, STILL))
    conclude("S4", what, "live", stopped, STOPS)
    assert still.failures == 0


def test_window_that_holds_the_dead_man(tmp_path: Path) -> None:
    """One window for all faults that it survives; a new one for each that ends it."""
    failures = 0
    with window.WindowProcess(tmp_path / "window") as real:
        observer = live.Observer(real.collect())
        try:
            for fault in window.FAULTS:
                failures += window_row(real, observer, fault, LIVE, 0.5)
            failures += window_row(real, observer, "busy", 1, BUSY_S)
        finally:
            observer.close()
    for fault in window.ENDS:
        verdict = window.end_trials(tmp_path, fault, DEAR, window.WindowProcess)
        ROWS.append(Row(name_of(fault), f"window, hand: {window.NAMES[fault]}", "live", verdict, STOPS))
        failures += verdict.failures
    assert failures == 0


def window_row(
    real: window.WindowProcess, observer: live.Observer, fault: str, count: int, busy_s: float
) -> int:
    """Do the trials of one fault and add their rows; returns how many failed."""
    stopped, still = window.hand_trials(real, observer, fault, count, busy_s)
    what = f"window, hand: {window.NAMES[fault]}" + (f", {busy_s:g} s" if fault == "busy" else "")
    ROWS.append(Row(name_of(fault), what, "live", stopped, STOPS))
    ROWS.append(Row("S5", f"held on after {what}", "live", still, STILL))
    return stopped.failures + still.failures


def name_of(fault: str) -> str:
    """Return the test that a fault of the window belongs to."""
    return "S13" if fault in ("stop", "escape", "close", "exit", "terminate") else "S3"


def test_window_while_a_policy_drives(tmp_path: Path) -> None:
    policy.write_policy(tmp_path / "project" / "runs" / "sideways", 63)
    failures = 0
    with window.WindowProcess(tmp_path) as real:
        observer = live.Observer(real.collect())
        try:
            for fault, enabled_by in POLICY_FAULTS:
                verdict = window.policy_trials(real, observer, fault, DEAR, enabled_by)
                what = f"window, policy enabled by {enabled_by}: {window.NAMES[fault]}"
                ROWS.append(Row(name_of(fault), what, "live", verdict, STOPS))
                failures += verdict.failures
        finally:
            observer.close()
    assert failures == 0


@pytest.mark.skipif(
    not (shutil.which("Xvfb") and find_library("Xtst")), reason="Xvfb or libXtst is not installed"
)
def test_window_that_never_hears_of_the_release(tmp_path: Path) -> None:
    with screen() as display, window.WindowProcess(tmp_path, "xcb", DISPLAY=display) as real:
        observer = live.Observer(real.collect())
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("DISPLAY", display)
                verdict = window.dropped_release_trials(real, observer, LIVE)
        finally:
            observer.close()
    conclude("S3", "window, hand: the release of the key is lost", "live", verdict, STOPS)


@contextmanager
def screen() -> Iterator[str]:
    """Run an X server of our own; yields its name."""
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1920x1080x24"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert server.stdout is not None
    try:
        yield f":{server.stdout.readline().decode().strip()}"
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


@pytest.mark.timeout(36_000)
def test_one_random_fault_after_the_other(tmp_path: Path) -> None:
    with window.WindowProcess(tmp_path) as real:
        observer = live.Observer(real.collect())
        try:
            came = endurance.endure(real, observer, MINUTES, EVERY_S)
        finally:
            observer.close()
    slope, files, threads = came.growth()
    held = f"{slope:+.1f} MB/h, {files:+d} files, {threads:+d} threads"
    what = f"window, hand: a random fault every {EVERY_S:g} s for {MINUTES:.0f} minutes; {held}"
    ROWS.append(Row("S5", "held on after each of the random faults", "live", came.still, STILL))
    conclude("S14", what, "live", came.stops, f"{STOPS}; memory + {MOST_MB} MB at the most")
    assert came.still.failures == 0
    assert slope * MINUTES / 60.0 <= MOST_MB, held
    assert (files, threads) == (0, 0), held
