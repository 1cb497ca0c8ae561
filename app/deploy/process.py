"""Role `deploy`: run a policy (or a baseline) on a rig, record every rollout, score them with an interval."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

from app.core.errors import UsageError
from app.core.link.child import ChildLink
from app.core.link.hub import Child, Hub
from app.core.project import rollouts_folder, runs_folder
from app.core.rig import load_rig
from app.core.wire.messages import Event
from app.learning import trial
from app.session.collect import start_operator, start_recorder
from app.session.evaluate import INTERRUPTED, evaluate, summary
from app.session.rigging import STOPPED, RigAtHand
from app.session.take import TakeResult, TakeSpec
from app.session.trajectory import replay_rows
from app.teleop.replay import save_trajectory

BASELINES = ("script", "blind", "idle", "replay")
POLICY_START_S = 90.0
MOST_NAMED = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `deploy`."""
    parser.add_argument("run", nargs="?", type=Path, metavar="RUN", help="folder of a checkpoint")
    parser.add_argument(
        "--weights",
        default="kept",
        choices=("kept", "last"),
        help="those that the run kept, or those of its end",
    )
    parser.add_argument("--rig", default="sim/wipe")
    parser.add_argument("--episodes", type=int, default=10, help="how many rollouts")
    parser.add_argument("--seed", type=int, default=100, help="seed of the first board")
    parser.add_argument("--condition", default="", help="of the task; empty for the rig's own")
    parser.add_argument(
        "--data", type=Path, default=None, help="folder for the rollouts; the project's by default"
    )
    parser.add_argument("--fast", action="store_true", help="lock-step with a simulated clock")
    parser.add_argument("--connect", help="STREAMS,COMMANDS of a running serve")
    parser.add_argument("--limit", type=float, default=15.0, help="longest rollout in seconds")
    parser.add_argument("--baseline", choices=BASELINES, help="instead of a policy")
    parser.add_argument("--episode", type=Path, help="episode that `--baseline replay` plays")
    parser.add_argument(
        "--enable", default="headless", choices=("headless", "window"),
        help="who enables motion: this process (simulated rigs only), or the person at the window",
    )  # fmt: skip
    trial.add_arguments(parser)


def known_runs() -> list[str]:
    """Return the folders of the project's runs, the newest first; not more than fit into a sentence."""
    folder = runs_folder()
    found = [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    return [
        str(path) for path in sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)[:MOST_NAMED]
    ]


def check(args: argparse.Namespace) -> None:
    """Refuse arguments that make no sense together.

    Raises:
        UsageError: With the way out.
    """
    if (args.run is None) == (args.baseline is None):
        raise UsageError(
            "deploy", "it takes either the folder of a checkpoint or --baseline",
            options=["RUN", *(f"--baseline {name}" for name in BASELINES)],
        )  # fmt: skip
    if args.run is not None and not args.run.is_dir():
        raise UsageError(
            f"run {args.run}", "there is no such folder", options=known_runs(),
            way_out="Name the folder that `python main.py train --out` made",
        )  # fmt: skip
    if (args.baseline == "replay") != (args.episode is not None):
        raise UsageError("--baseline replay", "it goes together with --episode FILE")
    if trial.read(args).changes and args.run is None:
        raise UsageError("--plan-every, --plan-delay, --tamper", "they change a policy, and there is none")
    if args.episodes < 1:
        raise UsageError("--episodes", f"{args.episodes} is no number of rollouts", options=["1 or more"])
    rig = load_rig(args.rig)
    if args.enable == "headless" and not rig.simulated:
        raise UsageError(
            "--enable headless", f"rig {rig.name!r} is not simulated", options=["--enable window"],
            way_out="A real arm moves only while a person enables it: deploy from the window",
        )  # fmt: skip


def start_driver(hub: Hub, rig: RigAtHand, args: argparse.Namespace) -> Child:
    """Start the policy process, or the operator that plays a baseline."""
    if args.baseline is not None:
        return start_operator(hub, rig, args.baseline)
    headless = ["--headless"] if args.enable == "headless" else []
    policy = hub.start(
        "policy", str(args.run), "--weights", args.weights, "--connect", rig.endpoints.text(), *headless,
        *trial.read(args).words(),
    )  # fmt: skip
    hub.wait_ready(policy, POLICY_START_S)
    return policy


def specs_of(args: argparse.Namespace, trajectory: Path | None) -> list[TakeSpec]:
    """Return one take per seed."""
    drive = {"trajectory": str(trajectory)} if trajectory else {}
    name = args.baseline or "policy"
    meta: dict[str, Any] = {"operator": name, "instruction": load_rig(args.rig).instruction}
    if args.run is not None:
        meta["provenance"] = {"kind": "rollout", "checkpoint": str(args.run.resolve())}
        if changed := trial.read(args).words():
            meta["provenance"]["trial"] = " ".join(changed)
    return [
        TakeSpec(args.seed + index, args.condition, args.limit, meta, drive) for index in range(args.episodes)
    ]


class Series:
    """When a series of rollouts ends before its last one, and what its parent is told of each.

    Args:
        link: To the parent.
        rig: What it runs on.
        lapses: A lapse of the enabling input ends the series: it is a person's.
        episodes: How many are planned.
    """

    def __init__(self, link: ChildLink, rig: RigAtHand, lapses: bool, episodes: int) -> None:
        self._link, self._rig, self._lapses, self._episodes = link, rig, lapses, episodes
        self._lapsed = False

    def told(self, take: TakeResult, count: int) -> None:
        """Tell what a rollout came to."""
        cut = take.why == INTERRUPTED
        if cut and self._lapses:
            self._lapsed = True
            self._link.notice("The enabling input lapsed, so the series ends here; begin another.", "warning")
        judged = "interrupted, not scored," if cut else f"score {take.score:.2f} in"
        self._link.progress(
            text=f"seed {take.seed}: {judged} {take.seconds:.1f} s ({count} of {self._episodes})",
            done=count, episodes=self._episodes, score=take.score, outcome=take.outcome, path=take.path,
            seed=take.seed, interrupted=cut,
        )  # fmt: skip

    def over(self) -> bool:
        """Whether the parent asked for the end, or the person's enabling input lapsed."""
        for intent in self._link.poll():
            if intent.get("name") == "stop":
                self._link.stop("the person asked")
        return self._link.stopping or self._lapsed

    def stopping(self) -> bool:
        """Whether no other rollout may begin: it is over, or a software stop came, of whomever."""
        if not self.over() and self._rig.was_stopped():
            self._link.notice(STOPPED, "warning")
            self._link.stop("a software stop")
        return self.over()


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Run the rollouts and return the score with its interval."""
    check(args)
    link = ChildLink("deploy", args.hub, args.run_id)
    folder = args.data or rollouts_folder()
    scratch = Path(tempfile.mkdtemp(prefix="touchstone-"))

    def hear(_child: Child, event: Event) -> None:
        link.pass_on(event)
        if event.kind == "state" and event.body.get("name") in ("driving", "recording"):
            link.send("state", **event.body)  # plan, rates and what the recorder has, for the window
        elif event.kind == "state" and event.body.get("name") == "sample":
            for child in [child for child in hub.children.values() if child.role == "record"]:
                hub.send(child, "intent", **event.body)

    try:
        with Hub(hear) as hub, RigAtHand(hub, args.rig, args.connect, args.fast) as rig:
            trajectory = None
            if args.episode is not None:
                trajectory = scratch / "replay.npy"
                save_trajectory(trajectory, replay_rows(args.episode, rig.info.period_ns * 1e-9))
            driver = start_driver(hub, rig, args)
            recorder = start_recorder(hub, rig, folder)
            lapses = args.enable == "window" and args.run is not None
            series = Series(link, rig, lapses, args.episodes)
            link.ready(data=str(folder), connect=rig.endpoints.text(), driver=driver.ready or {})

            def watch() -> None:
                if series.over():
                    hub.intent(driver, "end")

            specs = specs_of(args, trajectory)
            results = evaluate(hub, rig, recorder, driver, specs, series.stopping, series.told, watch)
        result = {**summary(results), "data": str(folder), "policy": str(args.run or args.baseline)}
        link.send("result", **result)
        return result
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        link.close()
