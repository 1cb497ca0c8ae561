"""Role `study`: collect, train and roll out by a plan that is written first; one table and one page of plots.

The same command goes on where an earlier one stopped.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import msgspec

from app.core.errors import UsageError
from app.core.link.child import ChildLink
from app.core.link.hub import Hub
from app.study.forms import FORMS, build_plan
from app.study.keep import read_all
from app.study.plan import Plan, settle
from app.study.report import PLOTS, TABLE, plan_text, table_text, write
from app.study.results import gather
from app.study.runner import Runner

STUDIES = ("reactive",)
MOST_JOBS = 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `study`."""
    parser.add_argument("name", choices=STUDIES, help="which study")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the study")
    parser.add_argument("--form", default="cpu", choices=tuple(FORMS), help="how large it is (default cpu)")
    parser.add_argument("--tasks", default="", help="only these, separated by commas")
    parser.add_argument(
        "--minutes", type=float, default=None, help="stop after this time; the same command goes on"
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time (default 2)")
    parser.add_argument("--plan", action="store_true", help="only write the plan")


def check(args: argparse.Namespace) -> None:
    """Refuse arguments that make no sense.

    Raises:
        UsageError: With the way out.
    """
    if args.minutes is not None and not args.minutes > 0.0:
        raise UsageError("--minutes", f"{args.minutes:g} is no time", options=["above 0"])
    if not 1 <= args.jobs <= MOST_JOBS:
        raise UsageError("--jobs", f"{args.jobs} is no number of processes", options=[f"1 to {MOST_JOBS}"])


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Go on with the study; returns where it stands."""
    check(args)
    tasks = [name.strip() for name in args.tasks.split(",") if name.strip()]
    folder = args.out.resolve()
    plan = build_plan(args.form, tasks)
    settle(folder, plan, plan_text(plan, args.jobs))
    link = ChildLink("study", args.hub, args.run_id)
    try:
        with Hub(lambda _child, event: link.pass_on(event)) as hub:
            seconds = 0.0 if args.plan else None if args.minutes is None else args.minutes * 60.0
            runner = Runner(folder, plan, hub, link, args.jobs, seconds)
            link.ready(out=str(folder), stages=len(plan.stages))
            runner.run()
        return told(folder, plan, runner, link)
    finally:
        link.close()


def told(folder: Path, plan: Plan, runner: Runner, link: ChildLink) -> dict[str, Any]:
    """Write the results and return where the study stands."""
    results = gather(plan, read_all(folder))
    write(folder, plan, results)
    left = [stage.name for stage in runner.left]
    result: dict[str, Any] = {
        "out": str(folder), "complete": results.complete, "stages": results.stages, "done": results.stages_done,
        "left": left, "minutes_left": round(runner.seconds_left / 60.0, 1), "failed": runner.failed,
        "table": str(folder / TABLE), "plots": str(folder / PLOTS),
        "ratios": msgspec.to_builtins(results.ratios), "cells": msgspec.to_builtins(results.entries),
    }  # fmt: skip
    link.send("result", **result)
    end = f"{len(left)} stages are left, about {runner.seconds_left / 60.0:.0f} min; the same command goes on.\n"
    return {
        **result, "text": table_text(plan, results) + (end if left else ""), "exit_status": 1 if runner.failed else 0,
    }  # fmt: skip
