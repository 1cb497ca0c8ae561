"""Takes with consecutive seeds and a score with its interval. Used by deploy (a policy) and for the baselines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from app.core.link.hub import Child, Hub
from app.core.statistics import bootstrap_interval
from app.session.rigging import RigAtHand
from app.session.take import StoppedEarly, TakeResult, TakeSpec, record_take

INTERRUPTED = "interrupted"


def evaluate(
    hub: Hub, rig: RigAtHand, recorder: Child, driver: Child, specs: list[TakeSpec],
    stopping: Callable[[], bool], told: Callable[[TakeResult, int], None], watch: Callable[[], object] | None = None,
) -> list[TakeResult]:  # fmt: skip
    """Record one take per spec, whatever its score, and return all results; stops early when asked."""
    results: list[TakeResult] = []
    for spec in specs:
        if stopping():
            break
        try:
            take = record_take(hub, rig, recorder, driver, spec, watch, stopping)
        except StoppedEarly:
            break
        if take.why == "end" and stopping():
            take = replace(take, why=INTERRUPTED)
        results.append(take)
        told(take, len(results))
    return results


def summary(results: list[TakeResult]) -> dict[str, Any]:
    """Return the JSON keys of an evaluation: the mean score with its 95 % bootstrap interval, and every score.

    A rollout that a person or a busy machine cut off says nothing of the policy: it is kept, counted and not scored.
    """
    mean, low, high = bootstrap_interval([take.score for take in results if take.why != INTERRUPTED])
    return {
        "episodes": len(results), "interrupted": sum(take.why == INTERRUPTED for take in results),
        "mean_score": mean, "low": low, "high": high,
        "successes": sum(take.outcome == "success" for take in results),
        "files": [take.path for take in results], "scores": [round(take.score, 4) for take in results],
        "seeds": [take.seed for take in results], "dropped": sum(take.dropped for take in results),
        **({"delays": delays} if (delays := worst_delays([take.delays for take in results])) else {}),
    }  # fmt: skip


def worst_delays(told: list[dict[str, float]]) -> dict[str, float]:
    """Return for several rollouts the mean of each middle (p50) and rate, and the largest of the others."""
    keys = dict.fromkeys(key for each in told for key in each)
    values = {key: [each[key] for each in told if key in each] for key in keys}
    return {
        key: round(sum(found) / len(found), 3) if key.endswith(("p50_ms", "_hz")) else max(found)
        for key, found in values.items()
    }
