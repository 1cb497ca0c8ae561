"""A study in words: the plan before it begins, the table and the page of plots from what is finished."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import msgspec

from app.core.figure import COLOURS, MUTED, Axis, Block, Mark, Row, page
from app.study.forms import COLLECT_S, ROLLOUT_S, SLOWER, STEP_S
from app.study.plan import Plan, Stage, replace_file
from app.study.results import WAITS, Entry, Ratio, Results

TABLE, TABLE_JSON, PLOTS = "table.md", "table.json", "plots.svg"
NAMES = {
    "nominal": "nominal", "before": "perturbed before contact", "after": "perturbed after contact",
}  # fmt: skip
AXIS = Axis(-0.5, 1.0, (-0.5, 0.0, 0.5, 1.0), "score, mean and 95 % interval", 0.0)
CONTROL = MUTED


def hours(stages: Sequence[Stage]) -> float:
    """Return the expected hours on one core."""
    return sum(stage.seconds for stage in stages) / 3600.0


def plan_text(plan: Plan, jobs: int) -> str:
    """Return `plan.md`."""
    by_role = {
        role: [stage for stage in plan.stages if stage.role == role]
        for role in ("collect", "train", "deploy")
    }
    last = plan.rollout_seed + max(plan.rollouts, plan.control_rollouts) - 1
    slower = "".join(f" ({task}: {SLOWER[task]:g} times both)" for task in plan.tasks if task in SLOWER)
    lines = [
        f"# Plan of the study of reactive policies, form `{plan.form}`", "",
        f"Touchstone {plan.software}. Written before the first rollout; a folder with another plan is refused.", "",
        f"- Tasks: {', '.join(plan.tasks)}. Conditions: {', '.join(NAMES[name] for name in plan.conditions)}.",
        (f"- Demonstrations: {plan.demonstrations} kept ones of the scripted operator per task, from seed "
        f"{plan.demonstration_seed} on, condition `mixed` (a third of each condition)."),
        (f"- Training: {plan.training_steps} steps, seeds {', '.join(map(str, plan.training_seeds))}; controls "
        f"use seed {plan.training_seeds[0]} alone."),
        f"- Cameras: {', '.join(plan.cameras) or 'none; the policies see the vision estimate of the stain'}.",
        (f"- Rollouts: {plan.rollouts} per cell and training seed, {plan.control_rollouts} per control; held-out seeds "
        f"{plan.rollout_seed} to {last}, the same for all."), "",
        "## Rules", "", *(f"- {rule}" for rule in plan.rules), "",
        "## Cost", "",
        (f"Expected on one core: {COLLECT_S:g} s per demonstration, {STEP_S * 1000:g} ms per training step, "
        f"{ROLLOUT_S:g} s per rollout{slower}; {hours(plan.stages):.1f} h in all, "
        f"{hours(plan.stages) / jobs:.1f} h with {jobs} at a time."), "",
        "| stages | number | hours |", "|---|---|---|",
        *(f"| {role} | {len(stages)} | {hours(stages):.2f} |" for role, stages in by_role.items()), "",
        "## Cells", "", "| task | kind | method | condition | deploy stages |", "|---|---|---|---|---|",
        *(
            f"| {cell.task} | {cell.group} | {cell.method} | {cell.condition} | {cell.absent or len(cell.stages)} |"
            for cell in plan.cells
        ), "",
        "## Command lines", "", "```",
        *(f"python main.py {stage.role} {shlex.join(stage.words)}" for stage in plan.stages), "```", "",
    ]  # fmt: skip
    return "\n".join(lines)


def number(mean: float | None, low: float | None, high: float | None) -> str:
    """Return a mean with its interval; an interval without a bound says so."""
    if mean is None:
        return "–"
    return f"{mean:.2f} [{low or 0.0:.2f}, {'∞' if high is None else f'{high:.2f}'}]"


def cell_text(entry: Entry | None) -> str:
    """Return what stands in a cell of the table."""
    if entry is None:
        return ""
    if entry.n == 0:
        return "not run" if not entry.why.startswith("failed") else "failed"
    part = f" (part: {entry.n} of {entry.planned})" if entry.why else f", n = {entry.n}"
    return number(entry.mean, entry.low, entry.high) + part


def table_text(plan: Plan, results: Results) -> str:
    """Return `table.md`."""
    state = "complete" if results.complete else f"{results.stages_done} of {results.stages} stages done"
    lines = [f"# Study of reactive policies, form `{results.form}`: {state}", ""]
    for task in plan.tasks:
        for group, heading in (("table", "Table"), ("control", "Controls")):
            if any((cell.task, cell.group) == (task, group) for cell in plan.cells):
                lines += [f"## {heading}: {task}", "", *_grid(plan, results, task, group), ""]
    lines += [
        "## Ratios over the better diffusion baseline",
        "",
        "| ratio | mean [95 %] | cells |",
        "|---|---|---|",
    ]
    lines += [f"| {ratio.name} | {ratio_text(ratio)} | {ratio.cells} |" for ratio in results.ratios]
    lines += ["", "Mean [95 % bootstrap interval]; the scores lie in −0.5 to 1. How it was done: plan.md."]
    if len(results.programs) > 1:
        lines.append(
            f"The cells were run by {len(results.programs)} states of the program: {', '.join(results.programs)}."
        )
    reasons = dict.fromkeys(
        f"{entry.method} ({entry.task}): {entry.why}"
        for entry in results.entries
        if entry.why and entry.why != WAITS
    )
    lines += ["", "## Cannot be run", "", *(f"- {reason}" for reason in reasons)] if reasons else []
    return "\n".join([*lines, ""])


def ratio_text(ratio: Ratio) -> str:
    """Return a ratio, or why there is none."""
    return number(ratio.value, ratio.low, ratio.high) if ratio.value is not None else f"– ({ratio.why})"


def _grid(plan: Plan, results: Results, task: str, group: str) -> list[str]:
    mine = {
        (entry.method, entry.condition): entry
        for entry in results.entries
        if (entry.task, entry.group) == (task, group)
    }
    shown = [name for name in plan.conditions if any(condition == name for _, condition in mine)]
    lines = [f"| method | {' | '.join(NAMES[name] for name in shown)} |", "|---" * (1 + len(shown)) + "|"]
    for method in dict.fromkeys(method for method, _ in mine):
        cells = " | ".join(cell_text(mine.get((method, name))) for name in shown)
        lines.append(f"| {method} | {cells} |")
    return lines


def plots(plan: Plan, results: Results) -> str:
    """Return the page of plots."""
    blocks: list[Block] = []
    for task in plan.tasks:
        for group, heading in (("table", task), ("control", f"{task}, controls")):
            mine = [entry for entry in results.entries if (entry.task, entry.group) == (task, group)]
            by_method = {name: [entry for entry in mine if entry.method == name] for name in _methods(mine)}
            rows = [
                Row(
                    method,
                    [
                        _mark([entry for entry in found if entry.condition == name])
                        for name in plan.conditions
                    ],
                    COLOURS[index] if group == "table" else CONTROL,
                )
                for index, (method, found) in enumerate(by_method.items())
            ]
            blocks += [Block(heading, rows)] if rows else []
    told = [
        f"{ratio.name}, over the better diffusion baseline: {ratio_text(ratio)}." for ratio in results.ratios
    ]
    if not results.complete:
        told.append(f"{results.stages_done} of {results.stages} stages are done; the rest is marked.")
    panels = [(NAMES[name], AXIS) for name in plan.conditions]
    return page("Reactive policies: score by method and condition", panels, blocks, told)


def _methods(entries: Sequence[Entry]) -> list[str]:
    return list(dict.fromkeys(entry.method for entry in entries))


def _mark(found: Sequence[Entry]) -> Mark | None:
    if not found:
        return None
    entry = found[0]
    return Mark(entry.mean, entry.low, entry.high, "failed" if entry.why.startswith("failed") else "not run")


def write(folder: Path, plan: Plan, results: Results) -> None:
    """Write the table (Markdown and JSON) and the plots."""
    replace_file(folder / TABLE, table_text(plan, results))
    replace_file(folder / TABLE_JSON, msgspec.json.format(msgspec.json.encode(results), indent=2).decode())
    replace_file(folder / PLOTS, plots(plan, results))
