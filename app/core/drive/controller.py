"""What a source of motion must offer. Implemented by the hand, the scripted operators, the replay and the policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from app.core.wire.messages import ArmTarget, SampleHeader, ServerInfo, Source


@dataclass(frozen=True)
class Action:
    """What a controller wants for the next control period.

    Attributes:
        pose: Target tool pose (7,) in the base frame, or None to hold.
        gripper: Target opening in metres.
        done: The controller has finished; nothing is sent after it.
        token_ns: Stamp of the person's enabling input, on this machine's monotonic clock; 0 when this is not a
            person's hand.
        press: Number of the enabling press; 0 when this is not a person's hand.
        others: Targets of the arms beside the first; one that is not named holds.
    """

    pose: np.ndarray | None
    gripper: float = 0.0
    done: bool = False
    token_ns: int = 0
    press: int = 0
    others: tuple[ArmTarget, ...] = ()


@dataclass(frozen=True)
class Start:
    """How an episode begins: session time, seed (for a controller's own variation) and free settings."""

    now_ns: int
    seed: int
    info: ServerInfo
    meta: dict[str, Any]


class Controller(Protocol):
    """A source of motion, driven by `app.core.drive.loop.Driver`. All calls come from one thread.

    One with an attribute `wake`, a ZeroMQ socket, is also asked to act as soon as something waits there. One with a
    method `hear(intent)` gets the parent's intents that are not the driver's own. One with a method `samples()` gives
    after each action the messages (header, bytes) of streams of its own that are to be in the episode, each once.
    """

    @property
    def source(self) -> Source:
        """What the governor and the episode call this source."""
        ...

    @property
    def rate_hz(self) -> float:
        """How often `act` is called in real time; in lock-step once per control period."""
        ...

    @property
    def topics(self) -> tuple[str, ...]:
        """Prefixes of the topics that `receive` wants."""
        ...

    def begin(self, start: Start) -> None:
        """Forget the last episode."""
        ...

    def receive(self, header: SampleHeader, buffer: memoryview) -> None:
        """Take in one message of a subscribed topic; copy what is kept, the buffer is not."""
        ...

    def act(self, now_ns: int) -> Action:
        """Return what to do at the session time `now_ns`; in lock-step that is the time of the newest tick."""
        ...

    def state(self) -> dict[str, Any]:
        """Return what the window should see of it (plan, rates); sent about 10 times a second in real time."""
        ...
