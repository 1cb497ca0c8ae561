"""Collecting with an operator that needs no hand: takes with consecutive seeds until enough succeeded."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from app.core.link.child import ChildLink
from app.core.link.hub import Child, Hub
from app.core.wire.messages import Event
from app.session.disk import seconds_left
from app.session.hand import STATE_PERIOD_S
from app.session.rigging import STOPPED, RigAtHand
from app.session.take import StoppedEarly, TakeResult, TakeSpec, record_take

MOST_TRIES_PER_EPISODE = 3


class ScriptedSession:
    """Records until the plan is full; takes that did not succeed stay on disk, marked.

    Tells the same states as a session by hand, so that the window shows both alike.
    """

    def __init__(
        self, link: ChildLink, hub: Hub, rig: RigAtHand, recorder: Child, operator: Child, folder: Path, plan: int,
        first: TakeSpec,
    ) -> None:  # fmt: skip
        self.link, self.hub, self.rig, self.recorder, self.operator = link, hub, rig, recorder, operator
        self.folder, self.plan, self.spec = folder, plan, first
        self.results: list[TakeResult] = []
        self.kept: list[TakeResult] = []
        self._record: dict[str, Any] = {}
        self._next_state = 0.0

    def hear(self, child: Child, event: Event) -> None:
        """Keep what the recorder tells of the take that runs; to be called with every event of the children."""
        if child is self.recorder and event.kind == "state" and event.body.get("name") == "recording":
            self._record = event.body

    def run(self) -> dict[str, Any]:
        """Record takes until enough succeeded, too many did not, or the parent stops us."""
        self.link.ready(data=str(self.folder))
        while len(self.kept) < self.plan and len(self.results) < MOST_TRIES_PER_EPISODE * self.plan:
            if self._is_stopping():
                break
            self._record = {}
            try:
                self._took(self._record_one())
            except StoppedEarly:
                break
        full = len(self.kept) == self.plan
        if not full and not self.link.stopping:
            self.link.notice(
                f"Only {len(self.kept)} of {len(self.results)} takes succeeded, {self.plan} were wanted; the rest are "
                "kept on disk, marked. In real time a busy machine is the usual cause: end other work, or add --fast.",
                "error",
            )
        return {
            "kept": len(self.kept), "discarded": len(self.results) - len(self.kept),
            "files": [take.path for take in self.kept],
            "mean_score": sum(take.score for take in self.results) / max(1, len(self.results)),
            "dropped": sum(take.dropped for take in self.results),
            "scores": [round(take.score, 4) for take in self.results],
            "kept_scores": [take.score for take in self.kept],
            "data": str(self.folder), "exit_status": 0 if full or self.link.stopping else 1,
        }  # fmt: skip

    def _record_one(self) -> TakeResult:
        return record_take(
            self.hub, self.rig, self.recorder, self.operator, self.spec, self._watch, self._is_stopping
        )

    def _is_stopping(self) -> bool:
        self.link.poll()
        if not self.link.stopping and self.rig.was_stopped():
            self.link.notice(STOPPED, "warning")
            self.link.stop("a software stop")
        return self.link.stopping

    def _took(self, take: TakeResult) -> None:
        self.results.append(take)
        if take.outcome == "success":
            self.kept.append(take)
        spec = self.spec
        self.spec = TakeSpec(spec.seed + 1, spec.condition, spec.limit_s, spec.meta, spec.drive)
        self.link.progress(
            text=f"seed {take.seed}: {take.outcome}, score {take.score:.2f} ({len(self.kept)} of {self.plan} kept)",
            kept=len(self.kept), plan=self.plan, score=take.score, outcome=take.outcome, path=take.path,
        )  # fmt: skip
        self._tell("kept", f"seed {take.seed}: {take.outcome}, score {take.score:.2f}")

    def _watch(self) -> None:
        self.link.poll()
        if self.link.stopping:
            self.hub.intent(self.operator, "end")
        self.rig.follow()
        if time.monotonic() >= self._next_state:
            self._tell("recording" if self._record else "resetting", "")

    def _tell(self, phase: str, message: str) -> None:
        self._next_state = time.monotonic() + STATE_PERIOD_S
        record = self._record
        dropped = sum(take.dropped for take in self.results) + int(record.get("dropped", 0))
        disk_s = float(record.get("disk_free_s") or seconds_left(self.folder))
        self.link.send(
            "state", phase=phase, kept=len(self.kept), discarded=len(self.results) - len(self.kept), plan=self.plan,
            seconds=float(record.get("seconds", 0.0)), dropped=dropped, disk_s=disk_s, latency_ms=self.rig.age_ms,
            seed=self.spec.seed, message=message, input=None, data=str(self.folder),
            score=None if self.rig.score is None else self.rig.score[0], practice=False,
        )  # fmt: skip
