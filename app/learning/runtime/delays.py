"""How old what the policy acts on really is: ages of plans and of touch, and gaps between steps, over one episode.

All in session time, so that a lock-step rollout tells the simulated delays and a real one the real ones.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from app.learning.runtime.planner import Plan

KEPT = 60_000  # steps: ten minutes at 100 Hz; a longer episode is told by its end
NS_PER_MS = 1e6
NAMES = ("plan_ready", "plan_used", "wrench_age", "field_age", "step_gap")
FOLLOWED = ("wrench", "field")
LATE = 1.5  # periods: a step that comes later after the one before it has missed its time


class Delays:
    """Collects the delays of an episode.

    plan_ready: from the observation of a plan until it was computed. plan_used: until its first action was asked for.
    wrench_age, field_age: age of the newest sample at each step. step_gap: from a step to the next.
    wrench_followed, field_followed: how often per second a step had a newer sample than the step before it. A loop
    that ticks faster than its touch comes, or touch that comes in bursts, shows there.

    Args:
        period_ns: From a step to the next, as planned; 0 where no step can be late.

    Attributes:
        touch_ms: Age of the newest touch of either kind at the newest step.
    """

    def __init__(self, period_ns: int = 0) -> None:
        self.begin(period_ns)

    def begin(self, period_ns: int = 0) -> None:
        """Forget the last episode."""
        self._period_ns = period_ns
        self._values: dict[str, deque[float]] = {name: deque(maxlen=KEPT) for name in NAMES}
        self._fresh: dict[str, deque[bool]] = {name: deque(maxlen=KEPT) for name in FOLLOWED}
        self._last_ns: int | None = None
        self._felt_ns = (0, 0)
        self.touch_ms = 0.0

    def step(self, now_ns: int, wrench_ns: int, field_ns: int) -> None:
        """Note a step of the decoder, with the stamps of the newest touch."""
        self.touch_ms = (now_ns - max(wrench_ns, field_ns)) / NS_PER_MS
        self._note("wrench_age", now_ns - wrench_ns)
        self._note("field_age", now_ns - field_ns)
        if self._last_ns is not None:
            self._note("step_gap", now_ns - self._last_ns)
            for name, stamp, before in zip(FOLLOWED, (wrench_ns, field_ns), self._felt_ns, strict=True):
                self._fresh[name].append(stamp > before)
        self._last_ns, self._felt_ns = now_ns, (wrench_ns, field_ns)

    def pause(self) -> None:
        """The policy does not act now: what passes until the next step is no gap between two."""
        self._last_ns = None

    def used(self, plan: Plan, now_ns: int) -> None:
        """Note that a plan is used for the first time."""
        self._note("plan_ready", plan.ready_ns - plan.begins_ns)
        self._note("plan_used", now_ns - plan.begins_ns)

    def _note(self, name: str, span_ns: int) -> None:
        self._values[name].append(span_ns / NS_PER_MS)

    def report(self) -> dict[str, float]:
        """Return NAME_p50_ms, NAME_p99_ms, NAME_max_ms of what was met, how many steps and plans, and the rates.

        Rates: steps_hz, wrench_followed_hz, field_followed_hz. late_share: steps that came more than `LATE` periods
        after the one before, over all.
        """
        told: dict[str, float] = {
            "steps": len(self._values["wrench_age"]), "plans": len(self._values["plan_used"])
        }  # fmt: skip
        for name, values in self._values.items():
            if values:
                p50, p99 = np.percentile(values, (50, 99))
                told |= {f"{name}_p50_ms": round(float(p50), 3), f"{name}_p99_ms": round(float(p99), 3)}
                told[f"{name}_max_ms"] = round(max(values), 3)
        return told | self._rates()

    def _rates(self) -> dict[str, float]:
        gaps = self._values["step_gap"]
        if not gaps:
            return {}
        seconds = sum(gaps) / 1000.0
        counts = {
            "steps_hz": len(gaps),
            **{f"{name}_followed_hz": sum(self._fresh[name]) for name in FOLLOWED},
        }
        told = {name: round(count / seconds, 2) if seconds > 0.0 else 0.0 for name, count in counts.items()}
        if self._period_ns:
            limit_ms = LATE * self._period_ns / NS_PER_MS
            told["late_share"] = round(sum(gap > limit_ms for gap in gaps) / len(gaps), 5)
        return told
