"""The role `doctor`: looks at everything, prints a table, and says whether Touchstone works here."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.core.project import project_folder
from app.doctor import drivers, machine, screen, software
from app.doctor.finding import Verdict, table

# Findings without which nothing that needs a package is worth trying.
PACKAGES = ("Python", "packages")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the doctor's own arguments."""
    parser.add_argument(
        "--data", type=Path, help="folder whose disk is looked at; the project folder by default"
    )


def run(args: argparse.Namespace) -> dict[str, object]:
    """Examine this machine.

    Returns:
        `ok`: nothing that Touchstone needs is missing; `problems`: what is missing, each with its way out; `notes`:
        what works only in part; `text`: the table, for people. The exit status is 1 when something is missing.
    """
    programs = software.look()
    packages_are_right = not any(
        item.verdict is Verdict.MISSING for item in programs if item.thing in PACKAGES
    )
    findings = [*programs, *screen.look(packages_are_right), *machine.look(args.data or project_folder())]
    if packages_are_right:
        findings += drivers.look()
    problems = [finding.sentence() for finding in findings if finding.verdict is Verdict.MISSING]
    notes = [finding.sentence() for finding in findings if finding.verdict is Verdict.LIMITED]
    end = f"{len(problems)} missing, see → above." if problems else "Touchstone works here."
    result: dict[str, object] = {"ok": not problems, "problems": problems, "notes": notes}
    if not args.json:
        result["text"] = f"{table(findings)}\n\n{end}"
    return {**result, "exit_status": 1 if problems else 0}
