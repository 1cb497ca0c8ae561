"""Scores a policy in the middle of its training: `deploy --fast` as a child, on seeds that nothing else uses."""

from __future__ import annotations

import tempfile
from pathlib import Path

from app.core.errors import LearningError
from app.core.link.child import ChildLink
from app.core.link.hub import Hub
from app.core.rig import load_rig
from app.learning.keeping import KeepConfig

LIMIT_S = 1800.0


def require_simulated(rig: str) -> None:
    """Refuse a rig whose rollouts would need a person.

    Raises:
        LearningError: With the way out.
    """
    if not load_rig(rig).simulated:
        raise LearningError(
            f"--best rollout on rig {rig!r}", "a real arm moves only while a person enables it",
            way_out="Choose --best loss",
        )  # fmt: skip


def mean_score(run: Path, rig: str, keep: KeepConfig, link: ChildLink) -> float:
    """Return the mean score of a checkpoint's rollouts in lock-step; they are not kept.

    Raises:
        LearningError: If no rollout could be scored.
        ProcessError: If the rollouts fail, in the words of the process that failed.
    """
    with tempfile.TemporaryDirectory(prefix="touchstone-rollouts-") as data, Hub() as hub:
        child = hub.start(
            "deploy", str(run), "--rig", rig, "--fast", "--episodes", str(keep.rollouts), "--seed", str(keep.seed),
            "--data", data,
        )  # fmt: skip
        waited_ms, asked = 0, False
        while child.result is None and waited_ms < LIMIT_S * 1000.0 and not link.stopping:
            heard = hub.poll(100)
            waited_ms += 100
            for _child, event in heard:
                if event.kind == "progress":
                    link.notice(f"rollouts: {event.body.get('text', '')}")
            asked = asked or any(intent.get("name") == "stop" for intent in link.poll())
            if not child.running and not heard:
                raise hub.death_of(child)
        result = child.result or {}
    if asked:  # softly: after this measurement, so that a resumed run has it too
        link.stop("the person asked")
    score = result.get("mean_score")
    if score is None or score != score:
        cause = "the run was stopped meanwhile" if link.stopping else "no rollout was scored"
        raise LearningError(f"rollouts of {run}", cause, way_out="Resume the run, or choose --best loss")
    return float(score)
