"""The safety table in short form: simulated time, so that what takes 100 ms takes exactly that on every machine."""

from __future__ import annotations

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.core.safety import governor
from app.core.safety.reasons import Reason
from tests.faults import trials
from tests.faults.trials import HOME, LATE_ALLOWED, LIMITS, MS, Arm


def test_s1_nothing_moves_a_tenth_of_a_second_after_the_last_setpoint() -> None:
    verdict = trials.link_loss(60)
    assert verdict.failures == 0, max(verdict.times_ms)
    assert min(verdict.times_ms) > 60.0  # it is not that nothing moved


def test_s4_a_released_dead_man_stops_within_fifty_milliseconds() -> None:
    verdict = trials.release(60)
    assert verdict.failures == 0, max(verdict.times_ms)
    assert min(verdict.times_ms) > 0.0


def test_s5_after_a_loss_nothing_moves_without_a_new_press() -> None:
    assert trials.no_move_without_press(100).failures == 0


def test_s6_a_hundred_thousand_hostile_commands_break_no_limit() -> None:
    verdict = trials.hostile(100_000)
    assert verdict.trials == 100_000
    assert verdict.failures == 0


def test_s7_force_over_the_limit_is_yielded_to_at_once() -> None:
    assert trials.force(60).failures == 0


def test_s8_late_commands_are_told_at_one_percent_and_held_at_two() -> None:
    verdict = trials.punctuality(44)
    assert (verdict.trials, verdict.failures) == (44, 0)


def test_s10_one_holder_and_the_operator_wins() -> None:
    assert trials.two_sources(200).failures == 0


def test_s12_the_first_command_is_where_the_arm_is() -> None:
    assert trials.far_start(100).failures == 0


class Enabling(RuleBasedStateMachine):
    """S11: whatever happens in whatever order, nothing moves without lease, fresh press, fresh set-point, no fault.

    The model knows only what came in: it must forbid every motion that the governor makes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.arm = Arm(limits=LATE_ALLOWED)
        self.spent = self.known = 0
        self.token_ns = self.point_ns = -(10**18)

    @rule(steps=st.integers(1, 20))
    def wait(self, steps: int) -> None:
        for _ in range(steps):
            self.arm.tick()
            self._expire()

    @rule(press=st.booleans(), age_ms=st.integers(0, 90), x=st.floats(-0.05, 0.05))
    def send(self, press: bool, age_ms: int, x: float) -> None:
        if press:
            self.arm.press += 1
        goal = HOME + np.array([x, 0.03, 0, 0, 0, 0, 0])
        point = self.arm.point(goal, age_ms * MS)
        if self.arm.take(point) is Reason.NONE:
            self.point_ns = point.stamp_ns
            self.known = max(self.known, self.arm.press)
            if self.arm.press > self.spent:
                self.token_ns = max(self.token_ns, point.token_ns)

    @rule()
    def stop(self) -> None:
        self.arm.state = governor.stop(self.arm.state, Reason.STOPPED)
        self.spent = max(self.spent, self.known)

    @precondition(lambda self: self.arm.state.holder == "me")
    @rule()
    def release(self) -> None:
        self.arm.state = governor.release_lease(self.arm.state, "me")

    @rule()
    def lease(self) -> None:
        self.arm.state, _ = governor.take_lease(self.arm.state, "me", "operator", self.arm.now_ns)
        self.arm.seq += 1
        self.spent = self.known = 0
        self.token_ns = self.point_ns = -(10**18)

    @rule()
    def push(self) -> None:
        self.arm.force_n = LIMITS.force_n + 1
        self.arm.tick()
        self.arm.force_n = 0.0
        self.spent = max(self.spent, self.known)

    def _expire(self) -> None:
        """A stop by age spends the press, as the governor does."""
        state = self.arm.state
        self.spent = max(self.spent, state.spent_press)

    @invariant()
    def speeds_up_only_when_allowed(self) -> None:
        before = float(np.linalg.norm(self.arm.state.velocity))
        now = self.arm.now_ns + trials.TICK_NS
        may = (
            self.arm.state.holder == "me"
            and self.known > self.spent
            and now - self.token_ns <= LIMITS.token_expiry_ms * MS
            and now - self.point_ns <= LIMITS.setpoint_expiry_ms * MS
        )
        yielding = self.arm.state.yield_to is not None
        braking = self.arm.state.acceleration
        self.arm.tick()
        self._expire()
        after = float(np.linalg.norm(self.arm.state.velocity))
        if not may and not yielding:
            # what was speeding up may do so only while its acceleration is taken back at the limit of jerk
            carried = float(np.linalg.norm(braking)) * trials.DT_S
            assert after <= before + carried + 1e-9
            assert before > 0.0 or after == 0.0


TestEnabling = Enabling.TestCase
TestEnabling.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
