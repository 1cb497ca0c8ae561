"""Trials of the governor in simulated time: exact, fast, repeatable. Short in `make test`, in full in `make soak`.

Each function returns a `Verdict`; the numbers S1 to S12 are the names of the tests in the safety table.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field, replace

import msgspec
import numpy as np

from app.core.geometry import rotation_error
from app.core.rig import load_rig
from app.core.safety import governor
from app.core.safety.governor import Measured
from app.core.safety.limits import Limits
from app.core.safety.reasons import Reason
from app.core.safety.state import GovernorState
from app.core.wire.messages import SetPoint, Source

LIMITS: Limits = load_rig("sim/wipe").limits
LATE_ALLOWED = msgspec.structs.replace(LIMITS, late_hold=2.0)  # no share ends motion
HOME = np.array([0.5, 0.0, 0.2, 0.0, 1.0, 0.0, 0.0])
TICK_NS, PERIOD_NS = 4_000_000, 20_000_000
DT_S, TRACKING_S = 0.004, 0.02
MS = 1_000_000


@dataclass
class Verdict:
    """What a number of trials came to: how many, how many failed, and the times that were measured, ms.

    `void` counts those that did not count, because nothing moved at the moment of the fault.
    """

    trials: int = 0
    failures: int = 0
    void: int = 0
    times_ms: list[float] = field(default_factory=list)

    def note(self, good: bool, time_ms: float | None = None) -> None:
        """Count one trial."""
        self.trials += 1
        self.failures += not good
        if time_ms is not None:
            self.times_ms.append(time_ms)

    def percentile(self, share: float) -> float:
        """Return a percentile of the times; NaN without any."""
        return float(np.percentile(self.times_ms, share)) if self.times_ms else math.nan


class Arm:
    """A governor with an ideal arm behind it (it is where it was told to be), in simulated time."""

    def __init__(
        self, source: Source = "operator", now_ns: int = 1_000_000_000, limits: Limits = LIMITS
    ) -> None:
        self.limits = limits
        self.now_ns, self.seq, self.press = now_ns, 0, 1
        self.state, _ = governor.take_lease(GovernorState.at(HOME, 0.04), "me", source, now_ns)
        self.reasons, self.force_n = Reason.NONE, 0.0

    @property
    def moving(self) -> bool:
        """Whether any velocity is commanded."""
        return bool(np.any(self.state.velocity != 0.0) or np.any(self.state.angular_velocity != 0.0))

    def pose(self) -> np.ndarray:
        """Return the commanded pose (7,)."""
        return np.concatenate([self.state.position, self.state.quaternion])

    def point(self, goal: np.ndarray, age_ns: int = 0) -> SetPoint:
        """Return the next set-point of an operator who holds the present press."""
        self.seq += 1
        stamp = self.now_ns - age_ns
        row = tuple(float(x) for x in goal)
        return SetPoint(1, "me", self.state.source, self.seq, stamp, stamp, self.press, -1, row, 0.04)

    def take(self, point: SetPoint) -> Reason:
        """Let a set-point arrive now."""
        self.state, reason = governor.accept(self.state, point, self.now_ns, self.limits)
        return reason

    def tick(self, count: int = 1) -> None:
        """Let governor periods pass."""
        for _ in range(count):
            self.now_ns += TICK_NS
            measured = Measured(self.pose(), self.state.gripper, self.force_n)
            self.state, self.reasons = governor.advance(
                self.state, measured, self.now_ns, DT_S, TRACKING_S, self.limits
            )

    def drive(self, chance: random.Random, periods: int) -> None:
        """Move towards random goals for a while, then full speed in one direction, with some turning."""
        goal = HOME.copy()
        away = np.array([chance.uniform(-1, 1) for _ in range(3)])
        away /= np.linalg.norm(away)
        for _ in range(periods):
            goal[:3] = self.state.position + 0.05 * away
            goal[3:] = (math.sin(0.1), math.cos(0.1), 0.0, 0.0) if chance.random() < 0.5 else HOME[3:]
            self.take(self.point(goal))
            self.tick(5)

    def rest_after(self, limit_ms: float = 1000.0) -> float:
        """Let time pass until nothing is commanded to move; returns how long that took, ms."""
        begun, last = self.now_ns, self.now_ns
        while self.now_ns - begun < limit_ms * MS:
            self.tick()
            if self.moving:
                last = self.now_ns
            elif self.now_ns - last > 20 * MS:
                break
        return (last + TICK_NS - begun) / MS if last > begun else 0.0


def link_loss(count: int, seed: int = 1) -> Verdict:
    """S1: set-points stop coming in the middle of a motion; time until nothing moves."""
    verdict, chance = Verdict(), random.Random(seed)
    for _ in range(count):
        arm = Arm()
        arm.drive(chance, chance.randint(10, 25))
        arm.take(arm.point(arm.pose() + np.array([0.05, 0, 0, 0, 0, 0, 0]), chance.randrange(0, 3 * MS)))
        was_moving = arm.moving
        time_ms = arm.rest_after()
        verdict.note(was_moving and time_ms <= 100.0, time_ms)
    return verdict


def release(count: int, seed: int = 2) -> Verdict:
    """S4, from the governor on: the dead-man is released ("no target"); time until nothing moves."""
    verdict, chance = Verdict(), random.Random(seed)
    for _ in range(count):
        arm = Arm()
        arm.drive(chance, chance.randint(10, 25))
        arm.take(replace_point(arm.point(HOME), pose=None, token_ns=0))
        time_ms = arm.rest_after()
        verdict.note(time_ms <= 50.0, time_ms)
    return verdict


def replace_point(point: SetPoint, **changes: object) -> SetPoint:
    """Return a set-point with some fields changed."""
    return SetPoint(**{**{name: getattr(point, name) for name in point.__struct_fields__}, **changes})


def no_move_without_press(count: int, seed: int = 3) -> Verdict:
    """S5: after a loss the link comes back with stale, fresh and reordered commands of the same press."""
    verdict, chance = Verdict(), random.Random(seed)
    for _ in range(count):
        arm = Arm()
        arm.drive(chance, chance.randint(5, 12))
        far = arm.pose() + np.array([0.04, 0.02, 0, 0, 0, 0, 0])
        queued = [arm.point(far, chance.randrange(0, 80 * MS)) for _ in range(chance.randint(1, 8))]
        arm.tick(40)
        place = arm.pose()
        queued += [arm.point(far) for _ in range(5)]
        chance.shuffle(queued)
        for point in queued:
            arm.take(point)
            arm.tick(chance.randint(1, 5))
        still = bool(np.all(arm.pose() == place)) and not arm.moving
        arm.press += 1
        arm.take(arm.point(far))
        arm.tick(3)
        verdict.note(still and arm.moving)
    return verdict


def hostile(count: int, seed: int = 4) -> Verdict:
    """S6: random commands of every wrong kind; a failure is any output that breaks a limit."""
    verdict, chance = Verdict(), random.Random(seed)
    arm = Arm(limits=LATE_ALLOWED)
    odd = (math.nan, math.inf, -math.inf, 1e300, -1e9, 5e-324, 0.0)
    for number in range(count):
        if number % 500 == 0:
            arm = Arm(now_ns=arm.now_ns, limits=LATE_ALLOWED)
        pose: list[float] = [chance.uniform(-1, 1) for _ in range(3)]
        turn = np.array([chance.gauss(0, 1) for _ in range(4)])
        pose += list(turn / np.linalg.norm(turn))
        if chance.random() < 0.2:
            pose[chance.randrange(7)] = chance.choice(odd)
        if chance.random() < 0.02:
            pose = pose[: chance.randrange(9)]
        stamp = arm.now_ns + chance.randrange(-90, 20) * MS
        arm.press += chance.random() < 0.05
        arm.take(
            SetPoint(1, chance.choice(("me", "me", "me", "you")), "operator", number + chance.randrange(-3, 2),
                     stamp, arm.now_ns - chance.randrange(-20, 90) * MS, arm.press - chance.randrange(2), -1,
                     tuple(pose) if chance.random() < 0.97 else None,
                     chance.choice((0.04, 9.0, -1.0, math.nan)))
        )  # fmt: skip
        arm.force_n = chance.choice((0.0, 5.0, 30.0)) if chance.random() < 0.995 else 60.0
        before = arm.state
        arm.tick()
        verdict.note(within_limits(before, arm.state))
    return verdict


def within_limits(before: GovernorState, after: GovernorState) -> bool:
    """Whether one governor period kept every limit of its output."""
    speed, turning = np.linalg.norm(after.velocity), np.linalg.norm(after.angular_velocity)
    change = float(np.linalg.norm(after.velocity - before.velocity))
    jerk = float(np.linalg.norm(after.acceleration - before.acceleration))
    twist = float(np.linalg.norm(after.angular_velocity - before.angular_velocity))
    return bool(
        np.isfinite([*after.position, *after.quaternion, after.gripper]).all()
        and np.all(after.position >= np.array(LIMITS.box_min_m) - 1e-9)
        and np.all(after.position <= np.array(LIMITS.box_max_m) + 1e-9)
        and speed <= LIMITS.speed_m_s + 1e-9
        and np.linalg.norm(after.position - before.position) <= LIMITS.speed_m_s * DT_S + 1e-9
        and change <= LIMITS.acceleration_m_s2 * DT_S + 1e-9
        and (jerk <= LIMITS.jerk_m_s3 * DT_S + 1e-6 or speed >= LIMITS.speed_m_s - 1e-9)
        and turning <= LIMITS.angular_speed_rad_s + 1e-9
        and twist <= LIMITS.angular_acceleration_rad_s2 * DT_S + 1e-9
        and np.linalg.norm(rotation_error(after.quaternion, before.quaternion)) <= turning * DT_S + 1e-6
        and LIMITS.gripper_min_m <= after.gripper <= LIMITS.gripper_max_m
    )


def force(count: int, seed: int = 5) -> Verdict:
    """S7: the force rises over the limit; the period of the first sample over it yields, tells and disarms."""
    verdict, chance = Verdict(), random.Random(seed)
    for _ in range(count):
        arm = Arm()
        arm.drive(chance, chance.randint(5, 15))
        rise = chance.uniform(0.5, 20.0)
        while arm.force_n <= LIMITS.force_n:
            arm.force_n += rise
            arm.take(arm.point(arm.pose() + np.array([0, 0, -0.05, 0, 0, 0, 0])))
            arm.tick()
        told = bool(arm.reasons & Reason.FORCE)
        contact = arm.pose()
        arm.force_n = 0.0
        arm.tick(50)
        near = float(np.linalg.norm(arm.state.position - contact[:3])) < 0.01
        verdict.note(told and near and arm.state.spent_press == arm.press)
    return verdict


def two_sources(count: int, seed: int = 6) -> Verdict:
    """S10: an operator, a policy and a second client want the arm; one holder, the operator at once, others unheard."""
    verdict, chance = Verdict(), random.Random(seed)
    people: tuple[tuple[str, Source], ...] = (("hand", "operator"), ("net", "policy"), ("other", "policy"))
    for _ in range(count):
        arm, good = Arm("policy"), True
        for step in range(30):
            holder, source = chance.choice(people)
            if chance.random() < 0.4:
                before = arm.state.source
                arm.state, granted = governor.take_lease(arm.state, holder, source, arm.now_ns)
                good &= granted or before == "operator" or source != "operator"
                good &= not granted or arm.state.holder == holder
            elif chance.random() < 0.1:
                arm.state = governor.release_lease(arm.state, holder)
            point = replace_point(arm.point(HOME), holder=holder, source=source, seq=1000 + step)
            reason = arm.take(point)
            good &= (reason is Reason.NONE) == (arm.state.holder == holder)
            arm.tick()
        verdict.note(good)
    return verdict


def far_start(count: int, seed: int = 7) -> Verdict:
    """S12: the arm was moved while nobody held it; the first command is where the arm is, ± 1 mm and 0.5°."""
    verdict, chance = Verdict(), random.Random(seed)
    for _ in range(count):
        arm = Arm()
        moved = HOME.copy()
        moved[:3] += [chance.choice((-1, 1)) * chance.uniform(0.03, 0.15) for _ in range(3)]
        arm.take(arm.point(HOME))
        arm.now_ns += TICK_NS
        first, _ = governor.advance(
            arm.state, Measured(moved, 0.04, 0.0), arm.now_ns, DT_S, TRACKING_S, LIMITS
        )
        off_m = float(np.linalg.norm(first.position - moved[:3]))
        off_rad = float(np.linalg.norm(rotation_error(first.quaternion, moved[3:])))
        verdict.note(off_m <= 1e-3 and off_rad <= math.radians(0.5))
    return verdict


def punctuality(count: int, seed: int = 8) -> Verdict:
    """S8: 0 to 10 % of the set-points of a second come late; told at 1 %, held at 2 %, and only a new press goes on.

    The oracle counts what came in the last second by itself. Late ones are 51 to 90 ms old, some of them refused.
    """
    verdict, chance = Verdict(), random.Random(seed)
    for number in range(count):
        arm, good = Arm(), True
        came: list[tuple[int, bool]] = []
        arm.tick(25)  # so that no late one is of before the lease
        arm.take(arm.point(HOME))  # the one that begins a press begins the count
        share = (number % 11) / 100.0
        for step in range(300):
            late = chance.random() < share
            came = [item for item in came if arm.now_ns - item[0] < 1000 * MS]
            aside = np.array([0.0, 0.03 * math.sin(step / 20.0), 0, 0, 0, 0, 0])
            hold = False
            for is_late in (
                (True, False) if late else (False,)
            ):  # one in time follows, so that nothing expires
                arm.take(arm.point(HOME + aside, chance.randrange(51, 90) * MS if is_late else 0))
                came.append((arm.now_ns, is_late))
                bad = sum(was_late for _, was_late in came)
                hold |= bad >= 2 and bad / len(came) >= LIMITS.late_hold
            told = bad > 0 and bad / len(came) >= LIMITS.late_warn
            arm.tick(2)
            if hold:
                good &= bool(arm.reasons & Reason.TOO_LATE) and arm.state.spent_press == arm.press
                break
            good &= bool(arm.reasons & Reason.LATE) == told and arm.state.spent_press < arm.press
        if arm.state.spent_press == arm.press:
            good &= share > 0.0 and rearms_only_by_a_press(arm)
        verdict.note(good)
    return verdict


def rearms_only_by_a_press(arm: Arm) -> bool:
    """Whether an arm that was stopped stays so under the same press, and moves under the next."""
    arm.tick(40)
    moved = []
    for _ in range(2):
        before = arm.pose()
        for _ in range(10):
            arm.take(arm.point(arm.pose() + np.array([0.0, 0.0, 0.02, 0, 0, 0, 0])))
            arm.tick(2)
        moved.append(float(np.linalg.norm(arm.pose()[:3] - before[:3])))
        arm.press += 1
    return moved[0] == 0.0 and moved[1] > 1e-3


def with_state(arm: Arm, **changes: object) -> Arm:
    """Change an arm's governor state; for tests of the machine."""
    arm.state = replace(arm.state, **changes)  # type: ignore[arg-type]
    return arm
