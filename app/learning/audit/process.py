"""Role `audit`: zero, freeze, shuffle and delay each input of a policy; what that does to its actions and its score."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import torch

from app.core.errors import LearningError, UsageError
from app.core.link.child import ChildLink
from app.core.link.hub import Hub
from app.core.project import demonstrations_folder
from app.core.statistics import bootstrap_interval
from app.learning import checkpoint
from app.learning.audit.offline import Offline
from app.learning.audit.report import (
    FILE,
    FOLDER,
    PLOT,
    TABLE,
    Audit,
    Spoiled,
    plot,
    table_text,
    tampers,
    verdict,
    with_scores,
)
from app.learning.config import RunConfig
from app.learning.data.dataset import join
from app.learning.data.sources import load_folders, sources_of, with_pictures
from app.learning.policies.observing import ObservingPolicy
from app.learning.trial import DELAY_MS, FREEZE_MS, PICTURES, Tamper

AUDIT_SEED = 7000
POLL_MS = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `audit`."""
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a checkpoint")
    parser.add_argument(
        "--data", type=Path, default=None, metavar="DIR", help="recorded episodes to act on offline"
    )
    parser.add_argument("--rollouts", type=int, default=0, help="per change; 0 for offline alone (default)")
    parser.add_argument("--seed", type=int, default=AUDIT_SEED, help="of the first rollout")
    parser.add_argument("--condition", default="", help="of the task; empty for the rig's own")
    parser.add_argument("--delay", type=float, default=DELAY_MS, help=f"ms (default {DELAY_MS:g})")
    parser.add_argument("--freeze", type=float, default=FREEZE_MS, help=f"ms (default {FREEZE_MS:g})")


def inputs_of(policy: ObservingPolicy) -> list[str]:
    """Return the names of a policy's inputs; `touch` stands for wrench and field together."""
    felt = [name for name, used in (("wrench", policy.used.wrench), ("field", policy.used.field)) if used]
    both = ["touch"] if len(felt) > 1 else []
    return [*both, *felt, "motion", *(PICTURES + name for name in policy.seen_cameras.names)]


def offline(policy: ObservingPolicy, config: RunConfig, run: Path, data: Path) -> Offline:
    """Return the policy's actions over the kept successes of a folder.

    Raises:
        LearningError: If there is none, or they do not fit the policy.
    """
    episodes = load_folders([data], policy.grid, config.seed, policy.seen_cameras.names)
    first = episodes[0]
    checkpoint.require_rig(run, config, first.rig, first.task, first.markers)
    series = join([episode.arrays for episode in episodes])
    return Offline(policy, with_pictures(series, sources_of(episodes), policy.seen_cameras, run.parent))


class Rollouts:
    """Scores of a policy over the same seeds, plain or spoiled, by the public command line."""

    def __init__(self, args: argparse.Namespace, rig: str, hub: Hub, link: ChildLink, folder: Path) -> None:
        self._args, self._rig, self._hub, self._link, self._folder = args, rig, hub, link, folder

    def scores(self, tamper: Tamper | None) -> list[float] | None:
        """Return one score per seed; None if the audit is to stop.

        Raises:
            ProcessError: If the rollouts fail.
        """
        args = self._args
        words = [] if tamper is None else ["--tamper", tamper.word()]
        folder = self._folder / (words[-1] if words else "plain")
        child = self._hub.start(
            "deploy", str(args.run), "--rig", self._rig, "--episodes", str(args.rollouts), "--seed", str(args.seed),
            "--condition", args.condition, "--fast", "--data", str(folder), *words,
        )  # fmt: skip
        try:
            while child.running:
                self._hub.poll(POLL_MS)
                self._link.poll()
                if self._link.stopping:
                    return None
            result = child.last_json()
            if child.process.returncode != 0 or result is None:
                raise self._hub.death_of(child)
            return [float(score) for score in result["scores"]]
        finally:
            self._hub.stop(child)


def roll_out(
    rows: list[Spoiled], plans: list[Tamper], rollouts: Rollouts, link: ChildLink
) -> list[list[float]]:
    """Return the plain scores and put the changes of score into `rows`, as far as the parent lets it.

    Returns:
        The plain scores in a list of one, or an empty list if the audit was stopped before they were known.
    """
    plain = rollouts.scores(None)
    if plain is None:
        return []
    for index, tamper in enumerate(plans):
        link.progress(text=f"rollouts with {rows[index].label}", done=index, total=len(plans))
        spoiled = rollouts.scores(tamper)
        if spoiled is None:
            break
        rows[index] = with_scores(rows[index], plain, spoiled)
    return [plain]


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Audit a policy; the result is written into the run's folder."""
    if args.rollouts < 0:
        raise UsageError("--rollouts", f"{args.rollouts} is no number of rollouts", options=["0 or more"])
    if not (0.0 < args.delay <= 10_000.0 and 0.0 < args.freeze <= 10_000.0):
        raise UsageError("--delay, --freeze", "they are times", options=["above 0 to 10000 ms"])
    torch.set_num_threads(1)
    link = ChildLink("audit", args.hub, args.run_id)
    try:
        config = checkpoint.read_config(args.run)
        policy = checkpoint.load_policy(args.run, config)
        plans = tampers(inputs_of(policy), args.freeze, args.delay)
        actions = offline(policy, config, args.run, args.data or demonstrations_folder())
        link.ready(run=str(args.run), changes=len(plans))
        rows = [Spoiled(plan.source, plan.kind, plan.ms, actions.change(plan)) for plan in plans]
        plain: list[list[float]] = []
        if args.rollouts:
            with tempfile.TemporaryDirectory(prefix="touchstone-audit-") as scratch, Hub() as hub:
                plain = roll_out(rows, plans, Rollouts(args, config.rig, hub, link, Path(scratch)), link)
        mean, low, high = bootstrap_interval(plain[0]) if plain else (None, None, None)
        audit = Audit(
            run=str(args.run), policy=config.policy, sees_touch=policy.used.wrench or policy.used.field,
            windows=actions.windows, rollouts=args.rollouts if plain else 0, score=mean, low=low, high=high,
            rows=tuple(rows),
        )  # fmt: skip
        audit = msgspec.structs.replace(audit, sentence=verdict(audit))
        write(args.run / FOLDER, audit)
        result = {**msgspec.to_builtins(audit), "folder": str(args.run / FOLDER)}
        link.send("result", **result)
        return {**result, "text": table_text(audit)}
    finally:
        link.close()


def write(folder: Path, audit: Audit) -> None:
    """Write table, plot and JSON.

    Raises:
        LearningError: If the folder cannot be written.
    """
    try:
        folder.mkdir(exist_ok=True)
        (folder / TABLE).write_text(table_text(audit), encoding="utf-8")
        (folder / PLOT).write_text(plot(audit), encoding="utf-8")
        checkpoint.replace_file(folder / FILE, msgspec.json.format(msgspec.json.encode(audit), indent=2))
    except OSError as error:
        raise LearningError(f"audit {folder}", f"it cannot be written ({error.strerror})") from error
