"""A touch audit in words and as a picture. Free of torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import msgspec

from app.core.figure import COLOURS, MUTED, Axis, Block, Mark, Row, page
from app.core.statistics import bootstrap_interval
from app.learning.trial import KINDS, Tamper

FOLDER, FILE, TABLE, PLOT = "audit", "audit.json", "audit.md", "audit.svg"
TOUCH = ("touch", "wrench", "field")
SCORE_STEP = 0.25  # between the ticks of the change of score, and what its ends are whole multiples of
LEAST_CHANGE = 0.05  # of a deviation: below it an input does not move the actions to speak of


class Spoiled(msgspec.Struct, frozen=True):
    """What one change of one input did.

    Attributes:
        action: Root mean square change of the actions, in their deviations.
        score, low, high: Change of the mean score over the same seeds, with its 95 % bootstrap interval; None
            without rollouts.
    """

    source: str
    kind: str
    ms: float
    action: float
    score: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def label(self) -> str:
        """What was done, in words."""
        name = self.source.replace("camera:", "camera ")
        return f"{name} {describe(self.kind, self.ms)}"


class Audit(msgspec.Struct, frozen=True):
    """`audit.json`. `sees_touch` tells whether touch is among the policy's inputs at all."""

    run: str
    policy: str
    sees_touch: bool
    windows: int
    rollouts: int
    score: float | None
    low: float | None
    high: float | None
    rows: tuple[Spoiled, ...]
    sentence: str = ""


def describe(kind: str, ms: float) -> str:
    """Return a change in words."""
    return {
        "zero": "at its mean", "freeze": f"held for {ms:g} ms", "shuffle": "from other moments",
        "delay": f"{ms:g} ms late",
    }[kind]  # fmt: skip


def with_scores(row: Spoiled, plain: Sequence[float], spoiled: Sequence[float]) -> Spoiled:
    """Return a row with the change of score, seed by seed."""
    mean, low, high = bootstrap_interval(
        [after - before for before, after in zip(plain, spoiled, strict=True)]
    )
    return msgspec.structs.replace(row, score=mean, low=low, high=high)


def verdict(audit: Audit) -> str:
    """Return in one sentence whether touch is used."""
    if not audit.sees_touch:
        return "Touch is not among the inputs of this policy."
    felt = [row for row in audit.rows if row.source in TOUCH]
    moved = max(felt, key=lambda row: row.action)
    offline = f"offline the actions change by up to {moved.action:.2f} deviations ({moved.label})"
    harmed = [row for row in felt if row.high is not None and row.high < 0.0 and row.score is not None]
    if harmed:
        worst = min(harmed, key=lambda row: row.score or 0.0)
        return (
            f"Touch is used: with {worst.label} the score falls by {-(worst.score or 0.0):.2f} "
            f"[{-(worst.high or 0.0):.2f}, {-(worst.low or 0.0):.2f}]; {offline}."
        )
    if audit.rollouts:
        return (
            f"Touch does not help beyond doubt: nothing that was done to it lowered the score of {audit.rollouts} "
            f"rollouts for certain; {offline}."
        )
    if moved.action >= LEAST_CHANGE:
        return f"Touch moves the actions: {offline}. Whether it helps, rollouts tell."
    return f"Touch is not used: {offline}, which is as good as nothing."


def change_text(row: Spoiled) -> str:
    """Return the change of the score with its interval."""
    if row.score is None:
        return "–"
    return f"{row.score:+.2f} [{row.low:+.2f}, {row.high:+.2f}]"


def table_text(audit: Audit) -> str:
    """Return `audit.md`."""
    plain = "" if audit.score is None else f", score {audit.score:.2f} [{audit.low:.2f}, {audit.high:.2f}]"
    rollouts = f"{audit.rollouts} rollouts each{plain}" if audit.rollouts else "no rollouts"
    lines = [
        f"# Touch audit of {audit.run}", "", audit.sentence, "",
        f"Policy {audit.policy}; {audit.windows} windows of recorded episodes; {rollouts}.", "",
        "| input | change of action, deviations | change of score [95 %] |", "|---|---|---|",
        *(f"| {row.label} | {row.action:.2f} | {change_text(row)} |" for row in audit.rows), "",
    ]  # fmt: skip
    return "\n".join(lines)


def plot(audit: Audit) -> str:
    """Return `audit.svg`: the change of action at the left, and with rollouts that of the score at the right."""
    top = 0.5 * math.ceil(2.0 * max([0.1, *(row.action for row in audit.rows)]))
    names = list(dict.fromkeys(row.source for row in audit.rows))
    blocks = []
    for index, name in enumerate(names):
        rows = [
            Row(
                describe(row.kind, row.ms),
                [Mark(row.action), _score_mark(row)] if audit.rollouts else [Mark(row.action)],
                COLOURS[index % len(COLOURS)] if name in TOUCH else MUTED,
            )
            for row in sorted(
                (row for row in audit.rows if row.source == name), key=lambda row: order(row.kind)
            )
        ]
        blocks.append(Block(name.replace("camera:", "camera "), rows))
    units = "action: in deviations; score: after minus before" if audit.rollouts else "in deviations"
    panels = [("change of action", Axis(0.0, top, (0.0, 0.5 * top, top), units, 0.0))]
    if audit.rollouts:
        panels.append(("change of score", _score_axis(audit.rows)))
    return page(f"Touch audit of {Path(audit.run).name}", panels, blocks, [audit.sentence])


def _score_axis(rows: Sequence[Spoiled]) -> Axis:
    """Return an axis that holds zero and every interval: a score can fall by more than 1 and hardly ever rises."""
    values = [value for row in rows for value in (row.score, row.low, row.high) if value is not None]
    low = min(-2, math.floor(min(values, default=0.0) / SCORE_STEP))
    high = max(1, math.ceil(max(values, default=0.0) / SCORE_STEP))
    apart = math.ceil((high - low) / 6)  # so many steps from tick to tick, that the numbers do not touch
    ticks = [step * SCORE_STEP for step in range(low, high + 1) if step % apart == 0]
    return Axis(low * SCORE_STEP, high * SCORE_STEP, ticks, "change of score", 0.0)


def _score_mark(row: Spoiled) -> Mark:
    return Mark(row.score, row.low, row.high, "no rollouts")


def order(kind: str) -> int:
    """Return where a kind of change stands."""
    return next(index for index, name in enumerate(KINDS) if name == kind)


def tampers(sources: Sequence[str], freeze_ms: float, delay_ms: float) -> list[Tamper]:
    """Return all changes of some inputs."""
    spans = {"freeze": freeze_ms, "delay": delay_ms}
    return [Tamper(source, kind, spans.get(kind, 0.0)) for source in sources for kind in KINDS]


def read(run: Path) -> Audit | None:
    """Return the audit of a run, None if there is none or it cannot be read."""
    try:
        return msgspec.json.decode((run / FOLDER / FILE).read_bytes(), type=Audit)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
