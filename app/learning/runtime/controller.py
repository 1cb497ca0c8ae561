"""A trained policy as a source of motion: slow plans, one fast decoder step per control period."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

import numpy as np
import torch

from app.core.drive.controller import Action, Start
from app.core.wire.messages import ArmTarget, SampleHeader, Source
from app.learning.data.features import COMMAND, each_arm
from app.learning.policies.observing import ObservingPolicy
from app.learning.runtime.commanding import next_command
from app.learning.runtime.delays import Delays
from app.learning.runtime.fast import FastDecoder
from app.learning.runtime.observer import Observation, Observer, leashed
from app.learning.runtime.planner import DelayedPlanner, Plan, Planner, ThreadedPlanner, rate_of
from app.learning.runtime.recorded import Message, UsedPlans

RATES_OVER = 20  # plans or ticks


class PolicyController:
    """Drives a rig with a trained policy.

    The command is integrated here, from the policy's increments, or led to its poses; it starts at what the governor
    applied last, and is never further than `leash_m` from that. Before the first plan, and when a plan runs out, the
    command rests.
    """

    source: Source = "policy"

    def __init__(self, policy: ObservingPolicy, observer: Observer | None = None) -> None:
        self._policy, self._runtime = policy, policy.runtime
        self.rate_hz = policy.grid.rate_hz * policy.grid.fast
        self._ahead = 1  # decoder ticks per step: one, or all of a grid tick where the rig steps by the grid
        self._delays, self._used = Delays(), UsedPlans()
        self.topics = (*policy.layout.topics, *policy.seen_cameras.topics)
        self._observer, self._fast = observer or Observer(policy), FastDecoder(policy)
        self._planner: Planner | None = None
        self._generator = torch.Generator()
        self._forget()

    def _forget(self) -> None:
        self._delays.begin(self._ahead * self._policy.grid.fast_ns)
        self._used.begin()
        self._command: np.ndarray | None = None
        self._seen: Observation | None = None
        self._began: Observation | None = None  # what the present plan was made from
        self._next_plan_ns = self._over_ticks = 0
        self._waiting_for = ""
        self._plan_ms = self._fast_ms = self._delay_ms = 0.0
        self._plan_times: deque[int] = deque(maxlen=RATES_OVER)
        self._tick_times: deque[int] = deque(maxlen=RATES_OVER)

    def begin(self, start: Start) -> None:
        """Start an episode: noise from its seed, a planner for the kind of time that the rig keeps."""
        if self._planner is None:
            delay_ns = self._runtime.plan_delay_ns
            lockstep = start.info.lockstep
            self._ahead = self._policy.grid.fast if lockstep else 1
            self._planner = (
                DelayedPlanner(self._policy, delay_ns) if lockstep else ThreadedPlanner(self._policy)
            )
        self._planner.begin()
        self._generator.manual_seed(start.seed)
        self._observer.begin()
        self._fast.begin()
        self._forget()

    def close(self) -> None:
        """End the planner's thread, if there is one."""
        if self._planner is not None:
            self._planner.close()
            self._planner = None

    def receive(self, header: SampleHeader, buffer: memoryview) -> None:
        """Take in one message of an observed stream."""
        self._observer.receive(header, buffer)

    def act(self, now_ns: int) -> Action:
        """Return the command of this control period; no target while a stream is missing or too old."""
        started = time.perf_counter()
        self._waiting_for = self._observer.missing(now_ns)
        if self._waiting_for:
            self._command = None
            self._delays.pause()
            return Action(None)
        self._seen = seen = self._observe(now_ns)
        self._delays.step(now_ns, *self._observer.touch_times())
        if self._command is None:
            self._command = seen.applied.copy()
        self._plan(now_ns)
        self._waiting_for = self._planner.trouble if self._planner is not None else ""
        action = self._fast.step(now_ns, lambda t_ns: self._observer.at(t_ns).touch, self._ahead)
        if action is not None:
            self._command = self._moved(self._command, action, seen)
        self._tick_times.append(now_ns)
        self._fast_ms = (time.perf_counter() - started) * 1000.0
        return self._as_action(self._command, self._is_over(action))

    def _as_action(self, command: np.ndarray, done: bool) -> Action:
        first, *others = each_arm(command, COMMAND)
        targets = tuple(
            ArmTarget(arm, tuple(float(value) for value in other[:7]), float(other[7]))
            for arm, other in zip(self._policy.layout.arms[1:], others, strict=True)
        )
        return Action(first[:7].copy(), float(first[7]), done=done, others=targets)

    def _observe(self, now_ns: int) -> Observation:
        """Return what is known now, after what was felt at the decoder's ticks since the last step."""
        for ticks in range(self._ahead - 1, 0, -1):
            self._observer.observe(now_ns - ticks * self._policy.grid.fast_ns)
        return self._observer.observe(now_ns)

    def _moved(self, command: np.ndarray, action: np.ndarray, seen: Observation) -> np.ndarray:
        config, share = self._runtime, self._ahead / self._policy.grid.fast
        frame, began = self._policy.action_frame, self._began or seen
        moved = next_command(frame, config, command, action, began, seen.yaw, share)
        return leashed(moved, seen.applied, config)

    def _plan(self, now_ns: int) -> None:
        """Take over a plan that has become usable, and ask for the next one when it is time."""
        assert self._planner is not None, "begin() comes first"
        plan = self._planner.newest(now_ns)
        period_ns = self._policy.grid.period_ns
        if (
            now_ns >= self._next_plan_ns - self._policy.grid.fast_ns // 2
        ):  # control ticks jitter, whole ticks are meant
            noise = self._policy.draw(self._generator)
            if self._planner.request(now_ns, self._observer.condition(), noise, self._observer.frames()):
                self._next_plan_ns = now_ns + self._runtime.plan_every * period_ns
        plan = self._planner.newest(now_ns) or plan
        if plan is not None:
            self._take(plan, now_ns)

    def _take(self, plan: Plan, now_ns: int) -> None:
        self._fast.switch(plan)
        self._began = self._observer.at(plan.begins_ns)
        self._delays.used(plan, now_ns)
        self._used.used(plan, now_ns)
        self._plan_ms = plan.compute_ms
        self._delay_ms = (now_ns - plan.begins_ns) / 1e6
        self._plan_times.append(now_ns)

    def _is_over(self, action: np.ndarray | None) -> bool:
        if action is not None:
            self._over_ticks = self._over_ticks + 1 if action[-1] > self._runtime.done_level else 0
        return self._over_ticks * self._ahead >= self._runtime.done_ticks * self._policy.grid.fast

    def state(self) -> dict[str, Any]:
        """Return the predicted path of the command (m, base frame), the rates (Hz) and the delays (ms)."""
        return {
            "plan": self._path(), "slow_hz": rate_of(list(self._plan_times)),
            "fast_hz": rate_of(list(self._tick_times)),
            "plan_ms": self._plan_ms, "fast_ms": self._fast_ms, "delay_ms": self._delay_ms,
            "touch_ms": self._delays.touch_ms,
            "waiting_for": self._waiting_for,
        }  # fmt: skip

    def samples(self) -> list[Message]:
        """Return the plans that were used since the last call, as messages of the episode's streams (`recorded`)."""
        return self._used.take()

    def report(self) -> dict[str, float]:
        """Return the delays of the episode so far, in ms (`Delays`)."""
        return self._delays.report()

    def _path(self) -> list[list[float]]:
        if self._command is None or self._seen is None:
            return []
        config, command, seen = self._runtime, self._command, self._seen
        frame, began = self._policy.action_frame, self._began or seen
        path = [command[:3]]
        for action in self._fast.preview(seen.touch):
            command = next_command(frame, config, command, action, began, seen.yaw)
            path.append(command[:3])
        return [[round(float(value), 5) for value in point] for point in path]
