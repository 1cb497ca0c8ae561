"""Role `augment`: perturb recorded demonstrations, replay them in the simulator, keep what the task's score accepts."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.augment.pulse import Pulse, PulseSettings, draw, perturb
from app.core.episodes import EpisodeRow
from app.core.errors import EpisodeError, UsageError
from app.core.link.child import ChildLink
from app.core.link.hub import Child, Hub
from app.core.priority import yield_to_control
from app.core.project import augmented_folder, demonstrations_folder
from app.core.rig import load_rig
from app.session.collect import start_operator, start_recorder
from app.session.rigging import RigAtHand
from app.session.take import TakeResult, TakeSpec, record_take
from app.session.trajectory import into_motion_s, replay_rows, replayed_ns
from app.teleop.replay import save_trajectory
from recorders.labels import change_labels, kept_successes, left_out

RECIPES = ("pulse",)
PATH_POINTS = 80


@dataclass(frozen=True)
class Attempt:
    """One perturbed motion: of which episode, with which pulse, as a trajectory (N, 1 + arms·8).

    What comes before `begin_s` leads up to the part of the episode that is used: it is replayed as it was.
    """

    parent: EpisodeRow
    pulse: Pulse
    rows: np.ndarray
    begin_s: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `augment`."""
    parser.add_argument(
        "folder", nargs="?", type=Path, metavar="DIR", help="demonstrations; the project's by default"
    )
    parser.add_argument("--recipe", default="pulse", choices=RECIPES, help="how paths are perturbed")
    parser.add_argument("--attempts", type=int, default=50, help="replays to try; those that score are kept")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--out", type=Path, default=None, help="folder for the results; the project's by default"
    )
    parser.add_argument("--rig", default="sim/wipe")
    parser.add_argument("--lateral-mm", type=float, default=12.0, help="size of a pulse along the board")
    parser.add_argument("--normal-mm", type=float, default=2.0, help="size of a pulse across the board")
    parser.add_argument("--preview", action="store_true", help="only return the paths, replay nothing")


def plan(folder: Path, args: argparse.Namespace, lead_s: float) -> list[Attempt]:
    """Draw all attempts of a run: which parent, which pulse. The same seed draws the same.

    Raises:
        EpisodeError: If there is no kept success to perturb.
    """
    parents = kept_successes(folder)
    if not parents:
        raise EpisodeError(
            f"folder {folder}", "it holds no kept success", way_out="Record demonstrations first"
        )
    settings = PulseSettings(lateral_m=args.lateral_mm * 1e-3, normal_m=args.normal_mm * 1e-3)
    rng = np.random.default_rng(args.seed)
    motions: dict[str, tuple[np.ndarray, float]] = {}
    attempts = []
    for _ in range(args.attempts):
        parent = parents[int(rng.integers(len(parents)))]
        if parent.uuid not in motions:
            start_ns, end_ns = parent.span_ns
            path = Path(parent.path)
            motions[parent.uuid] = replay_rows(path, lead_s, end_ns), into_motion_s(path, start_ns)
        rows, begin_s = motions[parent.uuid]
        pulse = draw(rng, float(rows[-1, 0]), settings, begin_s)
        attempts.append(Attempt(parent, pulse, perturb(rows, pulse), begin_s))
    return attempts


def path_of(rows: np.ndarray) -> list[list[float]]:
    """Return at most 80 points (x, y, z) of a trajectory, m, base frame, for a picture."""
    pick = np.linspace(0, len(rows) - 1, min(PATH_POINTS, len(rows))).astype(int)
    return [[round(float(value), 5) for value in row] for row in rows[pick, 1:4]]


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Replay every attempt and keep the successes; failures stay beside them, marked."""
    if args.attempts < 1:
        raise UsageError("--attempts", f"{args.attempts} is no number of attempts", options=["1 or more"])
    folder, out = args.folder or demonstrations_folder(), args.out or augmented_folder()
    if folder.resolve() == out.resolve():
        raise UsageError("--out", "it is the folder of the demonstrations", way_out="Name another folder")
    rig = load_rig(args.rig)
    if not rig.simulated:
        raise UsageError(
            f"rig {rig.name!r}", "augmentation replays on simulated rigs only", options=["sim/wipe"]
        )
    attempts = plan(folder, args, rig.period_ms * 1e-3)
    if args.preview:
        paths = [{"parent": item.parent.uuid, "path": path_of(item.rows)} for item in attempts]
        return {"attempts": len(attempts), "kept": 0, "failed": 0, "paths": paths}
    yield_to_control()
    link = ChildLink("augment", args.hub, args.run_id)
    for words in left_out(folder):
        link.notice(words, "warning")
    try:
        result = replay_all(link, attempts, args, out)
        link.send("result", **result)
        return result
    finally:
        link.close()


def replay_all(
    link: ChildLink, attempts: list[Attempt], args: argparse.Namespace, out: Path
) -> dict[str, Any]:
    """Replay the attempts one after the other in lock-step."""
    results: list[TakeResult] = []
    scratch = Path(tempfile.mkdtemp(prefix="touchstone-"))
    try:
        with (
            Hub(lambda _child, event: link.pass_on(event)) as hub,
            RigAtHand(hub, args.rig, None, True) as rig,
        ):
            recorder, replayer = start_recorder(hub, rig, out), start_operator(hub, rig, "replay")
            link.ready(data=str(out), attempts=len(attempts))
            for number, attempt in enumerate(attempts, 1):
                link.poll()
                if link.stopping:
                    break
                results.append(replay(hub, rig, recorder, replayer, attempt, scratch, args, link))
                trim_to_part(out, results[-1], attempt.begin_s)
                tell(link, results[-1], attempt, number, len(attempts), results)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    kept = [take for take in results if take.outcome == "success"]
    return {
        "attempts": len(results), "kept": len(kept), "failed": len(results) - len(kept),
        "files": [take.path for take in kept], "scores": [round(take.score, 4) for take in results], "data": str(out),
    }  # fmt: skip


def replay(
    hub: Hub, rig: RigAtHand, recorder: Child, replayer: Child, attempt: Attempt, scratch: Path,
    args: argparse.Namespace, link: ChildLink,
) -> TakeResult:  # fmt: skip
    """Replay one attempt on its parent's own board and record it."""
    trajectory = scratch / "attempt.npy"
    save_trajectory(trajectory, attempt.rows)
    parent = attempt.parent
    provenance = {
        "kind": "augmentation", "parent": parent.uuid, "part_of": parent.part_of, "recipe": args.recipe,
        "seed": args.seed, "begin_s": attempt.begin_s, **attempt.pulse.record(),
    }  # fmt: skip
    meta = {
        "operator": f"augment-{args.recipe}",
        "instruction": parent.instruction or "",
        "provenance": provenance,
    }
    spec = TakeSpec(
        int(parent.seed or 0), parent.condition or "", float(attempt.rows[-1, 0]) + 1.0, meta,
        {"trajectory": str(trajectory)},
    )  # fmt: skip
    return record_take(hub, rig, recorder, replayer, spec, link.poll)


def trim_to_part(out: Path, take: TakeResult, begin_s: float) -> None:
    """Let a new episode begin where the part of its parent does: what came before only brought the scene there."""
    if begin_s > 0 and (t_ns := replayed_ns(Path(take.path), begin_s)) is not None:
        change_labels(out, take.uuid, {"trim_start_ns": t_ns})


def tell(
    link: ChildLink, take: TakeResult, attempt: Attempt, number: int, total: int, results: list[TakeResult]
) -> None:
    """Tell the parent how one attempt went, with its path for the picture."""
    kept = sum(one.outcome == "success" for one in results)
    link.progress(
        text=f"attempt {number} of {total}: {take.outcome}, score {take.score:.2f} ({kept} kept)", attempt=number,
        attempts=total, kept=kept, failed=number - kept, score=take.score, outcome=take.outcome, why=take.why,
        parent=attempt.parent.uuid, path=path_of(attempt.rows), episode=take.path,
    )  # fmt: skip
