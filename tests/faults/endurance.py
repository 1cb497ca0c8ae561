"""S14: the real window drives for a long time while one random fault after the other befalls it and its operator."""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.live import LIMIT_MS, STILL_M, WATCH_S, Observer, judge
from tests.faults.trials import Verdict
from tests.faults.window import (
    FAULTS,
    WindowProcess,
    alive,
    break_window,
    descendants,
    hold,
    mend_window,
)
from tests.hygiene import wait_until

BUSY_S = 0.5
SETTLED_S = 3.0  # no process came or went for as long


@dataclass
class Usage:
    """What a family of processes holds: resident bytes, open files, threads."""

    t_s: float
    resident: int
    files: int
    threads: int


@dataclass
class Endurance:
    """How it went: the stops, motion without a press, what the processes held over time, and what was done."""

    stops: Verdict = field(default_factory=Verdict)
    still: Verdict = field(default_factory=Verdict)
    usage: list[Usage] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)

    def growth(self) -> tuple[float, int, int]:
        """Return MB per hour by a straight line, and how many more files and threads at the end than after warm-up.

        The first third is warm-up. Of files and threads the least of a few looks counts: some come and go.
        """
        settled = self.usage[len(self.usage) // 3 :]
        mean_t = sum(item.t_s for item in settled) / len(settled)
        mean_r = sum(item.resident for item in settled) / len(settled)
        above = sum((item.t_s - mean_t) * (item.resident - mean_r) for item in settled)
        below = sum((item.t_s - mean_t) ** 2 for item in settled)
        first, last = settled[:5], settled[-5:]
        return (
            above / below * 3600 / 1e6 if below else 0.0,
            min(item.files for item in last) - min(item.files for item in first),
            min(item.threads for item in last) - min(item.threads for item in first),
        )


def look(pids: list[int], since_s: float) -> Usage:
    """Return what the processes hold now."""
    resident = files = threads = 0
    for pid in pids:
        text = Path(f"/proc/{pid}/status").read_text()
        lines = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        resident += int(lines["VmRSS"].split()[0]) * 1024
        threads += int(lines["Threads"])
        files += len(os.listdir(f"/proc/{pid}/fd"))
    return Usage(time.monotonic() - since_s, resident, files, threads)


def words_of(pid: int) -> str:
    """Return the command line of a process."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def operator_of(pids: list[int]) -> int:
    """Return the process of the hand's operator."""
    return next(pid for pid in pids if b"operate" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"))


def settled_family(window: WindowProcess) -> list[int]:
    """Return the window's processes once all are there: those of the rig, and the reader that Review keeps.

    A first visit of another workspace starts what stays from then on, so the faults may not be the first visit.
    """
    window.do("page", 1)
    window.do("page", 0)
    family: set[int] = set()
    since = time.monotonic()

    def unchanged() -> bool:
        nonlocal family, since
        now = set(descendants(window.process.pid))
        if now != family:
            family, since = now, time.monotonic()
        return time.monotonic() - since > SETTLED_S

    wait_until(unchanged, 60.0, "a family of processes that stays as it is")
    return [window.process.pid, *sorted(family)]


def endure(
    window: WindowProcess, observer: Observer, minutes: float, every_s: float, seed: int = 0
) -> Endurance:
    """Drive by hand, with one random fault in each interval; every process must be the same one at the end."""
    came, chance = Endurance(), random.Random(seed)
    pids = settled_family(window)
    roles = {pid: words_of(pid) for pid in pids}
    operator = operator_of(pids)
    begun = time.monotonic()
    number = 0
    while time.monotonic() - begun < minutes * 60.0:
        fault = chance.choice([*FAULTS, "operator hangs"])
        came.faults[fault] = came.faults.get(fault, 0) + 1
        one_fault(window, observer, fault, operator, came, number, chance)
        came.usage.append(look(pids, begun))
        number += 1
        observer.rows.clear()
        until = begun + number * every_s
        while time.monotonic() < until:
            observer.watch(min(1.0, until - time.monotonic()))
            observer.rows.clear()
    gone = [pid for pid in pids if not alive(pid)]
    assert not gone, f"processes have gone: {[roles[pid] for pid in gone]}"
    extra = set(descendants(window.process.pid)) - set(pids)
    assert not extra, f"processes came: {[words_of(pid) for pid in extra]}"
    return came


def one_fault(
    window: WindowProcess, observer: Observer, fault: str, operator: int, came: Endurance, number: int,
    chance: random.Random,
) -> None:  # fmt: skip
    """Hold, break, judge, mend; the window must answer again."""
    window.do("front")
    went = hold(window, observer, number, chance)
    if fault == "operator hangs":
        broken = time.monotonic_ns()
        os.kill(operator, signal.SIGSTOP)
    else:
        broken = break_window(window, fault, BUSY_S)
    observer.watch(BUSY_S + 0.1 if fault == "busy" else WATCH_S)
    judge(came.stops, observer, went, broken, LIMIT_MS)
    again = time.monotonic_ns()
    if fault == "operator hangs":
        os.kill(operator, signal.SIGCONT)
    mend_window(window, fault, observer)
    observer.watch(0.2)
    came.still.note(observer.moved_m(again) <= STILL_M)
    window.do("release", "space", "left", "right")
    wait_until(lambda: window.do("state")["grip"] == "released", 20.0, "the window that answers again")
