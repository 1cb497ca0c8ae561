"""The safety trials in full; writes what came out, good or bad, to resources/help/safety_table.md.

`TOUCHSTONE_SOAK_SHARE=0.25` runs that share of the live trials and of the hostile commands; the table
says how many there were.
"""

from __future__ import annotations

import os
import platform
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from app.core.priority import prefer_control
from app.core.wire.client import Endpoints
from tests.contracts.sources import ROOT
from tests.faults import live, trials
from tests.faults.trials import Verdict

pytestmark = [pytest.mark.soak, pytest.mark.process, pytest.mark.timeout(3600)]
SHARE = float(os.environ.get("TOUCHSTONE_SOAK_SHARE", "1"))
TABLE = ROOT / "resources" / "help" / "safety_table.md"
LIVE = max(2, round(100 * SHARE))
HOSTILE = max(100_000, round(1_000_000 * SHARE))
HEAD = """# Safety trials: what came out last time

Written by `make soak` (tests/soak/test_safety_table.py) on {when}, {machine}.
Live trials: the real device server of `sim/wipe` in real time, real processes and links, faults by
`tests/faults/proxy.py`; the time is that of the last change of the commanded target, as the device stamps it, minus
the moment of the fault. Void: nothing moved when the fault came; not counted as a trial.
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


@pytest.fixture(scope="module", autouse=True)
def table() -> Iterator[None]:
    """Write the table when all trials of this file have run, whatever their outcome."""
    began = os.getloadavg()[0]
    yield
    loads = f"load {began:.1f} at the start and {os.getloadavg()[0]:.1f} at the end"
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {loads}"
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
    "S7": ("force rises over the limit", trials.force, 1000, "yields at once, re-arm needed"),
    "S10": ("operator, policy and a third want the arm", trials.two_sources, 1000, "one holder, operator at once"),
    "S12": ("arm moved while off, then a press", trials.far_start, 1000, "first command = measured ± 1 mm, 0.5°"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(EXACT))
def test_exact(name: str) -> None:
    what, trial, count, line = EXACT[name]
    conclude(name, what, "exact", trial(count), line)


@pytest.mark.parametrize("fault", ["stalled", "black_hole", "close", "reset"])
def test_broken_link(bench: Endpoints, fault: str) -> None:
    stopped, rearmed = Verdict(), Verdict()
    live.link_trials(bench, fault, LIVE, stopped, rearmed)
    ROWS.append(Row("S5", f"link mended after {fault}", "live", rearmed, "no move without a press"))
    conclude("S1", f"link to the device: {fault}", "live", stopped, "still ≤ 100 ms")
    assert rearmed.failures == 0


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL, signal.SIGTERM])
def test_driver(parent: live.Parent, bench: Endpoints, how: signal.Signals) -> None:
    name = "S13" if how is signal.SIGTERM else "S2"
    verdict = live.process_trials(parent, bench, how, LIVE)
    conclude(name, f"driving process: {how.name}", "live", verdict, "still ≤ 100 ms")


@pytest.mark.parametrize(("fault", "name", "line"), [
    ("release", "S4", "still ≤ 50 ms"), ("freeze", "S3", "still ≤ 100 ms"), ("stop", "S13", "still ≤ 100 ms"),
])  # fmt: skip
def test_hand(parent: live.Parent, bench: Endpoints, fault: str, name: str, line: str) -> None:
    words = {"release": "hand lets go", "freeze": "window freezes while held", "stop": "stop command"}
    stopped, still = live.hand_trials(parent, bench, fault, LIVE)
    if still.trials:
        ROWS.append(Row("S5", f"held on after: {words[fault]}", "live", still, "no move without a press"))
    conclude(name, words[fault], "live", stopped, line)
    assert still.failures == 0
