"""The state machine of collecting with a hand: one key walks start → keep → next, another discards.

resetting → ready --next--> recording --next--> saving → kept --next--> resetting
              ^                 |--discard--> saving → resetting
              |                 |--recorder or bench lost--> fault (told, the rest goes on)
The arm may be moved in ready and in recording; each episode begins with a fresh tare.
"""

from __future__ import annotations

import time
from enum import Enum
from pathlib import Path
from typing import Any

from app.core.errors import ProcessError, TouchstoneError
from app.core.ids import new_uuid
from app.core.link.child import ChildLink
from app.core.link.hub import Child, Hub
from app.core.wire.messages import Event
from app.session.disk import seconds_left
from app.session.rigging import RigAtHand
from app.session.take import SUCCESS_SCORE
from recorders.library import list_episodes

STATE_PERIOD_S = 0.25
SILENCE_S = 2.0


class Phase(Enum):
    """Where the session stands."""

    RESETTING = "resetting"
    READY = "ready"
    RECORDING = "recording"
    SAVING = "saving"
    KEPT = "kept"
    FAULT = "fault"


FLAGGED = (Phase.RECORDING, Phase.SAVING, Phase.KEPT)


def kept_before(folder: Path, task: str) -> int:
    """Return how many successes of a task lie in a folder: a session that was killed goes on counting there."""
    if not folder.is_dir():
        return 0
    rows = list_episodes(folder)
    return len({row.path for row in rows if row.usable and row.task == task})  # a split take counts once


class HandSession:
    """Collects with a person; hears intents, tells states. Owned by the main thread of `collect`."""

    def __init__(
        self, link: ChildLink, hub: Hub, rig: RigAtHand, recorder: Child, operator: Child, folder: Path, plan: int,
        seed: int, condition: str, meta: dict[str, Any],
    ) -> None:  # fmt: skip
        self.link, self.hub, self.rig, self.recorder, self.operator = link, hub, rig, recorder, operator
        self.folder, self.plan, self.seed, self.condition, self.meta = folder, plan, seed, condition, meta
        self.phase = Phase.RESETTING
        self.message = ""
        self.files: list[str] = []
        self.scores: list[float] = []
        self.kept_before = kept_before(folder, rig.info.task)
        self.discarded = 0
        self.dropped = 0
        self.practice = False
        self._take, self._drawn = "", condition
        self._record: dict[str, Any] = {}
        self._flags: list[str] = []
        self._driving = False
        self._next_state = 0.0
        self._input: dict[str, Any] = {}
        self._held: dict[str, Any] = {}

    def run(self) -> dict[str, Any]:
        """Serve the person until the parent stops us; an open take is kept as a failure."""
        self.link.ready(input=(self.operator.ready or {}).get("input"), data=str(self.folder))
        self._guard(self._reset)
        while not self.link.stopping:
            for intent in self.link.poll(5):
                self._guard(lambda intent=intent: self._on_intent(intent))
            for child, event in self.hub.poll(5):
                self._guard(lambda child=child, event=event: self._on_event(child, event))
            self._guard(self._watch)
            self._tell()
        if self.phase is Phase.RECORDING:
            self._finish("failure")
        return {
            "kept": len(self.files), "discarded": self.discarded, "files": self.files, "dropped": self.dropped,
            "mean_score": sum(self.scores) / len(self.scores) if self.scores else 0.0, "data": str(self.folder),
        }  # fmt: skip

    def _guard(self, action: Any) -> None:
        try:
            action()
        except TouchstoneError as error:
            self.link.notice(error.sentence(), "error")
            self._enter(Phase.FAULT, error.sentence())

    def _enter(self, phase: Phase, message: str = "") -> None:
        self.phase, self.message = phase, message
        self._next_state = 0.0

    def _on_intent(self, intent: dict[str, Any]) -> None:
        name = intent.get("name")
        if name == "next":
            self._next()
        elif name == "discard" and self.phase is Phase.RECORDING:
            self._finish("discarded")
        elif name == "discard" and self.phase in (Phase.READY, Phase.FAULT):
            self._reset()
        elif name == "seed":
            self.seed = int(intent["value"])
        elif name == "plan":
            self.plan = max(1, int(intent["value"]))
        elif name == "meta":
            self.meta.update(
                {key: str(value) for key, value in intent.items() if key in ("operator", "instruction")}
            )
        elif name == "condition":
            self.condition = str(intent["value"])
        elif name == "practice":
            self.practice = bool(intent["on"])
        elif name == "tare":
            self.rig.client.call("tare")
        elif name == "input":
            self._input = intent
            self._choose_input()

    def _choose_input(self) -> None:
        """Tell the operator what the person holds; it opens that in place of what it has."""
        if self._input:
            self.hub.intent(self.operator, "input", text=str(self._input.get("text", "")))

    def _next(self) -> None:
        if self.phase is Phase.READY and not self.practice:
            self._begin_take()
        elif self.phase is Phase.RECORDING:
            self._finish("success")
        elif self.phase in (Phase.KEPT, Phase.FAULT) or (self.phase is Phase.READY and self.practice):
            if self.phase is Phase.KEPT:
                self.seed += 1
            self._reset()

    def _reset(self) -> None:
        self.rig.follow()
        if self.rig.silent_s() > SILENCE_S:
            raise self._silence()
        self._enter(Phase.RESETTING)
        self._tell()
        self._revive()
        if self._driving:
            self.hub.intent(self.operator, "end")
            self.hub.wait_for(self.operator, ("state",), 5.0, name="ended")
            self._driving = False
        self._drawn = self.rig.reset(self.seed, self.condition)
        self.hub.intent(self.operator, "begin", seed=self.seed, until_ns=0, meta={})
        self._driving = True
        self._enter(Phase.READY)

    def _revive(self) -> None:
        """Start recorder and operator again if one of them died; a recorder recovers what it was writing."""
        from app.session.collect import start_operator, start_recorder

        if not self.recorder.running:
            self.hub.stop(self.recorder)
            self.recorder = start_recorder(self.hub, self.rig, self.folder)
        if not self.operator.running:
            self.hub.stop(self.operator)
            self.operator, self._driving = start_operator(self.hub, self.rig, "hand"), False
            self._choose_input()
            self.link.ready(input=(self.operator.ready or {}).get("input"), data=str(self.folder))

    def _begin_take(self) -> None:
        self.rig.client.call("tare")
        self._take, self._record, self._flags = new_uuid(), {}, []
        info = self.rig.info
        meta = {
            "task": info.task,
            "rig": info.rig,
            "seed": self.seed,
            "condition": self._drawn,
            **self.meta,
        }
        self.rig.score = None
        self.hub.intent(self.recorder, "take_start", take=self._take, meta=meta)
        self._enter(Phase.RECORDING)

    def _finish(self, outcome: str) -> None:
        meta = dict(zip(("score", "removed"), self.rig.score, strict=True)) if self.rig.score else {}
        self.hub.intent(self.recorder, "take_stop", outcome=outcome, until_ns=0, meta=meta)
        self._enter(Phase.SAVING)

    def _on_event(self, child: Child, event: Event) -> None:
        if event.kind != "state":
            return
        name = event.body.get("name")
        if child is self.recorder and event.body.get("take") in (self._take, None):
            if name == "recording":
                self._record, self._flags = event.body, list(event.body.get("flags") or ())
            if name == "saved":
                self._on_saved(event.body)
            elif name == "failed":
                self._enter(Phase.FAULT, str(event.body.get("text", "the take failed")))
        elif (
            child is self.operator and name == "driving" and event.body.get("held", self._held) != self._held
        ):
            self._held, self._next_state = event.body["held"], 0.0
        elif child is self.operator and name == "ended":
            self._driving = False
            if (
                event.body.get("why") == "done"
            ):  # the task is over; recording goes on until the person says so
                self.message = "The task is done."
                self._next_state = 0.0

    def _on_saved(self, body: dict[str, Any]) -> None:
        self.dropped += int(body.get("dropped", 0))
        if (
            body.get("outcome") == "success"
        ):  # the recorder knows better: a take that was cut short is a failure
            self.files.append(str(body["path"]))
            self._flags = list(body.get("flags") or ())
            if self.rig.score is not None:
                self.scores.append(self.rig.score[0])
            self._enter(Phase.KEPT, self._verdict())
        else:
            self.discarded += 1
            if self.phase is not Phase.FAULT:
                self._reset()

    def _verdict(self) -> str:
        """Return what is said of a take that was just kept."""
        if self.rig.score is None:
            return "Kept."
        score = self.rig.score[0]
        if score < SUCCESS_SCORE:
            return f"Kept as a success, but its score is low: {score:.2f} where {SUCCESS_SCORE:.2f} is good."
        return f"Kept, score {score:.2f}."

    def _watch(self) -> None:
        self.rig.follow()
        for child in (self.recorder, self.operator):
            if not child.running and self.phase is not Phase.FAULT:
                raise self.hub.death_of(child)
        if self.phase is not Phase.FAULT and self.rig.silent_s() > SILENCE_S:
            if self.phase is Phase.RECORDING:
                self._finish("failure")
            raise self._silence()

    def _silence(self) -> ProcessError:
        cause = f"its server has been silent for over {SILENCE_S:g} s; what was recorded is kept"
        return ProcessError(f"rig {self.rig.info.rig}", cause, way_out="Start the rig again")

    def _tell(self) -> None:
        if time.monotonic() < self._next_state:
            return
        self._next_state = time.monotonic() + STATE_PERIOD_S
        record = self._record if self.phase in (Phase.RECORDING, Phase.SAVING) else {}
        self.link.send(
            "state", phase=self.phase.value, kept=self.kept_before + len(self.files), discarded=self.discarded,
            plan=self.plan, flags=self._flags if self.phase in FLAGGED else [],
            seconds=float(record.get("seconds", 0.0)), dropped=self.dropped + int(record.get("dropped", 0)),
            disk_s=float(record.get("disk_free_s") or seconds_left(self.folder)), latency_ms=self.rig.age_ms,
            seed=self.seed, message=self.message, input=(self.operator.ready or {}).get("input"), data=str(self.folder),
            score=None if self.rig.score is None else self.rig.score[0], practice=self.practice,
            held=self._held,
        )  # fmt: skip
