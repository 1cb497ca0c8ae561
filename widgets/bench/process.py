"""Role `bench-window`, typed as `bench window`: the real window, real processes, a known load, measured from within.

The load is the rig `bench/load`: three cameras, a wrench at 1 kHz (six curves), touch and force over the pictures. A
recorder takes the same streams at the same time.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cloud.settings import MOST_POINTS
from app.core.errors import ProcessError, UsageError
from app.core.ids import new_uuid
from app.core.priority import prefer_window
from app.setup.display import find_display
from widgets.application import THEME_NAMES, make_application, settle_window
from widgets.cloud_session import Density
from widgets.unattended import Unattended

if TYPE_CHECKING:
    from widgets.bridge.jobs import Job
    from widgets.session import Session

RIG, CLOUD_RIG = "bench/load", "bench/cloud"
START_S, SAVE_S = 120.0, 60.0
WARM_UP_S = 3.0
TAKE_S = 60.0  # of a soak: an hour in one take would fill the disk


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `bench window`."""
    parser.add_argument("--seconds", type=float, default=20.0, help="how long is measured")
    parser.add_argument("--soak", type=float, default=0.0, metavar="SECONDS", help="memory over a long run")
    parser.add_argument("--cloud", action="store_true", help="with depth and the cloud of all cameras")
    parser.add_argument(
        "--points",
        type=int,
        default=0,
        help="with --cloud: points of a cloud, 100,000 at most; 0: every 4 mm one",
    )
    parser.add_argument("--rig", default="", help="another rig than the load's own")
    parser.add_argument("--size", default="1600x1000", help="WIDTHxHEIGHT of the window in pixels")
    parser.add_argument("--theme", choices=THEME_NAMES, default="dark")
    parser.add_argument(
        "--shot", type=Path, default=None, metavar="FILE", help="keep a picture of the window"
    )
    parser.add_argument(
        "--log", type=Path, default=None, metavar="FILE", help="a line for each minute of a soak"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure; returns the JSON keys."""
    from widgets.shots import parse_size

    if args.seconds < 1.0 or args.soak < 0.0:
        raise UsageError("bench window", "it needs a second at least", options=["--seconds 1", "--soak 600"])
    if not 0 <= args.points <= MOST_POINTS:
        raise UsageError("--points", "that many are not shown", options=[f"0 to {MOST_POINTS}"])
    prefer_window()
    if not find_display()[0]:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    width, height = parse_size(args.size)
    with tempfile.TemporaryDirectory(prefix="bench-window-") as folder:
        os.environ["XDG_CONFIG_HOME"] = folder  # the person's own layout stays as it is
        make_application()
        from widgets.session import open_session

        rig = args.rig or (CLOUD_RIG if args.cloud else RIG)
        session = open_session(rig, Path(folder) / "project", args.theme, autostart=False)
        try:
            session.window.resize(width, height)
            session.window.show()
            return Bench(session, args).run()
        finally:
            session.close()


class Bench(Unattended):
    """One run with an open window."""

    def __init__(self, session: Session, args: argparse.Namespace) -> None:
        super().__init__(session, "bench 'window'")
        self._args = args
        self._context = session.context
        self._views = session.window.pages[0].views  # type: ignore[attr-defined]
        self._recorder: Job | None = None
        self._saved: dict[str, Any] | None = None  # of the newest take that has ended
        self._takes = self._dropped = 0
        self._problem = ""
        self._taken_s = 0.0

    def run(self) -> dict[str, Any]:
        """Start everything, measure, end everything."""
        from widgets.bench.load_run import LoadRun

        self._start()
        result = LoadRun(self._session, self._views, self.wait, self._each_sample).measure(self._args)
        self._end_take()
        if self._args.shot is not None:
            self._session.window.grab().save(str(self._args.shot))
        result["recorder_dropped"] = self._dropped
        result["takes"] = self._takes
        self.end()
        return result

    def _start(self) -> None:
        rig = self._context.rig
        rig.ensure()
        self.wait(lambda: rig.info is not None, "the load", START_S)
        shown = self._views.cameras
        self.wait(lambda: bool(shown) and all(view.seq >= 0 for view in shown.values()), "pictures", START_S)
        folder = str(self._context.project.demonstrations)
        self._recorder = self._context.jobs.start("record", "--connect", rig.connect_text, "--data", folder)
        self._recorder.state.connect(self._on_recorder)
        self.wait(
            lambda: self._recorder is not None and self._recorder.ready_body is not None,
            "the recorder",
            START_S,
        )
        self._begin_take()
        self._start_cloud()
        self.pause(WARM_UP_S)
        settle_window()

    def _start_cloud(self) -> None:
        if not self._args.cloud:
            return
        self.wait(lambda: self._views.cloud.count > 0, "a cloud", START_S)
        if self._args.points:
            self._context.clouds.ask(Density(voxel_mm=0.0, outlier="none", budget=self._args.points))
            self.wait(lambda: self._views.cloud.count == self._args.points, "that many points", START_S)

    def _begin_take(self) -> None:
        assert self._recorder is not None
        self._taken_s = time.monotonic()
        self._recorder.intent("take_start", take=new_uuid(), meta={"task": "wipe", "operator": "bench"})

    def _end_take(self) -> None:
        assert self._recorder is not None
        self._saved = None
        self._recorder.intent("take_stop", outcome="discarded", until_ns=0, meta={})
        self.wait(lambda: self._saved is not None, "the take to be ended", SAVE_S)
        if self._problem:
            raise ProcessError("bench 'window'", f"the recorder gave up: {self._problem}")
        assert self._saved is not None
        Path(str(self._saved.get("path", ""))).unlink(missing_ok=True)

    def _each_sample(self) -> None:
        if self._args.soak and time.monotonic() - self._taken_s > TAKE_S:
            self._end_take()
            self._begin_take()

    def _on_recorder(self, body: dict[str, Any]) -> None:
        if body.get("name") in ("saved", "failed"):
            self._saved = body
            self._takes += 1
            self._dropped += int(body.get("dropped", 0))
        if body.get("name") == "failed":
            self._problem = str(body.get("text", ""))
