"""Role `demo`: collect, augment, train and deploy on the simulated bench, by the commands that a person would type."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.core.errors import ProcessError
from app.core.link.child import ChildLink
from app.core.link.hub import Hub
from app.core.project import augmented_folder, demonstrations_folder, rollouts_folder, runs_folder
from app.core.rig import load_rig
from app.demo.table import render

UNSEEN_SEED = 5000
STAGE_LIMIT_S = 1500.0


@dataclass
class Stages:
    """Runs roles one after the other and remembers what each gave and how long it took."""

    hub: Hub
    link: ChildLink
    seconds: dict[str, float] = field(default_factory=dict)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)

    def run(self, stage: str, role: str, *words: str) -> dict[str, Any]:
        """Run one role to its end and return its JSON keys.

        Raises:
            ProcessError: If it fails, or takes far too long.
        """
        begun = time.monotonic()
        child = self.hub.start(role, *words)
        while child.running:
            for source, event in self.hub.poll(200):
                if source is child and event.kind in ("progress", "notice") and "text" in event.body:
                    print(f"  {stage}: {event.body['text']}", file=sys.stderr, flush=True)
            self.link.poll()
            if self.link.stopping or time.monotonic() - begun > STAGE_LIMIT_S:
                self.hub.stop(child)
                raise ProcessError(
                    f"stage {stage!r}", self.link.why_stopping or f"it took over {STAGE_LIMIT_S:g} s"
                )
        self.hub.poll(0)
        result = child.last_json()
        status, words_left = child.process.returncode, child.error_tail(500)
        self.hub.stop(child)
        if status != 0 or result is None:
            cause = str(
                (result or {}).get("error") or words_left.strip().splitlines()[-1:] or "it said nothing"
            )
            raise ProcessError(f"stage {stage!r}", f"`main.py {role}` ended with status {status}: {cause}")
        self.seconds[stage] = time.monotonic() - begun
        self.results[stage] = result
        return result


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `demo`."""
    parser.add_argument("--rig", default="sim/wipe")
    parser.add_argument(
        "--data", type=Path, default=None, help="folder for everything; a fresh temporary one by default"
    )
    parser.add_argument("--episodes", type=int, default=40, help="demonstrations to keep")
    parser.add_argument("--attempts", type=int, default=20, help="augmentation attempts")
    parser.add_argument("--steps", type=int, default=3000, help="training steps")
    parser.add_argument("--rollouts", type=int, default=20, help="unseen boards per row of the table")
    parser.add_argument("--seed", type=int, default=0)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Run the loop; fails if the policy is not better than the replay beyond doubt."""
    load_rig(args.rig)  # a wrong name fails before anything is made
    folder = args.data or Path(tempfile.mkdtemp(prefix="touchstone-demo-"))
    link = ChildLink("demo", args.hub, args.run_id)
    begun = time.monotonic()
    try:
        with Hub() as hub:
            stages = Stages(hub, link)
            learn(stages, args, folder)
            compare(stages, args, folder)
    finally:
        link.close()
    total = time.monotonic() - begun
    print(render(stages.seconds, stages.results, total), file=sys.stderr, flush=True)
    policy, replay = stages.results["policy"], stages.results["replay"]
    passed = policy["low"] > replay["high"]
    print(f"\nTo look at it: python main.py window --data {folder}", file=sys.stderr, flush=True)
    if not passed:
        print("The policy is not better than the replay beyond doubt: the loop is not done.", file=sys.stderr)
    rows = {
        name: {key: stages.results[name][key] for key in ("mean_score", "low", "high", "episodes")}
        for name in ROWS
    }
    return {
        "passed": passed, "seconds": round(total, 1), "stages": {k: round(v, 1) for k, v in stages.seconds.items()},
        "kept": stages.results["collect"]["kept"], "augmented": stages.results["augment"]["kept"],
        "attempts": stages.results["augment"]["attempts"], "loss": stages.results["train"]["loss"], "rows": rows,
        "data": str(folder), "exit_status": 0 if passed else 1,
    }  # fmt: skip


ROWS = ("policy", "script", "replay", "idle")


def learn(stages: Stages, args: argparse.Namespace, folder: Path) -> None:
    """Collect, augment, train."""
    shown, more, trained = (
        demonstrations_folder(folder),
        augmented_folder(folder),
        runs_folder(folder) / "demo",
    )
    rig, seed = ("--rig", args.rig), ("--seed", str(args.seed))
    stages.run(
        "collect",
        "collect",
        *rig,
        *seed,
        "--operator",
        "script",
        "--episodes",
        str(args.episodes),
        "--data",
        str(shown),
        "--fast",
    )
    stages.run(
        "augment",
        "augment",
        str(shown),
        *rig,
        *seed,
        "--recipe",
        "pulse",
        "--attempts",
        str(args.attempts),
        "--out",
        str(more),
    )
    stages.run(
        "train",
        "train",
        str(shown),
        str(more),
        *seed,
        "--policy",
        "rdp",
        "--steps",
        str(args.steps),
        "--out",
        str(trained),
    )


def compare(stages: Stages, args: argparse.Namespace, folder: Path) -> None:
    """Score the policy and the baselines on the same unseen boards."""
    collected = stages.results["collect"]
    best = max(zip(collected["kept_scores"], collected["files"], strict=True))[1]
    common = ("--rig", args.rig, "--episodes", str(args.rollouts), "--seed", str(UNSEEN_SEED), "--fast")
    stages.run(
        "policy", "deploy", str(runs_folder(folder) / "demo"), *common, "--data", str(rollouts_folder(folder))
    )
    extra = {"script": (), "replay": ("--episode", best), "idle": ("--limit", "6")}
    for name, words in extra.items():
        stages.run(
            name, "deploy", "--baseline", name, *words, *common, "--data", str(folder / f"baseline-{name}")
        )
