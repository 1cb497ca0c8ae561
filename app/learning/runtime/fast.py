"""The fast half at run time: one decoder step per tick, its state streamed, never recomputed from a window.

On a new plan the state starts from zero at the plan's begin, and the touch that came since is run through it before
the first action is used ("re-warm"): the decoder is then exactly where training would have it at this tick of the
chunk (resources/help/decisions/0041-rewarm-on-switch.md). A tick that the loop missed is run through in the same way.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from app.learning.data import features
from app.learning.policies.observing import ObservingPolicy
from app.learning.runtime.planner import Plan

TouchAt = Callable[[int], Tensor]
"""From a session time to the normalised touch (touch,) that was known then."""


class FastDecoder:
    """Decodes the present plan tick by tick."""

    def __init__(self, policy: ObservingPolicy) -> None:
        self._policy = policy
        self._period_ns, self._chunk = policy.grid.period_ns, policy.grid.chunk
        self.plan: Plan | None = None
        self._state: Tensor | None = None
        self._next = 0

    def begin(self) -> None:
        """Forget the plan of the last episode."""
        self.plan, self._state, self._next = None, None, 0

    def switch(self, plan: Plan) -> None:
        """Take a new plan; it is caught up with at the next step."""
        self.plan, self._state, self._next = plan, None, 0

    @torch.no_grad()
    def step(self, now_ns: int, touch_at: TouchAt) -> np.ndarray | None:
        """Return the action (8,) of the tick `now_ns`, or None without a plan that reaches so far.

        Args:
            touch_at: Gives the touch of the ticks that are to be caught up with.
        """
        plan = self.plan
        if plan is None:
            return None
        tick = round((now_ns - plan.begins_ns) / self._period_ns)
        if tick >= self._chunk or tick < self._next:
            return None
        times = (plan.begins_ns + index * self._period_ns for index in range(self._next, tick + 1))
        touch = torch.stack([touch_at(t_ns) for t_ns in times])[None]
        actions, self._state = self._policy.decode(plan.content, touch, self._next, self._state)
        self._next = tick + 1
        return actions[0, -1].double().numpy()

    @torch.no_grad()
    def preview(self, touch: Tensor) -> np.ndarray:
        """Return the actions (n, 8) of the rest of the chunk as if the touch stayed as it is; the state stays."""
        left = self._chunk - self._next
        if self.plan is None or left <= 0:
            return np.zeros((0, len(features.ACTION)))
        held = touch.expand(1, left, -1)
        return self._policy.decode(self.plan.content, held, self._next, self._state)[0][0].double().numpy()
