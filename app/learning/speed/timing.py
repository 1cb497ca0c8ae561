"""Times of repeated calls, the ways taking turns, so that all meet the same machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

WARM_UP = 5
FEWEST = 20


def take_turns(ways: Mapping[str, Callable[[], Any]], seconds: float) -> dict[str, list[float]]:
    """Call each way in turn for `seconds` (and `FEWEST` times at least); returns ms per call after warm-up."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    rounds, end = 0, time.monotonic() + seconds
    while time.monotonic() < end or rounds < WARM_UP + FEWEST:
        for name, way in ways.items():
            begun = time.perf_counter_ns()
            way()
            if rounds >= WARM_UP:
                taken[name].append((time.perf_counter_ns() - begun) * 1e-6)
        rounds += 1
    return taken


def percentiles(taken: Mapping[str, list[float]]) -> dict[str, float]:
    """Return NAME_p50_ms and NAME_p99_ms of each way, and how often it was called."""
    found: dict[str, float] = {}
    for name, values in taken.items():
        p50, p99 = np.percentile(values, (50, 99))
        found |= {f"{name}_p50_ms": round(float(p50), 4), f"{name}_p99_ms": round(float(p99), 4)}
        found[f"{name}_count"] = len(values)
    return found
