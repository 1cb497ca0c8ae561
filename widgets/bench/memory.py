"""Memory and processor time of processes, read from the operating system, and the slope of a long run. Linux only."""

from __future__ import annotations

import os
from array import array
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

BLOCK_S = 60.0
Z_95 = 1.96


def rss_mb(pid: int | None = None) -> float:
    """Return the resident memory of a process (this one by default) in MB of 10⁶ bytes; 0 where that cannot be read."""
    try:
        pages = int(Path(f"/proc/{pid or os.getpid()}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") * 1e-6


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used, seconds; 0 where that cannot be read."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, ValueError):
        return 0.0


def descendants(pid: int) -> dict[int, str]:
    """Return the processes below `pid` with the role each has on its command line."""
    below: dict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            below[int(entry.read_text().rpartition(")")[2].split()[1])].append(int(entry.parent.name))
        except (OSError, IndexError, ValueError):
            continue  # it ended while being looked at
    found, fresh = {}, list(below[pid])
    while fresh:
        child = fresh.pop()
        found[child] = _role(child)
        fresh += below[child]
    return {child: role for child, role in found.items() if role}


def _role(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return ""
    return next((after for word, after in pairwise(words) if word.endswith("main.py")), "")


@dataclass(frozen=True)
class Slope:
    """MB per hour with half the width of its 95 % interval."""

    mb_per_hour: float
    margin: float


def slope(times_s: np.ndarray, values_mb: np.ndarray, block_s: float = BLOCK_S) -> Slope | None:
    """Return the slope by least squares over the means of blocks; None with fewer than four blocks.

    Neighbouring samples are not independent, means of a minute nearly are: the interval is that of ordinary least
    squares over them, 1.96 standard errors of the slope.
    """
    if len(times_s) < 2:
        return None
    blocks = ((times_s - times_s[0]) / block_s).astype(int)
    whole = np.unique(blocks)[
        :-1
    ]  # the last block may not be whole; a machine that stood still may skip some
    count = len(whole)
    if count < 4:
        return None
    t = np.array([times_s[blocks == index].mean() for index in whole]) / 3600.0
    y = np.array([values_mb[blocks == index].mean() for index in whole])
    centred = t - t.mean()
    spread = float(centred @ centred)
    gradient = float(centred @ y) / spread
    rest = y - y.mean() - gradient * centred
    error = np.sqrt(float(rest @ rest) / (count - 2) / spread)
    return Slope(gradient, Z_95 * float(error))


@dataclass
class MemoryLog:
    """Resident memory of the window and of its children over time; eight bytes each, to add little of its own.

    Attributes:
        times_s: When each sample was taken.
        values_mb: By process: "window", or the role of a child.
    """

    times_s: array[float] = field(default_factory=lambda: array("d"))
    values_mb: dict[str, array[float]] = field(default_factory=lambda: defaultdict(lambda: array("d")))

    def sample(self, now_s: float, children: dict[int, str]) -> None:
        """Take one sample of everything."""
        self.times_s.append(now_s)
        self.values_mb["window"].append(rss_mb())
        for pid, role in children.items():
            self.values_mb[role].append(rss_mb(pid))

    def slopes(self, warm_up_s: float) -> dict[str, float]:
        """Return `rss_slope_mb_per_h` and its margin for the window, and both for each role that was always there."""
        times = np.asarray(self.times_s)
        kept = times - times[0] >= warm_up_s
        result: dict[str, float] = {}
        for name, values in self.values_mb.items():
            if len(values) != len(times):
                continue
            found = slope(times[kept], np.asarray(values)[kept])
            if found is not None:
                key = "rss_slope" if name == "window" else f"{name}_rss_slope"
                result[f"{key}_mb_per_h"] = round(found.mb_per_hour, 3)
                result[f"{key}_margin_mb_per_h"] = round(found.margin, 3)
        return result
