"""Role `bench-review`, typed as `bench review`: how fast Review seeks and whether it plays every picture.

An episode of three cameras, 640×480 at 30 Hz, a wrench at 1 kHz and a touch field is recorded by the real recorder
from the rig `bench/review`. Then the real window opens it. A seek lasts from the person's wish until every picture, the
touch pad and the curves were painted at the new time.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app.bench.summary import summarize
from app.core.errors import UsageError
from app.core.ids import new_uuid
from app.core.link.hub import Hub
from app.core.priority import prefer_window
from app.core.wire.client import Endpoints
from widgets.application import THEME_NAMES, make_application, settle_window
from widgets.unattended import Unattended

if TYPE_CHECKING:
    from widgets.bench.seeks import SeekMeter
    from widgets.review.page import ReviewPage
    from widgets.session import Session

RIG = "bench/review"
START_S, SAVE_S, SEEK_S = 120.0, 120.0, 5.0
SETTLE_S = 1.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `bench review`."""
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the episode")
    parser.add_argument("--seeks", type=int, default=300, help="how many seeks")
    parser.add_argument("--play", type=float, default=20.0, help="how long it plays, s, at each speed")
    parser.add_argument("--size", default="1600x1000", help="WIDTHxHEIGHT of the window in pixels")
    parser.add_argument("--theme", choices=THEME_NAMES, default="dark")
    parser.add_argument(
        "--shot", type=Path, default=None, metavar="FILE", help="keep a picture of the window"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure; returns seek_…, play_…, play8_… and stall_… keys."""
    from widgets.shots import parse_size

    if args.seconds < 2.0 or args.seeks < 10 or args.play < 1.0:
        raise UsageError(
            "bench review", "so little says nothing", options=["--seconds 60 --seeks 300 --play 20"]
        )
    prefer_window()
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    width, height = parse_size(args.size)
    with tempfile.TemporaryDirectory(prefix="bench-review-") as folder:
        os.environ["XDG_CONFIG_HOME"] = folder  # the person's own layout stays as it is
        make_application()
        from widgets.session import open_session

        project = Path(folder) / "project"
        record(project / "demonstrations", args.seconds)
        session = open_session(RIG, project, args.theme, autostart=False)
        try:
            session.window.resize(width, height)
            session.window.show()
            return Bench(session, args).run()
        finally:
            session.close()


def record(folder: Path, seconds: float) -> None:
    """Record one take of so many seconds of the rig, by the processes that record any other."""
    folder.mkdir(parents=True)
    with Hub() as hub:
        server = hub.start("device", "--rig", RIG)
        endpoints = Endpoints.parse(str(hub.wait_ready(server, START_S)["connect"]))
        recorder = hub.start("record", "--connect", endpoints.text(), "--data", str(folder))
        hub.wait_ready(recorder, START_S)
        uuid, begun = new_uuid(), time.monotonic()
        hub.intent(recorder, "take_start", take=uuid, meta={"task": "bench", "operator": "bench"})
        while time.monotonic() - begun < seconds:
            hub.poll(50)
        hub.intent(recorder, "take_stop", outcome="success", until_ns=0, meta={})
        hub.wait_for(recorder, ("state",), SAVE_S, name="saved", take=uuid)
        hub.stop(recorder)
        hub.stop(server)


class Bench(Unattended):
    """One run with an open window."""

    def __init__(self, session: Session, args: argparse.Namespace) -> None:
        session.window.open_page(1)
        page: ReviewPage = session.window.page  # type: ignore[assignment]
        super().__init__(session, "bench 'review'")
        self._args, self._viewer = args, page.viewer

    def run(self) -> dict[str, Any]:
        """Open the episode, measure, end everything."""
        from widgets.bench.seeks import SeekMeter

        viewer = self._viewer
        views = viewer.stage.cameras
        self.wait(lambda: bool(viewer.stage.cameras) and bool(viewer.stage.pads), "the episode", START_S)
        views = viewer.stage.cameras
        self.wait(lambda: all(view.seq >= 0 for view in views.values()), "its pictures", START_S)
        self.pause(SETTLE_S)  # thumbnails and measures of the list
        settle_window()
        meter = SeekMeter(viewer, self._session)
        result = self._seek(meter) | self._play(1.0, "play") | self._play(8.0, "play8")
        if self._args.shot is not None:
            self._session.window.grab().save(str(self._args.shot))
        result |= {
            "cameras": len(views), "pictures": sum(map(len, viewer.clip.times.values())),
            "seconds": round((viewer.player.end_ns - viewer.player.start_ns) * 1e-9, 1),
            "cores": os.cpu_count(), "load_1min": round(os.getloadavg()[0], 2),
        }  # fmt: skip
        self.end()
        return result

    def _seek(self, meter: SeekMeter) -> dict[str, Any]:
        """Seek to times all over the episode, one when the one before is painted."""
        player, rng = self._viewer.player, np.random.default_rng(0)
        costs = []
        cpu = time.process_time()
        for t_ns in rng.integers(player.start_ns, player.end_ns, self._args.seeks):
            meter.begin(int(t_ns))
            self.wait(lambda: meter.done_ms is not None, "a seek", SEEK_S, 0.0)
            costs.append(meter.done_ms)
        spent = (time.process_time() - cpu) / self._args.seeks
        told = summarize("seek", [cost for cost in costs if cost is not None])
        return told | {"seek_cpu_ms": round(spent * 1e3, 2)}

    def _play(self, speed: float, name: str) -> dict[str, Any]:
        """Play from the start; which share of the pictures was painted, and how late the event loop came back."""
        from widgets.bench.meters import Heartbeat
        from widgets.bench.seeks import PaintedPictures

        viewer, player = self._viewer, self._viewer.player
        player.pause()
        player.seek(player.start_ns)
        self.pause(0.5)
        painted, beat = PaintedPictures(viewer.stage.cameras, self._session), Heartbeat(self._session)
        cpu, begun = time.process_time(), time.monotonic()
        beat.start()
        player.set_speed(speed)
        player.play()
        seconds = min(self._args.play, (player.end_ns - player.start_ns) * 1e-9 / speed - 0.2)
        self.pause(seconds)
        player.pause()
        beat.stop()
        passed = time.monotonic() - begun
        spent = time.process_time() - cpu
        self.pause(0.1)
        painted.stop()
        player.set_speed(1.0)
        p99 = beat.percentiles((99.0,))[0]
        result = {
            f"{name}_shown_share": round(painted.share(), 4), f"{name}_skipped": painted.skipped(),
            f"{name}_per_s": round(painted.least() / passed, 1), f"{name}_cpu": round(spent / passed, 3),
            f"{name}_backward": painted.backward,
        }  # fmt: skip
        stall = "stall" if name == "play" else f"{name}_stall"
        return result | {f"{stall}_p99_ms": round(p99, 2), f"{stall}_max_ms": round(beat.most_ms, 2)}
