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

from app.learning.data.targets import action_names, moving, size_of_arm
from app.learning.policies.observing import ObservingPolicy
from app.learning.runtime.planner import Plan

TouchAt = Callable[[int], Tensor]
"""From a session time to the normalised touch (touch,) that was known then."""


class FastDecoder:
    """Decodes the present plan tick by tick."""

    def __init__(self, policy: ObservingPolicy) -> None:
        self._policy = policy
        self._fast, self._tick_ns = policy.grid.fast, policy.grid.fast_ns
        self._ticks = policy.grid.chunk * self._fast
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
    def step(self, now_ns: int, touch_at: TouchAt, ahead: int = 1) -> np.ndarray | None:
        """Return the action (A,) of the next `ahead` decoder ticks, or None without a plan that reaches so far.

        Of these ticks only the first has been felt. The others are decoded with the touch held, for this action alone:
        when their touch has come, the next step takes them in.

        Args:
            touch_at: Gives the touch of the ticks that are to be caught up with.
            ahead: Decoder ticks until the next step; as many as the grid has per tick, where a rig steps by its grid.
        """
        plan = self.plan
        if plan is None:
            return None
        tick = round((now_ns - plan.begins_ns) / self._tick_ns)
        if tick >= self._ticks or tick < self._next:
            return None
        times = (plan.begins_ns + index * self._tick_ns for index in range(self._next, tick + 1))
        touch = torch.stack([touch_at(t_ns) for t_ns in times])[None]
        actions, self._state = self._policy.decode(plan.content, touch, self._next, self._state)
        self._next = tick + 1
        speeds = actions[0, -1:]
        if held := min(ahead, self._ticks - tick) - 1:
            more = touch[:, -1:].expand(1, held, -1)
            speeds = torch.cat(
                [speeds, self._policy.decode(plan.content, more, self._next, self._state)[0][0]]
            )
        return self._together(speeds)

    def _together(self, speeds: Tensor) -> np.ndarray:
        """Return one action (A,) of decoder ticks (n, A): their increments summed, the rest as at the end."""
        action = speeds[-1].double().numpy()
        if self._policy.action_frame != "increment":
            return action
        size = size_of_arm("increment")
        steps = moving("increment", speeds).double().sum(dim=0).numpy() / self._fast
        action[:-1].reshape(-1, size)[:, : size - 1] = steps.reshape(-1, size - 1)
        return action

    @torch.no_grad()
    def preview(self, touch: Tensor) -> np.ndarray:
        """Return the actions (n, A) of the rest of the chunk, one per tick of the grid, with the touch held.

        The state stays. What is left of a tick of the grid that has begun is an action of its own.
        """
        left = self._ticks - self._next
        if self.plan is None or left <= 0:
            return np.zeros((0, len(action_names(self._policy.action_frame, self._policy.layout))))
        held = touch.expand(1, left, -1)
        speeds = self._policy.decode(self.plan.content, held, self._next, self._state)[0][0]
        begun = left % self._fast
        parts = ([speeds[:begun]] if begun else []) + list(speeds[begun:].split(self._fast))
        return np.stack([self._together(part) for part in parts])
