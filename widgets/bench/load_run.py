"""The measuring itself: meters on, time passes, meters off, and what they say as JSON keys."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QGuiApplication

from widgets.bench.memory import MemoryLog, cpu_seconds, descendants, rss_mb
from widgets.bench.meters import Heartbeat, Paints

if TYPE_CHECKING:
    from widgets.session import Session
    from widgets.views.live_views import LiveViews

WARM_UP_S = 300.0  # of a soak
SAMPLE_S = 5.0
LOG_S = 60.0


class LoadRun:
    """One measuring of an open window.

    Args:
        wait: Lets the window live until a condition holds, or raises after a time.
        each_sample: Called every 5 seconds.
    """

    def __init__(
        self,
        session: Session,
        views: LiveViews,
        wait: Callable[[Callable[[], bool], str, float], None],
        each_sample: Callable[[], None],
    ) -> None:
        self._session, self._views, self._wait, self._each_sample = session, views, wait, each_sample
        self._bridge = session.context.bridge
        self._beat = Heartbeat(session)
        self._pictures = Paints(session, list(views.cameras.items()), lambda view: view.seq)  # type: ignore[attr-defined]
        others: list[tuple[str, Any]] = [("scene", views.scene), ("curves", views.curves.first_plot())]
        self._others = Paints(session, others)
        self._memory = MemoryLog()
        self._children = descendants(os.getpid())

    def measure(self, args: argparse.Namespace) -> dict[str, Any]:
        """Let the time pass and return the figures."""
        seconds = args.soak or args.seconds
        self._start()
        next_log = LOG_S
        while (passed := time.monotonic() - self._begun_s) < seconds:
            self._pause(min(SAMPLE_S, seconds - passed))
            self._memory.sample(time.monotonic() - self._begun_s, self._children)
            self._each_sample()
            if args.log is not None and time.monotonic() - self._begun_s >= next_log:
                next_log += LOG_S
                with args.log.open("a") as log:
                    log.write(json.dumps(self._figures()) + "\n")
        self._beat.stop()
        result = self._figures()
        if args.soak:
            result |= self._memory.slopes(min(WARM_UP_S, seconds / 3))
        return result

    def _start(self) -> None:
        self._begun_s = time.monotonic()
        self._cpu_s, self._children_cpu_s = time.process_time(), self._children_cpu()
        self._machine_s = _machine_busy_s()
        self._dropped = self._count_dropped()
        self._clouds = self._views.cloud.shown
        self._beat.start()
        self._pictures.start()
        self._others.start()

    def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        self._wait(lambda: time.monotonic() >= end, "the time to pass", seconds + 60.0)

    def _children_cpu(self) -> float:
        return sum(cpu_seconds(pid) for pid in self._children)

    def _count_dropped(self) -> int:
        """Return how many pictures were overwritten before they were taken."""
        names = self._views.cameras
        return sum(self._bridge.replaced(f"{name}/color") for name in names)

    def _figures(self) -> dict[str, Any]:
        passed = time.monotonic() - self._begun_s
        p50, p99, p999 = self._beat.percentiles((50.0, 99.0, 99.9))
        rates = {name: count / passed for name, count in self._pictures.counts.items()}
        return {
            "paints_per_s": round(min(rates.values()), 1),
            "paints_by_camera": {name: round(rate, 1) for name, rate in rates.items()},
            "clouds_per_s": round((self._views.cloud.shown - self._clouds) / passed, 1),
            "cloud_points": self._views.cloud.count,
            "scene_paints_per_s": round(self._others.counts["scene"] / passed, 1),
            "curve_paints_per_s": round(self._others.counts["curves"] / passed, 1),
            "stall_p50_ms": round(p50, 2),
            "stall_p99_ms": round(p99, 2),
            "stall_p999_ms": round(p999, 2),
            "stall_max_ms": round(self._beat.most_ms, 2),
            "beats": self._beat.beats,
            "cpu": round((time.process_time() - self._cpu_s) / passed, 3),
            "cpu_children": round((self._children_cpu() - self._children_cpu_s) / passed, 3),
            "cpu_machine": round((_machine_busy_s() - self._machine_s) / passed, 3),
            "dropped_for_display": self._count_dropped() - self._dropped,
            "rss_mb": round(rss_mb(), 1),
            "rss_children_mb": {
                role: round(values[-1], 1)
                for role, values in self._memory.values_mb.items()
                if role != "window"
            },
            "seconds": round(passed, 1),
            "platform": QGuiApplication.platformName(),
            "scene_kind": self._views.scene.kind,
            "rig": self._session.context.rig.name,
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "cores": os.cpu_count(),
            "load_1min": round(os.getloadavg()[0], 2),
        }


def _machine_busy_s() -> float:
    """Return the processor time that the whole machine has used since its start, seconds; 0 where unknown."""
    try:
        with open("/proc/stat") as stat:
            fields = [int(word) for word in stat.readline().split()[1:9]]
    except (OSError, ValueError):
        return 0.0
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")
