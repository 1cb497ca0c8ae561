"""The plans that a policy used, as streams of the episode: what was planned, and when. Used by `PolicyController`.

policy/plan: the policy's own plan, float32: a latent or a chunk of actions, as the checkpoint has it.
policy/plan_times: int64 (3,): session time from which it could be used, session time of its first action, and what
computing it took; ns. Both are stamped with the session time of the observation that the plan was made from.
"""

from __future__ import annotations

import numpy as np

from app.core.wire.messages import SCHEMA_VERSION, SampleHeader
from app.learning.runtime.planner import Plan

DEVICE, PLAN, TIMES = "policy", "plan", "plan_times"
NS_PER_MS = 1e6
Message = tuple[SampleHeader, bytes]


class UsedPlans:
    """Messages of the plans of one episode that have not been taken yet."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Forget the last episode."""
        self._count = 0
        self._messages: list[Message] = []

    def used(self, plan: Plan, now_ns: int) -> None:
        """Note that a plan is used for the first time."""
        content = plan.content[0].numpy().astype("<f4")
        times = np.array([plan.ready_ns, now_ns, round(plan.compute_ms * NS_PER_MS)], dtype="<i8")
        for signal, array in ((PLAN, content), (TIMES, times)):
            at = (plan.begins_ns,)
            header = SampleHeader(
                SCHEMA_VERSION, DEVICE, signal, self._count, 1, at, at, "raw", array.dtype.str, array.shape
            )
            self._messages.append((header, array.tobytes()))
        self._count += 1

    def take(self) -> list[Message]:
        """Return what has come since the last call."""
        messages, self._messages = self._messages, []
        return messages
