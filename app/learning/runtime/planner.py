"""The slow half at run time: an observation becomes a plan for the chunk that begins at that observation.

`DelayedPlanner` (lock-step) computes at once and withholds the plan for a fixed simulated time, so a seed repeats.
`ThreadedPlanner` (real time) computes beside the control loop; its plan counts from when it is ready.
Both stamp a plan with the time of its observation: the decoder catches up from there (`fast.py`).
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from app.core.clock import NS_PER_S
from app.core.errors import LearningError
from app.learning.policies.observing import Moment, ObservingPolicy
from app.learning.runtime.looking import Frames, decoded


@dataclass(frozen=True)
class Plan:
    """One chunk: the policy's own plan (1, ...), a latent or actions; when it begins, when it may be used from, and
    what computing it took.
    """

    content: Tensor
    begins_ns: int
    ready_ns: int
    compute_ms: float


class Planner(Protocol):
    """Takes requests and gives the newest plan that may be used.

    Attributes:
        trouble: Why the last request gave no plan; empty when it gave one.
    """

    trouble: str

    def request(self, now_ns: int, condition: Tensor, noise: Tensor, frames: Frames = ()) -> bool:
        """Ask for a plan from the observation made now; returns false while the last one is not finished.

        Args:
            condition: What the observation says besides pictures (1, C).
            frames: The pictures of both moments, for a policy with cameras.
        """
        ...

    def newest(self, now_ns: int) -> Plan | None:
        """Return a plan that has become usable since the last call, or None."""
        ...

    def begin(self) -> None:
        """Forget the plans of the last episode."""
        ...

    def close(self) -> None:
        """End the planner."""
        ...


@dataclass(frozen=True)
class _Request:
    """What a plan is made from."""

    moment: Moment
    condition: Tensor
    noise: Tensor
    frames: Frames


@torch.no_grad()
def _compute(policy: ObservingPolicy, asked: _Request) -> tuple[Tensor, float]:
    """Return the plan and the milliseconds that it took, pictures included.

    Raises:
        LearningError: If a picture cannot be decoded.
    """
    started = time.perf_counter()
    condition = policy.seeing(asked.condition, decoded(asked.frames, policy.seen_cameras))
    content = policy.plan_at(asked.moment, condition, asked.noise)
    return content, (time.perf_counter() - started) * 1000.0


class DelayedPlanner:
    """Plans that become usable a fixed time after their observation."""

    def __init__(self, policy: ObservingPolicy, delay_ns: int) -> None:
        self._policy, self._delay_ns = policy, delay_ns
        self._waiting: list[Plan] = []
        self._episode = 0
        self.trouble = ""

    def begin(self) -> None:
        """Forget the plans of the last episode."""
        self._waiting.clear()
        self._episode += 1

    def request(self, now_ns: int, condition: Tensor, noise: Tensor, frames: Frames = ()) -> bool:
        """Compute a plan at once."""
        asked = _Request(Moment(self._episode, now_ns), condition, noise, frames)
        self.trouble = ""
        try:
            content, took = _compute(self._policy, asked)
        except LearningError as error:
            self.trouble = error.sentence()
        else:
            self._waiting.append(Plan(content, now_ns, now_ns + self._delay_ns, took))
        return True

    def newest(self, now_ns: int) -> Plan | None:
        """Return the newest plan whose time has come."""
        ready = [plan for plan in self._waiting if plan.ready_ns <= now_ns]
        self._waiting = [plan for plan in self._waiting if plan.ready_ns > now_ns]
        return ready[-1] if ready else None

    def close(self) -> None:
        """Nothing to end."""


class ThreadedPlanner:
    """Plans computed in a thread of their own, one at a time. `close` joins it."""

    def __init__(self, policy: ObservingPolicy) -> None:
        self._policy = policy
        self._changed = threading.Condition()
        self._asked: _Request | None = None
        self._busy = self._closed = False
        self._episode = 0
        self.trouble = ""
        self._done: Plan | None = None
        self._thread = threading.Thread(target=self._work, name="planner", daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """Forget the plans of the last episode, also one that is being computed."""
        with self._changed:
            self._episode += 1
            self._asked = self._done = None

    def request(self, now_ns: int, condition: Tensor, noise: Tensor, frames: Frames = ()) -> bool:
        """Hand a request to the thread, unless it is at work."""
        with self._changed:
            if self._busy or self._asked is not None:
                return False
            self._asked = _Request(Moment(self._episode, now_ns), condition, noise, frames)
            self._changed.notify()
            return True

    def newest(self, now_ns: int) -> Plan | None:
        """Return the plan that was finished since the last call."""
        with self._changed:
            plan, self._done = self._done, None
            return plan

    def close(self) -> None:
        """End and join the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._asked is not None)
                if self._closed or self._asked is None:
                    return
                asked, self._asked, self._busy = self._asked, None, True
            self._finish(asked)

    def _finish(self, asked: _Request) -> None:
        """Compute a plan, and leave it where `newest` finds it."""
        started, begins_ns, plan, trouble = time.monotonic_ns(), asked.moment.t_ns, None, ""
        try:
            content, took = _compute(self._policy, asked)
            plan = Plan(content, begins_ns, begins_ns + (time.monotonic_ns() - started), took)
        except LearningError as error:  # a broken picture costs its plan, not the process
            trouble = error.sentence()
        with self._changed:
            self._busy = False
            if asked.moment.episode == self._episode:
                self._done, self.trouble = plan, trouble


def rate_of(times_ns: list[int]) -> float:
    """Return how many per second came, from the times of the last ones; 0 with fewer than two."""
    if len(times_ns) < 2 or times_ns[-1] <= times_ns[0]:
        return 0.0
    return (len(times_ns) - 1) * NS_PER_S / (times_ns[-1] - times_ns[0])
