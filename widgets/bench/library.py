"""Role `bench-library`, typed as `bench library`: the list of Review over thousands of episodes, measured from within.

The episodes are small but whole files with labels, written by the role `bench-episodes`; reader, library and list are
those of the window. Each time ends when the list has been painted.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.core.errors import ProcessError, UsageError
from app.core.link.hub import Hub
from app.setup.display import find_display
from widgets.application import THEME_NAMES, make_application, settle_window

if TYPE_CHECKING:
    from widgets.session import Session

WRITE_S, COLD_S, ANSWER_S = 600.0, 600.0, 60.0
FRAME_MS, STEP_PX, REPEATS = 16, 37, 10
SEARCHES = ("peak > 12 N", "outcome:failure", "ann", "phase:slide length > 0.5 s", "")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `bench library`."""
    parser.add_argument("--episodes", type=int, default=10_000, help="how many")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long is scrolled")
    parser.add_argument("--theme", choices=THEME_NAMES, default="dark")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure; returns the JSON keys."""
    if args.seconds < 1.0 or args.episodes < 1:
        raise UsageError("bench library", "it needs an episode and a second at least")
    if not find_display()[0]:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory(prefix="bench-library-") as folder:
        os.environ["XDG_CONFIG_HOME"] = folder  # the person's own layout stays as it is
        project = Path(folder) / "project"
        data = project / "augmented"  # no page of the window lists it by itself
        write_episodes(data, args.episodes)
        make_application()
        from widgets.session import open_session

        session = open_session("sim/wipe", project, args.theme, autostart=False)
        try:
            return Bench(session, args).run()
        finally:
            session.close()


def write_episodes(folder: Path, count: int) -> None:
    """Have the episodes written by a process of their own."""
    with Hub() as hub:
        writer = hub.start("bench-episodes", "--data", str(folder), "--count", str(count))
        hub.wait_for(writer, ("result",), WRITE_S)
        hub.stop(writer)


class Bench:
    """One run with an open list."""

    def __init__(self, session: Session, args: argparse.Namespace) -> None:
        from widgets.bench.meters import Heartbeat, Paints
        from widgets.parts.library import Library
        from widgets.review.episode_list import EpisodeList

        self._args, self._context = args, session.context
        self._library = Library.of(self._context)
        self._list = EpisodeList(self._context, self._library)
        self._list.choose_folder("augmented")
        self._beat = Heartbeat(self._list)
        self._paints = Paints(self._list, [("list", self._list.view.viewport())])

    def run(self) -> dict[str, Any]:
        """Measure one thing after the other."""
        view = self._list
        view.resize(400, 900)
        view.show()
        index = self._library_index()
        result: dict[str, Any] = {"episodes": self._args.episodes}
        self._filled(COLD_S)  # the reader has started, and everything was listed once
        settle_window()
        index.unlink()
        result["open_cold_s"] = round(self._open(COLD_S), 3)
        self._beat.start()
        result["open_s"] = round(self._open(ANSWER_S), 3)
        result["stall_open_ms"] = round(self._beat.most_ms, 1)
        result["refresh_ms"] = self._median(self._refreshes())
        result["filter_ms"] = self._median(self._searches())
        result["scroll_fps"], result["scroll_frames_due"] = self._scroll()
        p50, p99 = self._beat.percentiles((50.0, 99.0))
        result |= {"stall_p50_ms": round(p50, 2), "stall_p99_ms": round(p99, 2)}
        result |= {"stall_max_ms": round(self._beat.most_ms, 1), "cores": os.cpu_count()}
        result["load_1min"] = round(os.getloadavg()[0], 2)
        self._beat.stop()
        view.close()
        return result

    def _library_index(self) -> Path:
        return self._list.folder / "catalogue.sqlite"

    def _filled(self, timeout_s: float) -> None:
        self._wait(lambda: len(self._list.model.items) >= self._args.episodes, "the list", timeout_s)
        self._painted()

    def _painted(self) -> None:
        """Wait for the paint of what the list shows now."""
        before = self._paints.counts["list"]
        self._list.view.viewport().update()
        self._wait(lambda: self._paints.counts["list"] > before, "a paint", ANSWER_S)

    def _open(self, timeout_s: float) -> float:
        """List the folder with a reader that runs but has never seen it; returns seconds from asking to painted."""
        self._library.forget()
        self._list.model.set_items([])
        answered: list[bool] = []
        self._library.ask(self._context.project.demonstrations, "sing", lambda _answer: answered.append(True))
        self._wait(lambda: bool(answered), "the reader", ANSWER_S)
        begun = time.perf_counter()
        self._list.refresh()
        self._filled(timeout_s)
        return time.perf_counter() - begun

    def _refreshes(self) -> Iterator[float]:
        """Change labels; each time yields ms from asking for the change until the list shows it."""
        for number in range(REPEATS):
            uuid, notes = self._list.model.items[number * 7].uuid, f"looked at {number}"
            begun = time.perf_counter()
            self._library.change(
                self._list.folder, "change", lambda _answer: self._list.refresh(), episode=uuid, change={"notes": notes}
            )  # fmt: skip
            self._wait(lambda u=uuid, n=notes: self._notes_of(u) == n, "the change", ANSWER_S)  # type: ignore[misc]
            self._painted()
            yield (time.perf_counter() - begun) * 1e3

    def _notes_of(self, uuid: str) -> str:
        row = self._list.model.row_of(uuid)
        return self._list.model.items[row].notes if row >= 0 else ""

    def _searches(self) -> Iterator[float]:
        """Type searches; each time yields ms until the list shows what they find."""
        for text in SEARCHES:
            begun, asked = time.perf_counter(), []
            link = self._list.search.asked.connect(lambda _query: asked.append(True))  # noqa: B023
            self._list.search.setText(text)
            self._wait(lambda: bool(asked), "the search", ANSWER_S)  # noqa: B023
            self._list.search.asked.disconnect(link)
            self._painted()
            yield (time.perf_counter() - begun) * 1e3

    def _scroll(self) -> tuple[float, float]:
        """Scroll at 60 Hz; returns paints and steps per second."""
        from PySide6.QtCore import Qt, QTimer

        bar, steps = self._list.view.verticalScrollBar(), [0]

        def step() -> None:
            steps[0] += 1
            bar.setValue((bar.value() + STEP_PX * (1 + steps[0] % 7)) % max(1, bar.maximum()))

        timer = QTimer(self._list)
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(step)
        self._paints.start()
        begun = time.perf_counter()
        timer.start(FRAME_MS)
        self._wait(lambda: time.perf_counter() - begun >= self._args.seconds, "the time to pass", ANSWER_S)
        timer.stop()
        passed = time.perf_counter() - begun
        return round(self._paints.counts["list"] / passed, 1), round(steps[0] / passed, 1)

    @staticmethod
    def _median(values: Iterator[float]) -> float:
        found = sorted(values)
        return round(found[len(found) // 2], 1)

    @staticmethod
    def _wait(condition: Callable[[], bool], what: str, timeout_s: float) -> None:
        from PySide6.QtCore import QEventLoop
        from PySide6.QtWidgets import QApplication

        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                raise ProcessError(f"bench 'library', {what}", f"it did not come within {timeout_s:g} s")
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 5)
