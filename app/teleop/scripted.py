"""The scripted operators as controllers: they see streams that a real rig could publish, and nothing else."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from app.core.drive.controller import Action, Controller, Start
from app.core.wire.codec import decode_array
from app.core.wire.messages import ArmTarget, SampleHeader, Source
from app.teleop.scripts.lift import BlindLift, FeelingLift, PairCommand, PairObservation
from app.teleop.scripts.peel import BlindPeel, ForcePeel
from app.teleop.scripts.wipe import BlindWipe, ForceWipe, WipeCommand, WipeObservation


class Script(Protocol):
    """A scripted operator of one task."""

    def reset(self, seed: int) -> None:
        """Begin anew; small natural variation comes from the seed."""
        ...

    def act(self, observation: WipeObservation) -> WipeCommand:
        """Return the next target."""
        ...


class PairScript(Protocol):
    """A scripted operator of a task for two arms."""

    def reset(self, seed: int) -> None:
        """Begin anew; small natural variation comes from the seed."""
        ...

    def act(self, observation: PairObservation) -> PairCommand:
        """Return the next targets."""
        ...


# (task, operator): script
SCRIPTS: dict[tuple[str, str], type[ForceWipe] | type[BlindWipe]] = {
    ("wipe", "script"): ForceWipe,
    ("wipe", "blind"): BlindWipe,
    ("peel", "script"): ForcePeel,
    ("peel", "blind"): BlindPeel,
}


PAIRS: dict[tuple[str, str], type[FeelingLift] | type[BlindLift]] = {
    ("lift", "script"): FeelingLift,
    ("lift", "blind"): BlindLift,
}
SCRIPTED = (*SCRIPTS, *PAIRS)


def scripted(task: str, operator: str) -> Controller | None:
    """Return the controller of a scripted operator of a task, or None where there is none."""
    if script := SCRIPTS.get((task, operator)):
        return ScriptController(script())
    if pair := PAIRS.get((task, operator)):
        return PairController(pair())
    return None


class ScriptController:
    """Feeds a script with the newest sample of each stream, at 50 Hz."""

    source: Source = "operator"
    rate_hz = 50.0
    topics = ("arm/pose", "finger/wrench", "vision/stain")

    def __init__(self, script: Script) -> None:
        self._script = script
        self._newest: dict[str, np.ndarray] = {}
        self._start_ns = 0

    def begin(self, start: Start) -> None:
        """Begin the script's demonstration of this seed. What the streams said just before still counts."""
        self._script.reset(start.seed)
        self._start_ns = start.now_ns

    def receive(self, header: SampleHeader, buffer: memoryview) -> None:
        """Keep the newest sample."""
        self._newest[header.signal] = np.array(decode_array(header, buffer)[-1], dtype=np.float64)

    def act(self, now_ns: int) -> Action:
        """Return what the script wants; hold until every stream has been heard."""
        newest = self._newest
        if len(newest) < len(self.topics):
            return Action(None)
        seconds = (now_ns - self._start_ns) * 1e-9
        command = self._script.act(
            WipeObservation(seconds, newest["pose"], newest["wrench"], newest["stain"])
        )
        return Action(np.asarray(command.pose), command.gripper, done=command.done)

    def state(self) -> dict[str, Any]:
        """Return nothing."""
        return {}


class PairController:
    """Feeds a script of two arms with the newest sample of each stream, at 50 Hz."""

    source: Source = "operator"
    rate_hz = 50.0
    topics = ("arm/pose", "arm2/pose", "finger/wrench", "finger2/wrench", "vision/box")

    def __init__(self, script: PairScript) -> None:
        self._script = script
        self._newest: dict[str, np.ndarray] = {}
        self._start_ns = 0

    def begin(self, start: Start) -> None:
        """Begin the script's demonstration of this seed. What the streams said just before still counts."""
        self._script.reset(start.seed)
        self._start_ns = start.now_ns

    def receive(self, header: SampleHeader, buffer: memoryview) -> None:
        """Keep the newest sample."""
        topic = f"{header.device}/{header.signal}"
        self._newest[topic] = np.array(decode_array(header, buffer)[-1], dtype=np.float64)

    def act(self, now_ns: int) -> Action:
        """Return what the script wants; hold until every stream has been heard."""
        if len(self._newest) < len(self.topics):
            return Action(None)
        pose, pose2, wrench, wrench2, box = (self._newest[topic] for topic in self.topics)
        seconds = (now_ns - self._start_ns) * 1e-9
        command = self._script.act(PairObservation(seconds, (pose, pose2), (wrench, wrench2), box))
        second = tuple(float(value) for value in command.poses[1])
        other = ArmTarget("arm2", second, command.gripper)
        return Action(command.poses[0], command.gripper, done=command.done, others=(other,))

    def state(self) -> dict[str, Any]:
        """Return nothing."""
        return {}
