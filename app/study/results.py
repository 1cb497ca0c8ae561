"""From the outcomes of stages to the entries of the table and the ratios, with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from app.core.statistics import RESAMPLES, bootstrap_interval
from app.study.forms import BASELINES, REACTIVE
from app.study.keep import Outcome
from app.study.plan import Cell, Group, Plan

WAITS = "not yet run"
Scores = dict[tuple[str, str, str], list[float]]
"""By task, condition and method."""


class Entry(msgspec.Struct, frozen=True):
    """One cell with its result. `n` rollouts of `planned`; the numbers are None when there is none.

    Attributes:
        by_seed: Mean score of each deploy stage, in the order of the training seeds.
        why: Why it is not complete; empty if it is.
    """

    task: str
    group: Group
    method: str
    condition: str
    n: int
    planned: int
    mean: float | None
    low: float | None
    high: float | None
    by_seed: tuple[float, ...]
    why: str = ""


class Ratio(msgspec.Struct, frozen=True):
    """A method's mean score over the better baseline's, over the same cells. `high` is None when it has no bound."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    cells: int
    why: str = ""


class Results(msgspec.Struct, frozen=True):
    """All that a study found so far."""

    form: str
    complete: bool
    stages_done: int
    stages: int
    entries: tuple[Entry, ...]
    ratios: tuple[Ratio, ...]
    programs: tuple[str, ...]


def gather(plan: Plan, outcomes: Mapping[str, Outcome]) -> Results:
    """Return the results of what is finished."""
    good = {name: outcome for name, outcome in outcomes.items() if not outcome.error}
    entries = tuple(_entry(plan, cell, good, outcomes) for cell in plan.cells)
    scores = {
        (cell.task, cell.condition, cell.method): _scores(cell, good)
        for cell, entry in zip(plan.cells, entries, strict=True)
        if cell.group == "table" and not entry.why
    }
    done = sum(stage.name in good for stage in plan.stages)
    return Results(
        form=plan.form, complete=done == len(plan.stages), stages_done=done, stages=len(plan.stages), entries=entries,
        ratios=tuple(_ratios(scores)), programs=tuple(sorted({outcome.program for outcome in good.values()})),
    )  # fmt: skip


def _scores(cell: Cell, good: Mapping[str, Outcome]) -> list[float]:
    return [float(score) for name in cell.stages if name in good for score in good[name].result["scores"]]


def _entry(plan: Plan, cell: Cell, good: Mapping[str, Outcome], outcomes: Mapping[str, Outcome]) -> Entry:
    scores = _scores(cell, good)
    done = [name for name in cell.stages if name in good]
    rollouts = plan.rollouts if cell.group == "table" else plan.control_rollouts
    mean, low, high = bootstrap_interval(scores) if scores else (None, None, None)
    return Entry(
        task=cell.task, group=cell.group, method=cell.method, condition=cell.condition, n=len(scores),
        planned=rollouts * len(cell.stages), mean=mean, low=low, high=high,
        by_seed=tuple(float(np.mean(good[name].result["scores"])) for name in done),
        why=_why(plan, cell, done, outcomes),
    )  # fmt: skip


def _why(plan: Plan, cell: Cell, done: Sequence[str], outcomes: Mapping[str, Outcome]) -> str:
    """Return why a cell is not complete; empty if it is."""
    if cell.absent or len(done) == len(cell.stages):
        return cell.absent
    names = [need for name in cell.stages for need in (*_all_needs(plan, name), name)]
    failed = [outcomes[name].error for name in names if name in outcomes and outcomes[name].error]
    return f"failed: {failed[0]}" if failed else WAITS


def _all_needs(plan: Plan, name: str) -> list[str]:
    return [need for first in plan.stage(name).needs for need in (*_all_needs(plan, first), first)]


def _ratios(scores: Scores) -> list[Ratio]:
    spans = {"overall": None, "perturbed after contact": "after"}
    return [
        _ratio(f"{method}, {span}", scores, method, condition)
        for span, condition in spans.items()
        for method in REACTIVE
    ]


def _ratio(name: str, scores: Scores, method: str, condition: str | None) -> Ratio:
    """Return the ratio of means over the cells in which the method and both baselines are complete."""
    wanted = (method, *BASELINES)
    cells = dict.fromkeys((task, case) for task, case, _ in scores if condition in (None, case))
    shared = [(task, case) for task, case in cells if all((task, case, who) in scores for who in wanted)]
    if not shared:
        return Ratio(name, None, None, None, 0, "not all of its cells were run")
    point = {
        who: float(np.mean([np.mean(scores[task, case, who]) for task, case in shared])) for who in wanted
    }
    best = max(point[who] for who in BASELINES)
    if best <= 0.0:
        return Ratio(name, None, None, None, len(shared), "the better baseline scores nothing")
    drawn = {
        who: np.mean([_resampled(scores[(*cell, who)], i, who) for i, cell in enumerate(shared)], axis=0)
        for who in wanted
    }
    below = np.maximum(drawn[BASELINES[0]], drawn[BASELINES[1]])
    ratios = np.where(below > 0.0, drawn[method] / np.where(below > 0.0, below, 1.0), np.inf)
    low, high = np.percentile(ratios, [2.5, 97.5], method="nearest")
    return Ratio(name, point[method] / best, _bounded(low), _bounded(high), len(shared))


def _resampled(values: Sequence[float], index: int, who: str) -> np.ndarray:
    """Return the means (RESAMPLES,) of resamples of one cell; each method and cell has draws of its own."""
    scores = np.asarray(values)
    rng = np.random.default_rng([index, *who.encode()])
    means: np.ndarray = scores[rng.integers(0, scores.size, (RESAMPLES, scores.size))].mean(axis=1)
    return means


def _bounded(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
