"""Where a run's rows go: the parent (or the terminal), `losses.csv`, and a checkpoint every half minute."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable
from pathlib import Path

from app.core.link.child import ChildLink
from app.learning.config import Budget
from app.learning.training.loop import Row

TELL_EVERY_S = 0.15
TELL_TERMINAL_EVERY_S = 5.0
SAVE_EVERY_S = 30.0
COLUMNS = ("stage", "step", "loss", "val_loss", "lr", "seconds")


class Reporter:
    """Tells, writes and saves; says when to stop.

    Args:
        losses: The CSV file; rows after the resumed step are cut off when it is opened.
        save: Writes a checkpoint for (stage, step).
        save_every_s: Time between checkpoints.
        quiet: No parent listens, so a terminal gets a line now and then.
    """

    def __init__(
        self, link: ChildLink, losses: Path, budget: Budget, save: Callable[[str, int], None], quiet: bool,
        save_every_s: float = SAVE_EVERY_S,
    ) -> None:  # fmt: skip
        self._link, self._losses, self._budget, self._save = link, losses, budget, save
        self._save_every_s = save_every_s
        self._every = TELL_TERMINAL_EVERY_S if quiet else TELL_EVERY_S
        self._told = self._saved = time.monotonic()
        self.newest: dict[str, Row] = {}
        self._first: dict[str, tuple[int, float]] = {}

    def resume(self, stage: str, step: int) -> None:
        """Keep in `losses.csv` only the rows up to `step` of `stage`; with step 0 of the first stage, start it."""
        kept = []
        if step > 0 or (stage == "planner" and self._budget.tokenizer > 0):
            with self._losses.open(newline="") as stream:
                rows = list(csv.DictReader(stream))
            kept = [row for row in rows if (row["stage"], stage) != ("planner", "tokenizer")]
            kept = [row for row in kept if row["stage"] != stage or int(row["step"]) <= step]
        with self._losses.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, COLUMNS)
            writer.writeheader()
            writer.writerows(kept)

    def told(self, row: Row) -> bool:
        """Take a row; returns whether to stop."""
        self.newest[row.stage] = row
        with self._losses.open("a", newline="") as stream:
            csv.writer(stream).writerow(
                (
                    row.stage,
                    row.step,
                    f"{row.loss:.9g}",
                    f"{row.val_loss:.9g}",
                    f"{row.rate:.6g}",
                    f"{row.seconds:.2f}",
                )
            )
        now = time.monotonic()
        if now - self._told >= self._every:
            self._told = now
            self.tell(row)
        if now - self._saved >= self._save_every_s:
            self._saved = now
            self._save(row.stage, row.step)
        for intent in self._link.poll():
            if intent.get("name") == "stop":
                self._link.stop("the person asked")
        return self._link.stopping

    def tell(self, row: Row) -> None:
        """Send one progress event."""
        done = row.step + (self._budget.tokenizer if row.stage == "planner" else 0)
        validation = None if math.isnan(row.val_loss) else row.val_loss
        left = self._seconds_left(row)
        text = f"{row.stage} {row.step}/{self._of(row.stage)}, loss {row.loss:.4f}, about {left:.0f} s left"
        self._link.progress(
            stage=row.stage, step=done, steps=self._budget.steps, stage_step=row.step, stage_steps=self._of(row.stage),
            loss=row.loss, val_loss=validation, lr=row.rate, seconds_left=left, text=text,
        )  # fmt: skip

    def _of(self, stage: str) -> int:
        return self._budget.tokenizer if stage == "tokenizer" else self._budget.planner

    def _seconds_left(self, row: Row) -> float:
        """Return an estimate: this stage at its own pace so far; a planner step costs a third of a tokenizer step."""
        step, seconds = self._first.setdefault(row.stage, (row.step, row.seconds))
        pace = (
            (row.seconds - seconds) / (row.step - step) if row.step > step else row.seconds / max(1, row.step)
        )
        left = pace * (self._of(row.stage) - row.step)
        return left + (pace / 3.0 * self._budget.planner if row.stage == "tokenizer" else 0.0)
