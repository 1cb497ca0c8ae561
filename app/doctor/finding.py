"""What the doctor found about one thing, and the table of all findings. Used by every module of this package."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """How one thing stands."""

    OK = "ok"
    LIMITED = "limited"  # something that is not needed everywhere is not there
    MISSING = "MISSING"  # Touchstone does not work without it


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's table.

    Attributes:
        thing: What was looked at.
        verdict: How it stands.
        found: What is there, or what is lacking, in words.
        way_out: What to do about a lack; empty for what is well.
    """

    thing: str
    verdict: Verdict
    found: str
    way_out: str = ""

    def sentence(self) -> str:
        """Return the finding as one line of words."""
        return f"{self.thing}: {self.found}." + (f" {self.way_out}." if self.way_out else "")


def table(findings: Sequence[Finding]) -> str:
    """Return the findings as aligned columns, each way out on a line of its own below its thing."""
    width = max((len(finding.thing) for finding in findings), default=0)
    lines = []
    for finding in findings:
        lines.append(f"{finding.thing:{width}}  {finding.verdict.value:8} {finding.found}")
        if finding.way_out:
            lines.append(f"{'':{width}}           → {finding.way_out}")
    return "\n".join(lines)
