"""Collecting as the page sees it: the rig, the child `collect`, its phases, and what the status strip says of them.

::

    off -- connect() --> connecting (rig) --> starting (collect) --> the child's phases: resetting, ready, recording,
     ^                                                               saving, kept, fault
     +------------------- rig or collect has ended ------------------+
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.teleop.settings import KEYS
from widgets.bridge.jobs import Job
from widgets.context import WindowContext
from widgets.hand.hand import Grip
from widgets.hand.keys import name_of
from widgets.inputs.choice import InputChoice
from widgets.parts.plan import Plan
from widgets.rig_session import RigPhase
from widgets.theme.tokens import State

OWNER = "collect"


class Phase(StrEnum):
    """Where collecting stands; from `resetting` on they are the child's own words."""

    OFF = "off"
    CONNECTING = "connecting"
    STARTING = "starting"
    SCRIPT = "script"
    RESETTING = "resetting"
    READY = "ready"
    RECORDING = "recording"
    SAVING = "saving"
    KEPT = "kept"
    FAULT = "fault"


BY_CHILD = {phase.value: phase for phase in Phase}
BUSY = (Phase.CONNECTING, Phase.STARTING, Phase.RESETTING, Phase.SAVING)
WORDS = {
    Phase.OFF: "NOT CONNECTED",
    Phase.CONNECTING: "CONNECTING",
    Phase.STARTING: "STARTING",
    Phase.SCRIPT: "SCRIPT DRIVES",
    Phase.RESETTING: "RESETTING",
    Phase.READY: "READY",
    Phase.RECORDING: "RECORDING",
    Phase.SAVING: "SAVING",
    Phase.KEPT: "KEPT",
    Phase.FAULT: "FAULT",
}
HINTS = {
    Phase.OFF: "Press Enter to start the rig.",
    Phase.CONNECTING: "The rig starts; the first time it prepares its meshes, which takes a minute.",
    Phase.STARTING: "Recorder and operator start.",
    Phase.SCRIPT: "The scripted operator records demonstrations. Esc stops the arm.",
    Phase.RESETTING: "The board goes back to its start.",
    Phase.READY: "Hold Space and move with W A S D E Q. Enter starts a take.",
    Phase.RECORDING: "Enter keeps the take, Backspace discards it.",
    Phase.SAVING: "The take is written and verified.",
    Phase.KEPT: "Enter goes on to the next take.",
    Phase.FAULT: "Enter tries again; what was recorded is safe.",
}
# What is held with each input, if not the dead-man key, and what moves the arm: for the hint of READY.
HELD_BY = {
    "spacemouse": ("its left button", "the cap"),
    "gamepad": ("its right shoulder", "the sticks"),
    "leader": ("", "the leader"),
}
# What to do about a take in which a stream stalled, stuck or lost samples.
DOUBTFUL = {
    Phase.RECORDING: "The take is marked. Backspace discards it, Enter keeps it all the same.",
    Phase.KEPT: "The take is marked; see it in Review. Enter goes on.",
}
ELSEWHERE = "Collect has the rig. Ctrl+1 goes there."


class CollectSession(QObject):
    """Runs `collect` as a child. `changed` comes when the phase or a number changed."""

    changed = Signal()

    def __init__(self, context: WindowContext, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self.phase = Phase.OFF
        self.recording = False
        self.numbers: dict[str, Any] = {}
        self.operator = "hand"
        self.plan = 20
        self.person = ""
        self.instruction = context.rig.rig.instruction
        self.practice = False
        self.condition = next(iter(context.rig.rig.conditions), "")
        self.problem = ""
        self.input = InputChoice(context.rig.name, self)
        self.input.chosen.connect(self._on_input)
        self.input.changed.connect(self.changed)
        self.input.failed.connect(lambda text: context.notifications.warning(text, "input"))
        self._job: Job | None = None
        self._again = False
        rig = context.rig
        rig.up.connect(self._on_rig_up)
        rig.down.connect(self._on_rig_down)
        rig.granted.connect(self._on_granted)
        rig.asked_to_leave.connect(self._on_asked_to_leave)
        context.hand.changed.connect(self.changed)
        self._configure_hand()
        Plan.of(context).set(self.plan)

    def connect_rig(self) -> None:
        """Start the rig and then the child, unless they run."""
        if self.phase in (Phase.OFF, Phase.FAULT) and self._job is None:
            self.problem = ""
            self._enter(Phase.CONNECTING)
            self._context.rig.ensure()

    def disconnect_rig(self) -> None:
        """End the child; the rig stays for the other workspaces."""
        if self._job is not None:
            self._job.stop()

    def next(self) -> None:
        """The one key: connect, start, keep, next."""
        if self.phase is Phase.OFF or (self.phase is Phase.FAULT and self._job is None):
            self.connect_rig()
        elif self._job is not None and self.phase not in BUSY:
            self._job.intent("next")

    def discard(self) -> None:
        """Discard the take; between takes: reset the board."""
        if self._job is not None and self.phase in (Phase.READY, Phase.RECORDING, Phase.FAULT):
            self._job.intent("discard")

    def tare(self) -> None:
        """Make the present force the zero."""
        if self._job is not None:
            self._job.intent("tare")

    def set_plan(self, plan: int) -> None:
        """Say how many takes to keep."""
        self.plan = plan
        Plan.of(self._context).set(plan)
        if self._job is not None:
            self._job.intent("plan", value=plan)
        self.changed.emit()

    def set_meta(self, person: str, instruction: str) -> None:
        """Say who operates, and the task in words; both go into every take from the next on."""
        self.person, self.instruction = person, instruction
        if self._job is not None:
            self._job.intent("meta", operator=person or "hand", instruction=instruction)

    @property
    def conditions(self) -> tuple[str, ...]:
        """Return the conditions that the rig offers; none where its task has none."""
        return self._context.rig.rig.conditions

    def set_condition(self, condition: str) -> None:
        """Say what the takes are under, from the next reset on; between takes the board is reset at once."""
        if condition == self.condition:
            return
        self.condition = condition
        if self._job is not None:
            self._job.intent("condition", value=condition)
            if self.phase is Phase.READY:
                self.discard()

    def set_practice(self, practice: bool) -> None:
        """Practice: everything works, nothing is recorded."""
        self.practice = practice
        if self._job is not None:
            self._job.intent("practice", on=practice)

    def _on_input(self, text: str) -> None:
        """Tell the operator what the person holds from now on; motion ends until the next press."""
        self._configure_hand()
        if self._job is not None and self.operator == "hand":
            self._job.intent("input", text=text)

    def _configure_hand(self) -> None:
        """The settings of the keys hold for the window's own hand."""
        self._context.hand.configure(self.input.settings_of(KEYS))

    @property
    def held(self) -> dict[str, Any]:
        """What the operator says of the device in the person's hand; empty before it has."""
        told = self.numbers.get("held") or {}
        return told if told.get("text") == self.input.text else {}

    @property
    def arm(self) -> str:
        """Which arm the hand drives, in words; empty on a rig with one."""
        told = self.held
        if int(told.get("arms") or 1) < 2:
            return ""
        return "both arms" if told.get("beside") else f"arm {int(told.get('place') or 0) + 1}"

    def modes(self) -> str:
        """Return what is not as usual with the hand that drives, in words."""
        told = self.held
        device = [
            "clutch" * bool(told.get("clutch")),
            "fine" * bool(told.get("fine")),
            str(told.get("lock") or ""),
        ]
        device.append("catching up" * bool(told.get("catching_up")))
        words = [word for word in (self.arm, self._context.hand.modes, *device) if word]
        return ", ".join(dict.fromkeys(words))

    def set_operator(self, operator: str) -> None:
        """Choose who drives: hand or script. The child is started anew."""
        if operator == self.operator:
            return
        self.operator = operator
        if self._job is not None:
            self._again = True
            self._job.stop()

    def _on_rig_up(self) -> None:
        if self.phase is Phase.CONNECTING:
            self._context.rig.claim(OWNER)

    def _on_granted(self, owner: str) -> None:
        if owner == OWNER and self._job is None:
            self._enter(Phase.STARTING)
            self._start_child()

    def _start_child(self) -> None:
        context = self._context
        words = [
            "--rig",
            context.rig.name,
            "--operator",
            self.operator,
            "--connect",
            context.rig.connect_text,
        ]
        words += ["--data", str(context.project.demonstrations), "--episodes", str(self.plan)]
        words += ["--instruction", self.instruction]
        if self.condition:
            words += ["--condition", self.condition]
        if self.person:
            words += ["--person", self.person]
        job = self._job = context.jobs.start("collect", *words)
        job.ready.connect(self._on_ready)
        job.state.connect(self._on_state)
        job.progress.connect(self._on_progress)
        job.ended.connect(self._on_ended)

    def _on_ready(self, body: dict[str, Any]) -> None:
        if self.operator == "script":
            self.numbers = {"kept": 0, "plan": self.plan}
            self._enter(Phase.SCRIPT)
        elif body.get("input"):
            self.numbers["input"] = body["input"]
            self._on_input(self.input.text)
            self.changed.emit()
        if self.practice:
            self.set_practice(True)

    def _on_state(self, body: dict[str, Any]) -> None:
        self.numbers = body
        self.input.set_problem(str(self.held.get("problem") or ""))
        told = BY_CHILD.get(str(body.get("phase")), Phase.FAULT)
        self.recording = told in (Phase.RECORDING, Phase.SAVING)
        self._enter(Phase.SCRIPT if self.phase is Phase.SCRIPT else told)  # no key acts on the script's takes

    def _on_progress(self, body: dict[str, Any]) -> None:
        self.numbers.update({key: body[key] for key in ("kept", "plan", "score") if key in body})
        self.numbers["message"] = str(body.get("text", ""))
        self.changed.emit()

    def _on_ended(self, status: int, words: str) -> None:
        self._job = None
        self._context.hand.disengage()
        self.numbers = {
            key: value for key, value in self.numbers.items() if key in ("kept", "plan", "message")
        }
        self.recording = False
        self._context.rig.release(OWNER)
        self.problem = self.problem or (words if status else "")  # why the rig went says more
        self._enter(Phase.OFF)
        if self._again:
            self._again = False
            self.connect_rig()

    def _on_rig_down(self, why: str) -> None:
        self.problem = why
        if self._job is not None:
            self._job.stop()
        else:
            self._enter(Phase.OFF)

    def _on_asked_to_leave(self, owner: str) -> None:
        if owner == OWNER:
            if self._job is not None:
                self._job.stop()
            else:
                self._context.rig.release(OWNER)

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self.changed.emit()

    def state(self) -> State:
        """Return the state that gives the strip its colour."""
        hand = self._context.hand
        if self.phase is Phase.FAULT or (self.phase is Phase.OFF and self.problem):
            return State.FAULT
        if self.phase is Phase.RECORDING or (self.phase is Phase.SCRIPT and self.recording):
            return State.RECORDING
        if self.phase is Phase.SCRIPT or hand.moving:
            return State.MOVING
        return State.ARMED if hand.grip is Grip.HELD else State.IDLE

    def words(self) -> str:
        """Return the state in words."""
        hand = self._context.hand
        base = "PRACTICE" if self.phase is Phase.READY and self.practice else WORDS[self.phase]
        if self.phase is Phase.SCRIPT and self.recording:
            base = f"{WORDS[Phase.RECORDING]} · {base}"
        if self.state() is State.FAULT:
            return WORDS[Phase.FAULT]
        if self.phase is Phase.OFF and self._context.rig.phase is RigPhase.UP:
            return "IDLE"
        if self.phase in (Phase.READY, Phase.RECORDING) and hand.grip is not Grip.RELEASED:
            base += " · MOVING" if hand.moving else " · ARMED" if hand.grip is Grip.HELD else " · STOPPED"
        if self.phase in (Phase.READY, Phase.RECORDING) and "clutch" in self.modes():
            base += " · CLUTCH"
        if self.phase in (Phase.READY, Phase.RECORDING) and self.arm:
            base += f" · {self.arm.upper()}"
        return base

    def hint(self) -> str:
        """Return what to do next."""
        if self._context.hand.grip is Grip.LOST:
            return "Motion was ended. Release the dead-man and hold it again to go on."
        if self.phase is Phase.OFF and self.problem:
            return f"{self.problem} Press Enter to start again."
        if self.phase is Phase.OFF and self._context.rig.phase is RigPhase.UP:
            return "The rig is connected. Press Enter to collect."
        if self.held.get("problem"):
            return f"{self.held['problem']} Key I chooses another input."
        message = str(self.numbers.get("message", "")).strip()
        if message and message[-1] not in ".!?":
            message += "."
        if doubts := self.numbers.get("flags"):
            more = f" And {len(doubts) - 1} more." if len(doubts) > 1 else ""
            return f"{message} {doubts[0]}{more} {DOUBTFUL.get(self.phase, '')}".strip()
        hint = HINTS[self.phase]
        if self.phase is Phase.READY:
            held, moves = HELD_BY.get(self.input.kind, ("", "W A S D E Q"))
            key = held or name_of(self._context.hand.dead_man)
            hint = f"Hold {key} and move with {moves}. Enter starts a take."
            hint += " N goes to the other arm." if self.arm else ""
        return " ".join(part for part in (message, hint) if part)

    def tell_status(self, front: bool = True) -> None:
        """Put everything on the status strip; the keys of this workspace only while it is in front."""
        numbers = self.numbers
        self._context.status.reset(
            state=self.state(),
            words=self.words() if front else f"COLLECT · {self.words()}",
            hint=self.hint() if front or self.state() is State.FAULT else ELSEWHERE,
            seconds=numbers.get("seconds") if self.recording else None,
            kept=numbers.get("kept"),
            plan=numbers.get("plan", self.plan),
            disk_s=numbers.get("disk_s"),
            dropped=numbers.get("dropped"),
            latency_ms=numbers.get("latency_ms"),
            hand=self.input.title if self.operator == "hand" and self.phase is not Phase.OFF else "",
        )
